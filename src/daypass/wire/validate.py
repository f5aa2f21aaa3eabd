"""The model's constraints: a quick yes or no for every request, and AWS's words for the ones that break them.

Two readings of the same shapes: ``Acceptors`` are compiled once and run on every request; ``findings`` walks values
and shapes only after an acceptor has said no, and produces all clauses of the one ``ValidationError``. They must
agree (tests/wire/test_validate.py::test_acceptors_and_findings_agree).

Texts: STS API answers (with the offending value) and IAM API answers (without). Lengths count Unicode scalar values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from daypass.errors import ValidationError
from daypass.wire.model import Shape, Table
from daypass.wire.patterns import matcher, sized_matcher

Accepts = Callable[[Any], object]
"""True (or anything true) when a value satisfies its shape."""

ECHO_LIMIT = 16_384
"""Characters of an offending value that an error text shows. AWS was seen to show 2,049 in full; larger is unknown."""

FINDINGS_LIMIT = 100
"""Clauses in one error; no model has more constraints that a client could break by mistake."""

_UNBOUNDED = 1 << 62


def camel(member: str) -> str:
    """A member as error texts and audit records spell it: ``roleArn``, ``sAMLAssertion``."""
    return member[:1].lower() + member[1:]


def shown(value: str) -> str:
    """A client's text, cut for showing it back."""
    return value if len(value) <= ECHO_LIMIT else value[:ECHO_LIMIT] + "…"


# ── Quick: compiled, run on every request ────────────────────────────────────────────────────────────


class Acceptors:
    """Compiled checks by shape name; None where a shape has nothing to check. Recursion goes as deep as the value."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._made: dict[str, Accepts | None] = {}

    def get(self, name: str) -> Accepts | None:
        """The check for shape ``name``."""
        if name not in self._made:
            self._made[name] = partial(self._accepts, name)  # for a shape that holds its own kind
            self._made[name] = self._compile(self._table.shapes[name])
        return self._made[name]

    def _accepts(self, name: str, value: Any) -> object:
        accepts = self.get(name)
        return accepts is None or accepts(value)

    def _compile(self, shape: Shape) -> Accepts | None:
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case "string":
                return _string(shape)
            case "integer" | "long" | "float" | "double":
                return _number(shape)
            case _:
                return None

    def _structure(self, shape: Shape) -> Accepts | None:
        checks = {name: check for name, ref in shape.members.items() if (check := self.get(ref.shape)) is not None}
        required = frozenset(shape.required)
        if not checks and not required:
            return None

        def accepts(value: Mapping[str, Any]) -> bool:
            for name, item in value.items():
                if name in checks and not checks[name](item):
                    return False
            return required <= value.keys()

        return accepts

    def _list(self, shape: Shape) -> Accepts | None:
        assert shape.member is not None
        low, high, check = shape.min or 0, _or_unbounded(shape.max), self.get(shape.member.shape)
        if check is None:
            return None if shape.min is None and shape.max is None else lambda value: low <= len(value) <= high
        return lambda value: low <= len(value) <= high and all(map(check, value))

    def _map(self, shape: Shape) -> Accepts | None:
        assert shape.key is not None
        assert shape.value is not None
        low, high = shape.min or 0, _or_unbounded(shape.max)
        keys = self.get(shape.key.shape) or anything
        values = self.get(shape.value.shape) or anything
        return lambda value: low <= len(value) <= high and all(map(keys, value)) and all(map(values, value.values()))


def anything(_: object) -> bool:
    """The check of what has no constraint."""
    return True


def _or_unbounded(limit: int | None) -> int:
    return _UNBOUNDED if limit is None else limit


def _string(shape: Shape) -> Accepts | None:
    low, high, pattern = shape.min or 0, _or_unbounded(shape.max), shape.match or shape.pattern
    if shape.enum:
        allowed = frozenset(shape.enum)
        return lambda value: value in allowed
    if pattern:
        return sized_matcher(pattern, low, shape.max)
    return None if low == 0 and high == _UNBOUNDED else lambda value: low <= len(value) <= high


def _number(shape: Shape) -> Accepts | None:
    if shape.min is None and shape.max is None:
        return None
    low, high = -_UNBOUNDED if shape.min is None else shape.min, _or_unbounded(shape.max)
    return lambda value: low <= value <= high


# ── Slow: words for what is wrong ────────────────────────────────────────────────────────────────────


def refusal(table: Table, shape: Shape, params: Mapping[str, Any]) -> ValidationError:
    """The error for ``params`` that an acceptor has refused: all clauses, or the one sentence where AWS has its own."""
    walk = _Walk(table)
    for clause in walk.structure(shape, params, ""):
        walk.clauses.append(clause)
        if len(walk.clauses) == FINDINGS_LIMIT:
            break
    if not walk.clauses:
        return ValidationError(walk.sentences[0])
    count = len(walk.clauses)
    return ValidationError(f"{count} validation error{'s' * (count > 1)} detected: {'; '.join(walk.clauses)}")


def constraints(shape: Shape, *, enum_values: bool) -> list[str]:
    """All constraints of a list's or map's scalar element, in AWS's words and order."""
    found = [f"Member must have {text}" for _, text in _bounds(shape)]
    if shape.pattern:
        found.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    if shape.enum:
        found.append(_enum_text(shape, enum_values=enum_values))
    return [*found, "Member must not be null"]


