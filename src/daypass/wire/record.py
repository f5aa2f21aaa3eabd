"""Parameters and results as the audit record shows them: CloudTrail's spelling, nothing sensitive.

Names start lower case, times read ``Jul 18, 2014, 4:07:39 PM``, blobs are base-64. Members whose shape is sensitive,
in the model or in our overlay, are left out: there is no form of them that may be written down (AWS CloudTrail record
contents; IAM User Guide, Logging IAM and AWS STS API calls).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from daypass.wire.model import Shape, Table
from daypass.wire.scalars import cloudtrail_time
from daypass.wire.validate import camel

Show = Callable[[Any], Any]


class Recorder:
    """Shows values of one structure. Unknown members are left out, so nothing unforeseen can slip in."""

    def __init__(self, table: Table, shape_name: str) -> None:
        shape = table.shapes[shape_name] if shape_name else Shape("structure")
        self._show = _structure(table, shape, {})

    def __call__(self, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The record's object for ``value``; None where nothing may or can be shown."""
        shown: dict[str, Any] | None = self._show(value) if value else None
        return shown or None


def _structure(table: Table, shape: Shape, made: dict[str, Show | None]) -> Show:
    # INVARIANT: 7. A sensitive member has no entry here, so it cannot be rendered.
    #   tests/wire/test_record.py::test_no_sensitive_value_ever_shows.
    members: dict[str, tuple[str, Show | None]] = {}
    for name, ref in shape.members.items():
        if not table.shape(ref).sensitive:
            members[name] = (camel(name), _show(table, ref.shape, made))

    def show(value: Mapping[str, Any]) -> dict[str, Any]:
        shown = {}
        for name, item in value.items():
            entry = members.get(name)
            if entry is not None and item is not None:
                spelled, show_item = entry
                shown[spelled] = item if show_item is None else show_item(item)
        return shown

    return show


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
            return _structure(table, shape, made)
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
        case _:
            return None


def _list(table: Table, element: str, made: dict[str, Show | None]) -> Show:
    show = _show(table, element, made)
    if table.shapes[element].sensitive:
        return lambda items: []
    if show is None:
        return list
    return lambda items: [show(item) for item in items]
