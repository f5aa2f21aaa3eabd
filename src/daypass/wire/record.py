"""Parameters and results as the audit record shows them: CloudTrail's spelling, nothing sensitive.

Names start lower case, times read ``Jul 18, 2014, 4:07:39 PM``, blobs are base-64. Members whose shape is sensitive,
in the model or in our overlay, are left out: there is no form of them that may be written down (AWS CloudTrail record
contents; IAM User Guide, Logging IAM and AWS STS API calls).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from daypass.wire.generate import generated
from daypass.wire.model import Shape, Table
from daypass.wire.scalars import cloudtrail_time
from daypass.wire.validate import camel

Show = Callable[[Any], Any]

_ORDERS_LIMIT = 64
_LONGEST_WHOLE, _LONGEST_SHOWN = 1_000_000, 2_000
"""Characters: of texts that may be longer than the first number, so many are shown."""


class Recorder:
    """Shows values of one structure. Unknown members are left out, so nothing unforeseen can slip in."""

    def __init__(self, table: Table, shape_name: str) -> None:
        shape = table.shapes[shape_name] if shape_name else Shape("structure")
        self._orders = _Structure(table, shape, {})

    def __call__(self, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The record's object for ``value``; None where nothing may or can be shown."""
        return (self._orders[tuple(value)](value) or None) if value else None


def secret_members(table: Table, shape_name: str) -> frozenset[str]:
    """The members of a structure in which something sensitive may stand, at any depth."""
    shape = table.shapes[shape_name] if shape_name else Shape("structure")
    return frozenset(name for name, ref in shape.members.items() if _is_secret(table, ref.shape, frozenset()))


def _is_secret(table: Table, name: str, above: frozenset[str]) -> bool:
    shape = table.shapes[name]
    parts = [*shape.members.values(), *(ref for ref in (shape.member, shape.key, shape.value) if ref is not None)]
    inside = {ref.shape for ref in parts} - above
    return shape.sensitive or any(_is_secret(table, part, above | {name}) for part in inside)


class _Structure(dict[tuple[str, ...], Show]):
    """How to show values of one structure: a generated function for each order of members that was seen.

    The record keeps the order of the value. Of parameters the client chooses it, so the number of functions is bounded.
    """

    def __init__(self, table: Table, shape: Shape, made: dict[str, Show | None]) -> None:
        # INVARIANT: 7. A sensitive member has no entry here, so it cannot be rendered.
        #   tests/wire/test_record.py::test_no_sensitive_value_ever_shows.
        self._members: dict[str, tuple[str, Show | None]] = {}
        for name, ref in shape.members.items():
            if not table.shape(ref).sensitive:
                self._members[name] = (camel(name), _show(table, ref.shape, made))

    def show(self, value: Mapping[str, Any]) -> Any:
        """The record's object for ``value``."""
        return self[tuple(value)](value)

    def __missing__(self, order: tuple[str, ...]) -> Show:
        if len(self) >= _ORDERS_LIMIT:
            return self.walk
        self[order] = made = self._generated(order)
        return made

    def _generated(self, order: tuple[str, ...]) -> Show:
        lines, names = ["shown = {}", f"[{', '.join(f'v{n}' for n in range(len(order)))}] = value.values()"], {}
        for number, name in enumerate(order):
            if name in self._members:
                spelled, names[f"show{number}"] = self._members[name]
                item = f"v{number}" if names[f"show{number}"] is None else f"show{number}(v{number})"
                lines.append(f"if v{number} is not None: shown[{spelled!r}] = {item}")
        return generated("record", "value", [*lines, "return shown"], names)

    def walk(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """The same, for any order."""
        shown = {}
        for name, item in value.items():
            entry = self._members.get(name)
            if entry is not None and item is not None:
                spelled, show_item = entry
                shown[spelled] = item if show_item is None else show_item(item)
        return shown


def _show(table: Table, name: str, made: dict[str, Show | None]) -> Show | None:
    """How to show values of shape ``name``; None: as they are. Recursive shapes look themselves up when called."""
    if name not in made:
        made[name] = _later(name, made)
        made[name] = _compile(table, table.shapes[name], made)
    return made[name]


def _later(name: str, made: dict[str, Show | None]) -> Show:
    """Stands in for a shape that is being compiled."""

    def show(value: Any) -> Any:
        return (made[name] or _same)(value)

    return show


def _same(value: Any) -> Any:
    return value


def _compile(table: Table, shape: Shape, made: dict[str, Show | None]) -> Show | None:
    match shape.type:
        case "structure":
            return _Structure(table, shape, made).show
        case "list":
            assert shape.member is not None
            return _list(table, shape.member.shape, made)
        case "map":
            assert shape.value is not None
            show_value = _show(table, shape.value.shape, made) or _same
            hidden = table.shape(shape.value).sensitive
            return lambda value: {} if hidden else {key: show_value(item) for key, item in value.items()}
        case "timestamp":
            return cloudtrail_time
        case "blob":
            return lambda value: b64encode(value).decode()
        case "string" if (shape.max or 0) > _LONGEST_WHOLE:
            return _beginning
        case _:
            return None


def _beginning(text: str) -> str:
    """A text that may have megabytes, such as a metadata document: a client is not to fill the disk with it."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({len(text):,} characters)"


def _list(table: Table, element: str, made: dict[str, Show | None]) -> Show:
    show = _show(table, element, made)
    if table.shapes[element].sensitive:
        return lambda items: []
    if show is None:
        return list
    return lambda items: [show(item) for item in items]