def _bounds(shape: Shape) -> Iterator[tuple[Callable[[Any], bool], str]]:
    """Upper bound, then lower: whether a value keeps it, and its words."""
    number = shape.type not in ("string", "list", "map", "blob")
    what, size = ("value", lambda value: value) if number else ("length", len)
    if (high := shape.max) is not None:
        yield lambda value: size(value) <= high, f"{what} less than or equal to {high}"
    if (low := shape.min) is not None:
        yield lambda value: size(value) >= low, f"{what} greater than or equal to {low}"


def _enum_text(shape: Shape, *, enum_values: bool) -> str:
    values = f": [{', '.join(shape.enum)}]" if enum_values else ""
    return f"Member must satisfy enum value set{values}"


class _Walk:
    """One walk over the values of one refused request."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.clauses: list[str] = []
        self.sentences: list[str] = []

    def structure(self, shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
        for name, ref in shape.members.items():
            place = path + camel(name)
            if name in value:
                yield from self.value(self.table.shape(ref), value[name], place)
            elif name in shape.required:
                yield self._clause(None, None, place, "Member must not be null")

    def value(self, shape: Shape, value: Any, path: str) -> Iterator[str]:
        if shape.type == "structure":
            yield from self.structure(shape, value, path + ".")
            return
        for keeps, text in _bounds(shape):
            if not keeps(value):
                yield self._clause(shape, value, path, f"Member must have {text}")
        if shape.type == "string":
            yield from self._text(shape, value, path)
        elif shape.type == "list":
            yield from self._list(shape, value, path)
        elif shape.type == "map":
            yield from self._map(shape, value, path)

    def _text(self, shape: Shape, value: str, path: str) -> Iterator[str]:
        pattern = shape.match or shape.pattern
        # A value that is far too long has its clause already; the slowest patterns would take seconds over megabytes.
        judged = shape.max is None or len(value) <= max(shape.max, ECHO_LIMIT)
        if pattern and judged and not matcher(pattern)(value):
            if shape.refusal:
                self.sentences.append(shape.refusal.format(member=path))
            else:
                constraint = f"Member must satisfy regular expression pattern: {shape.pattern}"
                yield self._clause(shape, value, path, constraint)
        if shape.enum and value not in shape.enum:
            yield self._clause(shape, value, path, _enum_text(shape, enum_values=self.table.echo))

    def _list(self, shape: Shape, items: list[Any], path: str) -> Iterator[str]:
        assert shape.member is not None
        if shape.max is not None and len(items) > shape.max:
            return  # already said; its elements would only make the answer longer
        element = self.table.shape(shape.member)
        if element.type in ("structure", "list", "map"):
            for number, item in enumerate(items, 1):
                yield from self.value(element, item, f"{path}.{number}.member")
        elif not all(self._keeps(element, item) for item in items):
            yield self._clause(shape, items, path, self._each("Member", element))

    def _map(self, shape: Shape, items: Mapping[str, Any], path: str) -> Iterator[str]:
        assert shape.key is not None
        assert shape.value is not None
        keys, values = self.table.shape(shape.key), self.table.shape(shape.value)
        if not all(self._keeps(keys, key) for key in items):
            yield self._clause(shape, items, path, self._each("Map keys", keys))
        if values.type in ("structure", "list", "map"):
            for key, item in items.items():
                yield from self.value(values, item, f"{path}.{shown(key)}.member")
        elif not all(self._keeps(values, item) for item in items.values()):
            yield self._clause(shape, items, path, self._each("Map value", values))

    def _each(self, what: str, element: Shape) -> str:
        return f"{what} must satisfy constraint: [{', '.join(constraints(element, enum_values=self.table.echo))}]"

    def _keeps(self, element: Shape, item: Any) -> bool:
        sentences = len(self.sentences)
        sound = not any(True for _ in self.value(element, item, ""))
        broken = len(self.sentences) > sentences
        del self.sentences[sentences:]
        return sound and not broken

    def _clause(self, shape: Shape | None, value: Any, path: str, constraint: str) -> str:
        echo = ""
        if self.table.echo and shape is None:
            echo = "null "
        elif self.table.echo and shape is not None and not shape.sensitive:
            echo = f"'{shown(self._shown(shape, value))}' "
        return f"Value {echo}at '{path}' failed to satisfy constraint: {constraint}"

    def _shown(self, shape: Shape, value: Any) -> str:
        """A value in the notation of AWS's texts, nothing sensitive inside."""
        if shape.sensitive:
            return "***"
        if shape.type == "list" and shape.member is not None:
            element = self.table.shape(shape.member)
            return f"[{', '.join(self._shown(element, item) for item in value)}]"
        if shape.type == "structure":
            shapes = {name: self.table.shape(ref) for name, ref in shape.members.items()}
            pairs = (f"{camel(name)}={self._shown(shapes[name], item)}" for name, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        if shape.type == "map" and shape.value is not None:
            element = self.table.shape(shape.value)
            return f"{{{', '.join(f'{key}={self._shown(element, item)}' for key, item in value.items())}}}"
        return str(value).lower() if isinstance(value, bool) else str(value)
