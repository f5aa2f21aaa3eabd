"""A policy document as the rules look at it: its statements and their elements, each with its place.

Nothing here judges. What has the wrong JSON type is left out of the entries; the rules on structure report it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from daypass.policy.conditions import USES, Use
from daypass.policy.document import Kind
from daypass.policy.lint.finding import Key, Location, Step, Substring
from daypass.policy.lint.knowledge import nearest, slip_of
from daypass.policy.parse.positions import Node, Position, Span
from daypass.policy.parse.text import Number

VARIABLES_SINCE = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Place:
    """A JSON value and the way to it."""

    node: Node
    path: tuple[Step, ...]

    @property
    def location(self) -> Location:
        """Where it stands."""
        return Location(self.path, self.node.span)

    def below(self) -> Iterator[Place]:
        """The items of a list; a lone value is its only item."""
        if self.node.items is None:
            yield self
            return
        for index, item in enumerate(self.node.items):
            yield Place(item, (*self.path, index))

    def member(self, name: str) -> Place | None:
        """A member of an object; None: it has no such member, or is no object."""
        node = self.node.members.get(name)
        return None if node is None else Place(node, (*self.path, name))

    def key(self, name: str) -> Location:
        """Where the name of a member stands."""
        return Location((*self.path, Key(name)), self.node.keys[name])


@dataclass(frozen=True, slots=True)
class Entry:
    """A text in an element and where it stands. ``kind``: the type of a principal, empty elsewhere."""

    text: str
    place: Place
    kind: str = ""

    @property
    def location(self) -> Location:
        """Where it stands."""
        return self.place.location

    def part(self, source: str, start: int, length: int) -> Location:
        """Where a part of the text stands; ``source`` is the whole document. Behind escapes: the whole text."""
        begin, end = self.place.node.span
        span = self.place.node.span
        if end.offset - begin.offset == len(self.text) + 2 and "\\" not in source[begin.offset : end.offset]:
            first = Position(begin.line, begin.column + 1 + start, begin.offset + 1 + start)
            span = Span(first, Position(first.line, first.column + length, first.offset + length))
        return Location((*self.place.path, Substring(start, length)), span)


@dataclass(frozen=True, slots=True)
class Line:
    """One key under one operator. ``use`` is None when there is no such operator."""

    operator: str
    use: Use | None
    operator_at: Location
    key: str
    key_at: Location
    value: Place
    values: tuple[Entry, ...]

    @property
    def folded(self) -> str:
        """The key in lower case."""
        return self.key.lower()

    @property
    def name(self) -> str:
        """The operator without qualifier and suffix; empty when there is no such operator."""
        return self.use.operator.name if self.use else ""


class StatementView:
    """One statement. Elements that are missing have no entries."""

    def __init__(self, place: Place, index: int) -> None:
        self.place = place
        self.index = index
        effect = place.node.members.get("Effect")
        self.effect = effect.value if effect is not None and isinstance(effect.value, str) else None

    def has(self, element: str) -> bool:
        """Whether the element is there, whatever it holds."""
        return element in self.place.node.members

    @property
    def allows(self) -> bool:
        """Whether its effect is Allow."""
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        """Whether its effect is Deny."""
        return self.effect == "Deny"

    @property
    def at(self) -> Location:
        """Where it stands."""
        return self.place.location

    def where(self, *elements: str) -> Location:
        """Where the first of the elements stands that is there; else the statement itself."""
        for element in elements:
            found = self.place.member(element)
            if found is not None:
                return found.location
        return self.at

    def texts(self, *elements: str) -> list[Entry]:
        """The texts of elements that are a string or a list of strings."""
        return [
            Entry(str(item.node.value), item)
            for element in elements
            if (place := self.place.member(element)) is not None
            for item in place.below()
            if is_text(item.node)
        ]

    def texts_of(self, element: str, kind: str) -> list[Entry]:
        """The principals of one type in an element."""
        return [entry for entry in self.principals if entry.kind == kind and element in entry.place.path]

    @cached_property
    def actions(self) -> list[Entry]:
        """Action and NotAction."""
        return self.texts("Action", "NotAction")

    @cached_property
    def resources(self) -> list[Entry]:
        """Resource and NotResource."""
        return self.texts("Resource", "NotResource")

    @cached_property
    def principals(self) -> list[Entry]:
        """Principal and NotPrincipal; a bare text has no kind."""
        found = []
        for element in ("Principal", "NotPrincipal"):
            place = self.place.member(element)
            if place is None:
                continue
            if is_text(place.node):
                found.append(Entry(str(place.node.value), place))
            for kind in place.node.members:
                inner = place.member(kind)
                assert inner is not None
                found += [Entry(str(item.node.value), item, kind) for item in inner.below() if is_text(item.node)]
        return found

    @cached_property
    def lines(self) -> list[Line]:
        """All of its conditions."""
        block = self.place.member("Condition")
        if block is None:
            return []
        return [line for operator in block.node.members for line in _lines(block, operator)]

    @cached_property
    def keys(self) -> set[str]:
        """The condition keys it names, in lower case."""
        return {line.folded for line in self.lines}


def _lines(block: Place, operator: str) -> Iterator[Line]:
    inner = block.member(operator)
    assert inner is not None
    for key in inner.node.members:
        value = inner.member(key)
        assert value is not None
        values = tuple(_values(value))
        yield Line(operator, USES.get(operator), block.key(operator), key, inner.key(key), value, values)


def _values(value: Place) -> Iterator[Entry]:
    for item in value.below():
        scalar = item.node.value
        if isinstance(scalar, str):
            yield Entry(str(scalar), item)
        elif isinstance(scalar, bool):
            yield Entry("true" if scalar else "false", item)


def is_text(node: Node) -> bool:
    """Whether a value is a JSON string."""
    return isinstance(node.value, str) and not isinstance(node.value, Number)


_SEARCHES = 64
_COMPARISONS = 500


class Document:
    """The whole document. ``version``: as written, None when it is missing or no string.

    ``own_services`` are prefixes of services that AWS does not have and this policy may name. ``for_aws``: it is to be
    used at AWS, not only here.
    """

    def __init__(
        self, text: str, root: Node, kind: Kind, *, own_services: frozenset[str] = frozenset(), for_aws: bool = False
    ) -> None:
        self.text = text
        self.kind = kind
        self.for_aws = for_aws
        self.own_services = own_services
        self._searches = _SEARCHES
        self._comparisons = _COMPARISONS
        self.root = Place(root, ())
        version = self.root.member("Version")
        self.version = str(version.node.value) if version is not None and is_text(version.node) else None

    @property
    def has_variables(self) -> bool:
        """Whether its version knows policy variables."""
        return self.version == VARIABLES_SINCE

    # INVARIANT: 9. Looking for similar names is dear, and a document can hold thousands of wrong ones.
    # tests/policy/lint/test_lint.py::test_the_worst_documents_are_looked_through_in_bounded_time.
    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """The known name that ``name`` looks like a slip of; None: it looks like none, or enough was looked for."""
        self._searches -= 1
        return nearest(name, known) if self._searches >= 0 else None

    def slip_of(self, name: str, known: Iterable[str]) -> str | None:
        """The known name that ``name`` is a slip of; None: it is of none, or enough was looked for."""
        self._searches -= 1
        return slip_of(name, known) if self._searches >= 0 else None

    def may_compare(self) -> bool:
        """Whether one more pattern may be compared with all that a service has."""
        self._comparisons -= 1
        return self._comparisons >= 0

    def json_type(self, place: Place) -> str:
        """The JSON type of a value: ``object``, ``list``, ``string``, ``boolean``, ``null`` or ``number``."""
        return _TYPES.get(self.text[place.node.span.start.offset], "number")

    @cached_property
    def statements(self) -> list[StatementView]:
        """The statements that are objects."""
        place = self.root.member("Statement")
        if place is None:
            return []
        objects = (item for item in place.below() if self.json_type(item) == "object")
        return [StatementView(item, index) for index, item in enumerate(objects)]


_TYPES = {"{": "object", "[": "list", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}
"""By their first character, which tells them apart."""
