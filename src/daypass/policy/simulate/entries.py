"""Context keys that somebody makes up for a simulation, each with a type that its values must fit.

Source: IAM API reference, ContextEntry.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from daypass.errors import Malformed
from daypass.policy.conditions.values import read_address, read_instant, read_number, read_truth
from daypass.policy.context import KeyValue


class ContextEntry(NamedTuple):
    """One key, its values and their type; ``type`` ends in ``List`` for a multivalued key."""

    name: str
    values: tuple[str, ...]
    type: str = "string"


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return False
    return True


_FITS: Mapping[str, Callable[[str], bool]] = {
    "string": lambda text: True,
    "numeric": lambda text: read_number(text) is not None,
    "boolean": lambda text: read_truth(text) is not None,
    "ip": lambda text: read_address(text) is not None,
    "binary": _is_base64,
    "date": lambda text: read_instant(text) is not None,
}


def read_entries(entries: Iterable[ContextEntry]) -> dict[str, KeyValue]:
    """The keys of a request context: by lower-case name, a tuple for a multivalued key.

    Raises:
        Malformed: a key twice, a type that does not exist, a value that does not fit its type, or not exactly one value
            for a type that is no list.
    """
    found: dict[str, KeyValue] = {}
    for entry in entries:
        kind, many = entry.type.removesuffix("List"), entry.type.endswith("List")
        fits = _FITS.get(kind)
        if fits is None:
            raise Malformed(f"Context key {entry.name} has the unknown type {entry.type}.")
        if entry.name.lower() in found:
            raise Malformed(f"Context key {entry.name} is given twice.")
        if not many and len(entry.values) != 1:
            raise Malformed(f"Context key {entry.name} of type {entry.type} must have exactly one value.")
        for value in entry.values:
            if not fits(value):
                raise Malformed(f"Value {value[:64]} of context key {entry.name} is not of type {kind}.")
        found[entry.name.lower()] = entry.values if many else entry.values[0]
    return found
