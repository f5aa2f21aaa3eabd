"""Scalars as the Query protocol writes them: text to value for requests, value to text for answers.

A text that is no such scalar is ``MalformedInput``, before any constraint is looked at; the texts follow STS's answers
for integers (signed 32-bit, ``+900`` and ``0900`` accepted, no message but for the empty one).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import isnan
from typing import Any

from daypass.errors import MalformedInput

Convert = Callable[[str], Any]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))
_HTTP_DATE = re.compile(
    rf"(?:{'|'.join(_WEEKDAYS)}), (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d)(\.\d{{1,9}})? GMT",
    re.ASCII,
).fullmatch
_FLOAT = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?", re.ASCII).fullmatch
_EPOCH = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?", re.ASCII).fullmatch
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII).fullmatch
_NOT_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def _integer(bits: int) -> Convert:
    limit = 1 << (bits - 1)

    def convert(text: str) -> int:
        """A signed integer as Java parses it: an optional sign and decimal digits, in range."""
        if not text:
            raise MalformedInput("missing value for decimal type")
        digits = text[1:] if text[0] in "+-" else text
        if not (digits.isascii() and digits.isdigit()):
            raise MalformedInput
        # Strip zeros first: int() is quadratic in digits, and no integer in range has more than 19 of them.
        significant = digits.lstrip("0")[:20]
        number = -int(significant or "0") if text[0] == "-" else int(significant or "0")
        if not -limit <= number < limit:
            raise MalformedInput
        return number

    return convert


def _boolean(text: str) -> bool:
    match text.lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise MalformedInput


def _float(text: str) -> float:
    if text in _NOT_NUMBERS:
        return _NOT_NUMBERS[text]
    if not _FLOAT(text):
        raise MalformedInput
    return float(text)


def _blob(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        raise MalformedInput from None


def _whole(seconds: float) -> int | float:
    return int(seconds) if seconds == int(seconds) else seconds


def _iso_8601(text: str) -> int | float:
    if not _ISO_8601(text):
        raise MalformedInput
    try:
        return _whole(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        raise MalformedInput from None


def _epoch(text: str) -> int | float:
    if not _EPOCH(text):
        raise MalformedInput
    return _whole(float(text))


def _http_date(text: str) -> int | float:
    found = _HTTP_DATE(text)
    if found is None:
        raise MalformedInput
    day, month, year, hour, minute, second = found.groups()[:6]
    try:
        when = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        raise MalformedInput from None
    return _whole(when.timestamp() + float(found[7] or 0))


_CONVERTERS: dict[str, Convert | None] = {
    "string": None,
    "integer": _integer(32),
    "long": _integer(64),
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "blob": _blob,
}
_TIMESTAMPS: dict[str, Convert] = {"unixTimestamp": _epoch, "rfc822": _http_date}


def converter(kind: str, timestamp_format: str = "") -> Convert | None:
    """How to read a scalar of type ``kind``; None for strings, which are what they are. KeyError: no scalar."""
    if kind == "timestamp":
        return _TIMESTAMPS.get(timestamp_format, _iso_8601)
    return _CONVERTERS[kind]


# ── Values to text ───────────────────────────────────────────────────────────────────────────────────


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=1024)
def _minute(minutes: int) -> str:
    return _moment(minutes * 60).isoformat()[:17]


@lru_cache(maxsize=1024)
def iso_8601(seconds: float) -> str:
    """Whole seconds, cut: ``2026-03-01T12:00:00Z``."""
    minutes, second = divmod(int(seconds), 60)  # expirations cluster, so the minute is usually at hand
    return f"{_minute(minutes)}{_TWO_DIGITS[second]}Z"


def _iso_8601_milliseconds(seconds: float) -> str:
    return f"{_moment(seconds).isoformat(timespec='milliseconds')[:23]}Z"


def _http_date_text(seconds: float) -> str:
    at = _moment(seconds)
    return f"{_WEEKDAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"


@lru_cache(maxsize=1024)
def cloudtrail_time(seconds: float) -> str:
    """A time inside CloudTrail's ``responseElements``: ``Jul 18, 2014, 4:07:39 PM``."""
    at = _moment(seconds)
    half = "AM" if at.hour < 12 else "PM"
    return f"{_MONTHS[at.month - 1]} {at.day}, {at.year}, {at.hour % 12 or 12}:{at.minute:02}:{at.second:02} {half}"


def _float_text(value: float) -> str:
    if isnan(value):
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


_TEXTS: dict[str, Callable[[Any], str]] = {
    "integer": str,
    "long": str,
    "boolean": lambda value: "true" if value else "false",
    "float": _float_text,
    "double": _float_text,
    "blob": lambda value: b64encode(value).decode(),
}
_TIMESTAMP_TEXTS: dict[str, Callable[[Any], str]] = {
    "unixTimestamp": lambda seconds: str(_whole(seconds)),
    "rfc822": _http_date_text,
    "iso8601-milliseconds": _iso_8601_milliseconds,
}


def text_of(kind: str, timestamp_format: str = "") -> Callable[[Any], str]:
    """How to write a scalar of type ``kind`` other than string; no such text needs escaping. KeyError: no scalar."""
    if kind == "timestamp":
        return _TIMESTAMP_TEXTS.get(timestamp_format, iso_8601)
    return _TEXTS[kind]
