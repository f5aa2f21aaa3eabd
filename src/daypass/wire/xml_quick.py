"""Success answers of few and plain values, written by one generated function per operation.

``xml`` walks members and calls a writer for each; three quarters of what that costs is calls and loops, and an answer
of AssumeRole is written several thousand times a second (measured: 555 executed bytecodes there, under 200 here). So
the walk is done once, here, into Python source that is one straight run of lookups and one text.

The generated function writes strings, numbers and times in structures that are there, and nothing else. Whatever is
unusual (a list, an empty text, a structure left out, a character that needs escaping) is handed whole to ``xml``, which
alone knows how to escape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from daypass.wire.generate import generated
from daypass.wire.model import OperationShape, Ref, Shape, Table
from daypass.wire.scalars import text_of

Answer = Callable[[Mapping[str, Any], str], bytes]
"""The body for a result and a request id, which is trusted text."""

_DEPTH = 4  # structures inside each other; deeper ones are left to ``xml``
_UNUSUAL = "return plain(result, request_id)"


def quick_writer(table: Table, name: str, operation: OperationShape, head: str, tail: str, plain: Answer) -> Answer:
    """A function with the answers of ``plain``, quicker for usual ones; ``plain`` itself where there are none.

    ``head`` and ``tail`` are what ``plain`` writes before the result and after the request id.
    """
    shape = table.shapes[operation.output] if operation.output else None
    if shape is None or any(table.shape(ref).type in ("list", "map") for ref in shape.members.values()):
        return plain
    source = _Source(table, plain)
    body = source.structure(shape, operation.wrapper, 1, "result")
    source.check()
    text = [repr(head), *body, repr("  <ResponseMetadata>\n    <RequestId>"), _value("request_id"), repr(tail)]
    lines = [*source.lines, f"return ({' '.join(text)}).encode()"]
    return generated(f"{table.service}.{name}", "result, request_id", lines, source.names)


def _value(expression: str) -> str:
    """The piece of an f-string that holds a value."""
    return f"f'{{{expression}}}'"


class _Source:
    """The lines of one function in the making. Pieces are string literals that Python joins when it compiles."""

    def __init__(self, table: Table, plain: Answer) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"plain": plain}
        self._table = table
        self._count = 0
        self._texts: list[str] = []
        self._printable: list[str] = []  # text of our own making (``Shape.plain``): only markup is looked for

    def structure(self, shape: Shape, tag: str, depth: int, value: str) -> list[str]:
        """Add the lines that look at the structure ``value``; the pieces of its element."""
        get, indent = self._new(), "  " * depth
        self.lines.append(f"{get} = {value}.get")
        order = [*shape.order, *(name for name in shape.members if name not in shape.order)]
        members = [(name, shape.members[name], self._new()) for name in order]
        self.lines += [f"{variable} = {get}({name!r})" for name, _, variable in members]
        needed = [variable for name, ref, variable in members if self._is_needed(shape, name, ref, depth)]
        if needed:
            self.lines.append(f"if not ({' and '.join(needed)}): {_UNUSUAL}")
        pieces: list[str] = []
        for name, ref, variable in members:
            pieces += self._member(ref, ref.location_name or name, depth + 1, variable, needed=variable in needed)
        if not needed:
            self.lines.append(f"if not ({' '.join(pieces) or repr('')}): {_UNUSUAL}")
        return [repr(f"{indent}<{tag}>\n"), *pieces, repr(f"{indent}</{tag}>\n")]

    def check(self) -> None:
        """Add the one look at all texts: nothing in them may need escaping."""
        if not self._texts and not self._printable:
            return
        self.lines.append(f"texts = {' '.join(map(_value, self._texts)) or repr('')}")
        self.lines.append(f"everything = {' '.join(map(_value, ['texts', *self._printable]))}")
        self.lines.append(
            "if not texts.isprintable() or '&' in everything or '<' in everything or '>' in everything: " + _UNUSUAL
        )

    def _new(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _is_needed(self, shape: Shape, name: str, ref: Ref, depth: int) -> bool:
        """Whether an answer without this member is unusual."""
        kind = self._table.shape(ref).type
        return (kind == "structure" and depth < _DEPTH) or (name in shape.required and kind in ("string", "timestamp"))

    def _member(self, ref: Ref, tag: str, depth: int, variable: str, *, needed: bool) -> list[str]:
        shape = self._table.shape(ref)
        if shape.type == "structure" and needed:
            return self.structure(shape, tag, depth, variable)
        if shape.type in ("structure", "list", "map", "blob") or shape.percent_encoded:
            self.lines.append(f"if {variable} is not None: {_UNUSUAL}")
            return []
        start, end = repr(f"{'  ' * depth}<{tag}>"), repr(f"</{tag}>\n")
        if shape.type == "string":
            (self._printable if shape.plain else self._texts).append(variable)
            line = f"{start} {_value(variable)} {end}"
            return [line] if needed else self._optional_text(variable, line)
        to_text = self._new()
        self.names[to_text] = text_of(shape.type, ref.timestamp_format or shape.timestamp_format)
        line = f"{start} {_value(f'{to_text}({variable})')} {end}"
        return [line] if needed else self._optional(variable, line)

    def _optional_text(self, variable: str, line: str) -> list[str]:
        piece = self._new()
        self.lines += [
            f"if {variable} is None: {variable} = {piece} = ''",
            f"elif {variable}: {piece} = {line}",
            f"else: {_UNUSUAL}",
        ]
        return [_value(piece)]

    def _optional(self, variable: str, line: str) -> list[str]:
        piece = self._new()
        self.lines.append(f"{piece} = '' if {variable} is None else {line}")
        return [_value(piece)]
