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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

from daypass.errors import ValidationError
from daypass.operations.call import Call

T = TypeVar("T")

DEFAULT_ITEMS = 100
_CHECK = 6
_WHOLE_KEY = 160  # bytes of a key that a marker holds: 320 characters, the longest marker, hold 240 bytes


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One list of an answer: its member name, and its items in the order of their keys, which are unique."""

    member: str
    items: Sequence[T]
    key: Callable[[T], str]
    show: Callable[[T], object]

    @classmethod
    def of(cls, member: str, items: Iterable[T], key: Callable[[T], str], show: Callable[[T], object]) -> Listing[T]:
        """A listing of items that come in any order."""
        return cls(member, sorted(items, key=key), key, show)


def page(call: Call, *listings: Listing[Any]) -> dict[str, object]:
    """The page of ``listings``, one after the other, that the call asks for; every list is present, some may be empty.

    Raises:
        ValidationError: ``Invalid Marker.``
    """
    start = _start(call, listings)
    end = start + call.params.get("MaxItems", DEFAULT_ITEMS)
    result: dict[str, object] = {}
    last, before = b"", 0
    for number, listing in enumerate(listings):
        items = listing.items[max(0, start - before) : max(0, end - before)]
        result[listing.member] = [listing.show(item) for item in items]
        last = _place(number, listing.key(items[-1])) if items else last
        before += len(listing.items)
    result["IsTruncated"] = end < before
    if end < before:
        result["Marker"] = _marker(call, last)
    return result


def _place(number: int, key: str) -> bytes:
    """Where an item stands: the number of its list and its key. A longer key is cut and told apart by its hash."""
    whole = key.encode()
    return _head(number, key) + (b"" if len(whole) <= _WHOLE_KEY else sha256(whole).digest()[:8])


def _head(number: int, key: str) -> bytes:
    return bytes((number,)) + key.encode()[:_WHOLE_KEY]


def _start(call: Call, listings: tuple[Listing[Any], ...]) -> int:
    """How many items lie at or before the marker."""
    if "Marker" not in call.params:
        return 0
    place = _open(call, call.params["Marker"])
    number = place[0]
    before = sum(len(listing.items) for listing in listings[:number])
    return before + _behind(listings[number], number, place) if number < len(listings) else before


def _behind(listing: Listing[Any], number: int, place: bytes) -> int:
    """How many items of the marker's own list lie at or before it."""

    def head(item: object) -> bytes:
        return _head(number, listing.key(item))

    items, wanted = listing.items, place[: 1 + _WHOLE_KEY]
    first = bisect_left(items, wanted, key=head)
    namesakes = items[first : bisect_right(items, wanted, key=head)]
    # The item may be gone by now. Items whose cut key is the same are then shown twice rather than not at all.
    places = (_place(number, listing.key(item)) for item in namesakes)
    return next((first + behind for behind, own in enumerate(places, 1) if own == place), first)


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
