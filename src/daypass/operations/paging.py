"""Paged lists: ``Marker`` and ``MaxItems`` in, ``IsTruncated`` always out, ``Marker`` out while there is more.

Source: IAM API reference, the paginated List… operations; botocore's paginator model of the service.

A marker says after which item the next page begins, by that item's key, not by its number: items that come and go
between two pages neither repeat nor hide others. It is opaque to clients, belongs to one operation, and carries no
authority, so it is checked for damage and not for forgery.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

from daypass.errors import ValidationError
from daypass.operations.call import Call

T = TypeVar("T")
Entry = tuple[int, bytes, Any]
"""Number of the list, key, item."""

DEFAULT_ITEMS = 100
_CHECK = 6
_WHOLE_KEY = 160  # bytes of a key that a marker holds: 320 characters, the longest marker, hold 240 bytes
_HEAD = 1 + _WHOLE_KEY


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list of an answer: its member name, its items in any order, their keys (unique, give the order) and form."""

    member: str
    items: Iterable[T]
    key: Callable[[T], str]
    show: Callable[[T], object]


def page(call: Call, *listings: Listing[Any]) -> dict[str, object]:
    """The page of ``listings``, one after the other, that the call asks for; every list is present, some may be empty.

    Raises:
        ValidationError: ``Invalid Marker.``
    """
    order = sorted(_order(listings), key=lambda entry: entry[:2])
    start = _start(call, order)
    end = start + call.params.get("MaxItems", DEFAULT_ITEMS)
    result: dict[str, object] = {listing.member: [] for listing in listings}
    for number, _, item in order[start:end]:
        shown = result[listings[number].member]
        assert isinstance(shown, list)
        shown.append(listings[number].show(item))
    result["IsTruncated"] = end < len(order)
    if end < len(order):
        result["Marker"] = _marker(call, _place(order[end - 1]))
    return result


def _order(listings: tuple[Listing[Any], ...]) -> Iterable[Entry]:
    for number, listing in enumerate(listings):
        for item in listing.items:
            yield number, listing.key(item).encode(), item


def _place(entry: Entry) -> bytes:
    """An entry's place in the order; a longer key is cut and told apart by its hash."""
    key = entry[1]
    return _head(entry) + (b"" if len(key) <= _WHOLE_KEY else sha256(key).digest()[:8])


def _start(call: Call, order: list[Entry]) -> int:
    """How many entries lie at or before the marker."""
    if "Marker" not in call.params:
        return 0
    place = _open(call, call.params["Marker"])
    first = bisect_left(order, place[:_HEAD], key=_head)
    namesakes = order[first : bisect_right(order, place[:_HEAD], key=_head)]
    # The item may be gone by now. Entries whose cut key is the same are then shown twice rather than not at all.
    return next((first + behind for behind, entry in enumerate(namesakes, 1) if _place(entry) == place), first)


def _head(entry: Entry) -> bytes:
    return bytes((entry[0],)) + entry[1][:_WHOLE_KEY]


def _check(call: Call, place: bytes) -> bytes:
    return sha256(call.operation.name.encode() + place).digest()[:_CHECK]


def _marker(call: Call, place: bytes) -> str:
    return urlsafe_b64encode(_check(call, place) + place).decode("ascii")


def _open(call: Call, marker: str) -> bytes:
    try:
        content = urlsafe_b64decode(marker.encode("ascii"))
    except (UnicodeEncodeError, Base64Error):
        content = b""
    check, place = content[:_CHECK], content[_CHECK:]
    if not place or check != _check(call, place):
        raise ValidationError("Invalid Marker.")
    return place
