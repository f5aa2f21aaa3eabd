"""From JSON to the parts of a policy: the grammar that all kinds of policy share. What a kind allows is not asked here.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from daypass.errors import Malformed
from daypass.policy.conditions import USES
from daypass.policy.parse.text import Number

VERSIONS = ("2012-10-17", "2008-10-17")
DOCUMENT_MEMBERS = frozenset({"Version", "Id", "Statement"})
STATEMENT_MEMBERS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_ABSENT = object()
PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})

Strings = tuple[str, ...]
Entries = tuple[tuple[str, str], ...]
ConditionLine = tuple[str, str, Strings]


@dataclass(slots=True)
class RawStatement:
    """One statement in its parts; None: the element is absent."""

    index: int
    members: dict[str, Any]
    sid: str | None
    effect: str | None
    actions: Strings | None
    not_actions: Strings | None
    resources: Strings | None
    not_resources: Strings | None
    conditions: tuple[ConditionLine, ...]


@dataclass(slots=True)
class RawDocument:
    """A document in its parts. ``statements`` are still JSON: kinds differ in what they ask first."""

    version: object
    id: str | None
    statements: list[Any]


def read_document(value: object) -> RawDocument:
    """The top level. ``version`` is as written, None when absent; an absent ``Statement`` is an empty list.

    Raises:
        Malformed: not an object, an unknown member, or a member of the wrong type.
    """
    if not isinstance(value, dict):
        raise Malformed("the policy is not a JSON object")
    _known(value, DOCUMENT_MEMBERS, "the policy")
    statements = value.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise Malformed("`Statement` is neither an object nor a list")
    version = value.get("Version", _ABSENT)
    # A null is not the same as none: no kind accepts it as a version, and none may take it for a missing one.
    version = None if version is _ABSENT else "null" if version is None else version
    return RawDocument(version, _optional_text(value, "Id"), statements)


def read_statement(value: object, index: int) -> RawStatement:
    """One statement; principals are left in ``members`` for ``read_principal``.

    Raises:
        Malformed: not an object, an unknown member, a member of the wrong type, an element beside its opposite,
            an unknown operator, or one condition key twice in different case.
    """
    where = f"statement {index + 1}"
    if not isinstance(value, dict):
        raise Malformed(f"{where} is not a JSON object")
    _known(value, STATEMENT_MEMBERS, where)
    for element in ("Action", "Resource", "Principal"):
        if element in value and f"Not{element}" in value:
            raise Malformed(f"{where} has both `{element}` and `Not{element}`")
    return RawStatement(
        index,
        value,
        _optional_text(value, "Sid"),
        _optional_text(value, "Effect"),
        _strings(value, "Action"),
        _strings(value, "NotAction"),
        _strings(value, "Resource"),
        _strings(value, "NotResource"),
        tuple(_conditions(value.get("Condition", {}))),
    )


def read_principal(value: object) -> Entries:
    """A Principal or NotPrincipal element as (type, value) pairs; a bare ``*`` is ``("*", "*")``.

    Raises:
        Malformed: neither ``*`` nor an object of strings and lists of strings, or a type that does not exist.
    """
    if value == "*" and type(value) is str:
        return (("*", "*"),)
    if not isinstance(value, dict):
        raise Malformed("a principal is neither `*` nor a JSON object")
    _known(value, PRINCIPAL_TYPES, "a principal")
    return tuple((kind, name) for kind in value for name in _strings(value, kind) or ())


def _known(members: dict[str, Any], names: frozenset[str], where: str) -> None:
    if not members.keys() <= names:
        unknown = next(name for name in members if name not in names)
        raise Malformed(f"{where} has an unknown element `{unknown}`")


def _optional_text(members: dict[str, Any], name: str) -> str | None:
    if name not in members:
        return None
    value = members[name]
    if type(value) is not str:
        raise Malformed(f"`{name}` is not a string")
    return value


def _strings(members: dict[str, Any], name: str) -> Strings | None:
    """A string or a list of strings. AWS passes over null in a list of resources."""
    if name not in members:
        return None
    value = members[name]
    if type(value) is str:
        return (value,)
    if isinstance(value, list):
        if name.endswith("Resource"):
            value = [entry for entry in value if entry is not None]
        if all(type(entry) is str for entry in value):
            return tuple(value)
    raise Malformed(f"`{name}` is neither a string nor a list of strings")


def _conditions(block: object) -> Iterator[ConditionLine]:
    if not isinstance(block, dict):
        raise Malformed("`Condition` is not a JSON object")
    for operator, keys in block.items():
        if not isinstance(keys, dict):
            raise Malformed(f"the keys of `{operator}` are not a JSON object")
        if keys and operator not in USES:
            raise Malformed(f"`{operator}` is not a condition operator")
        if len({key.lower() for key in keys}) != len(keys):
            raise Malformed(f"`{operator}` names a key twice in different case")
        for key, value in keys.items():
            yield operator, key, tuple(map(_scalar, value if isinstance(value, list) else [value]))


def _scalar(value: object) -> str:
    if type(value) is str:
        return value
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    raise Malformed("a condition value is neither a string, a number nor a boolean")
