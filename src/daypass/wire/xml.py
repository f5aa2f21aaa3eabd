"""Answers as AWS's XML: two-space indentation, newlines, no declaration, nothing for what is absent.

Writers are compiled once per shape and depth, so that an answer is mostly ready-made text. What has no content is one
empty element (``<Tags/>``). Byte forms: STS answers observed 2026; IAM policy documents: RFC 3986 section 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from daypass.wire.model import OperationShape, Ref, Shape, Table
from daypass.wire.scalars import text_of

Write = Callable[[list[str], Any], None]
"""Append the lines of one value to the parts."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
# Characters that XML 1.0 (section 2.2) cannot carry at all, not even as references.
_NOT_XML = dict.fromkeys(
    [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd"
)
_TRANSLATION = str.maketrans(_ESCAPES) | _NOT_XML

_RESERVED = re.compile(r"[^A-Za-z0-9\-._~]+")


def escaped(text: str) -> str:
    """``text`` as XML character data. What XML cannot carry becomes U+FFFD."""
    # Nothing that a client sent may end an element early; guarded by
    # tests/wire/test_xml.py::test_any_text_comes_back_from_an_xml_parser_as_it_was.
    if text.isprintable() and not ("&" in text or "<" in text or ">" in text):
        return text
    return text.translate(_TRANSLATION)


def percent_encoded(text: str) -> str:
    """``text`` percent-encoded: unreserved characters stay, a space is ``%20``."""
    return _RESERVED.sub(lambda run: "%" + run[0].encode().hex("%").upper(), text)


class OutputWriter:
    """Writes the success answer of one operation."""

    def __init__(self, table: Table, name: str, operation: OperationShape) -> None:
        self.head = f'<{name}Response xmlns="{table.namespace}">\n'
        self.tail = f"</RequestId>\n  </ResponseMetadata>\n</{name}Response>\n"
        writers = _Writers(table)
        self._write = writers.element(Ref(operation.output), operation.wrapper, 1) if operation.output else None

    def __call__(self, result: Mapping[str, Any], request_id: str) -> bytes:
        """The body. ``request_id`` is trusted text."""
        parts = [self.head]
        if self._write is not None:
            self._write(parts, result)
        parts += ("  <ResponseMetadata>\n    <RequestId>", request_id, self.tail)
        return "".join(parts).encode()


class _Writers:
    """Compiles writers; structures are compiled at first use, so recursive shapes end where the value ends."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def element(self, ref: Ref, tag: str, depth: int) -> Write:
        """A writer of the element ``tag`` at ``depth``, for values of the shape that ``ref`` uses."""
        shape = self._table.shape(ref)
        match shape.type:
            case "structure":
                return self._structure(shape, tag, depth)
            case "list":
                return self._list(ref, shape, tag, depth)
            case "map":
                return self._map(ref, shape, tag, depth)
            case "string":
                return _string(shape, tag, depth)
            case _:
                return _other(shape.type, ref.timestamp_format or shape.timestamp_format, tag, depth)

    def _structure(self, shape: Shape, tag: str, depth: int) -> Write:
        start, end, empty = _tags(tag, depth)
        members: list[tuple[str, Write]] = []

        def write(parts: list[str], value: Mapping[str, Any]) -> None:
            if not members:
                members.extend(self._members(shape, depth + 1))
            before = len(parts)
            parts.append(start)
            get = value.get
            for name, write_member in members:
                item = get(name)
                if item is not None:
                    write_member(parts, item)
            if len(parts) == before + 1:
                parts[before] = empty
            else:
                parts.append(end)

        return write

    def _members(self, shape: Shape, depth: int) -> list[tuple[str, Write]]:
        names = [*shape.order, *(name for name in shape.members if name not in shape.order)]
        members = ((name, shape.members[name]) for name in names)
        return [(name, self.element(ref, ref.location_name or name, depth)) for name, ref in members]

    def _list(self, ref: Ref, shape: Shape, tag: str, depth: int) -> Write:
        assert shape.member is not None
        if shape.flattened or ref.flattened:
            write_item = self.element(shape.member, tag, depth)
            return lambda parts, items: _each(write_item, parts, items)
        write_item = self.element(shape.member, shape.member.location_name or "member", depth + 1)
        start, end, empty = _tags(tag, depth)

        def write(parts: list[str], items: Any) -> None:
            if not items:
                parts.append(empty)
                return
            parts.append(start)
            _each(write_item, parts, items)
            parts.append(end)

        return write

    def _map(self, ref: Ref, shape: Shape, tag: str, depth: int) -> Write:
        flat = shape.flattened or ref.flattened
        write_entry = self._entry(shape, tag if flat else "entry", depth if flat else depth + 1)
        start, end, empty = _tags(tag, depth)

        def write(parts: list[str], items: Mapping[str, Any]) -> None:
            if not items and not flat:
                parts.append(empty)
                return
            parts += () if flat else (start,)
            for item in items.items():
                write_entry(parts, item)
            parts += () if flat else (end,)

        return write

    def _entry(self, shape: Shape, tag: str, depth: int) -> Write:
        assert shape.key is not None
        assert shape.value is not None
        start, end, _ = _tags(tag, depth)
        write_key = self.element(shape.key, shape.key.location_name or "key", depth + 1)
        write_value = self.element(shape.value, shape.value.location_name or "value", depth + 1)

        def write(parts: list[str], item: tuple[str, Any]) -> None:
            parts.append(start)
            write_key(parts, item[0])
            write_value(parts, item[1])
            parts.append(end)

        return write


def _tags(tag: str, depth: int) -> tuple[str, str, str]:
    """The lines that open, close and stand for an empty element."""
    indent = "  " * depth
    return f"{indent}<{tag}>\n", f"{indent}</{tag}>\n", f"{indent}<{tag}/>\n"


def _each(write_item: Write, parts: list[str], items: Any) -> None:
    for item in items:
        write_item(parts, item)


def _string(shape: Shape, tag: str, depth: int) -> Write:
    start, end, empty = f"{'  ' * depth}<{tag}>", f"</{tag}>\n", f"{'  ' * depth}<{tag}/>\n"
    encode = percent_encoded if shape.percent_encoded else escaped
    plain = shape.plain

    def write(parts: list[str], text: str) -> None:
        # ``plain``: text of our own making, long and without control characters; markup is still looked for.
        if not plain or "&" in text or "<" in text or ">" in text:
            text = encode(text)
        parts.append(f"{start}{text}{end}" if text else empty)

    return write


def _other(kind: str, timestamp_format: str, tag: str, depth: int) -> Write:
    start, end, empty = f"{'  ' * depth}<{tag}>", f"</{tag}>\n", f"{'  ' * depth}<{tag}/>\n"
    to_text = text_of(kind, timestamp_format)

    def write(parts: list[str], value: Any) -> None:
        text = to_text(value)
        parts.append(f"{start}{text}{end}" if text else empty)

    return write
