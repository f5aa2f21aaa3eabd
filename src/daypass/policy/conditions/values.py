"""What the texts in conditions mean: numbers, instants, truth values, addresses. Each reader answers None for nonsense.

Readers are memoised: the policy side is read once when a policy is compiled, the request side repeats itself.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators"; dates: W3C NOTE-datetime.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_LONGEST = 64  # no number, date or address is longer; longer texts are not looked at
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_EPOCH = re.compile(r"[0-9]+", re.ASCII)
_DATE = re.compile(
    r"(-?[0-9]{4,9})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?)?)?",
    re.ASCII,
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NANOSECONDS = 1_000_000_000


@lru_cache(maxsize=1024)
def read_number(text: str) -> Decimal | None:
    """An integer or decimal number."""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text)


@lru_cache(maxsize=1024)
def read_truth(text: str) -> bool | None:
    """``true`` or ``false`` in any case."""
    return {"true": True, "false": False}.get(text.lower())


@lru_cache(maxsize=1024)
def read_instant(text: str) -> int | None:
    """A date or epoch seconds, as nanoseconds since 1970. A bare number is epoch seconds, never a year."""
    if len(text) > _LONGEST:
        return None
    if _EPOCH.fullmatch(text):
        seconds = int(text)
        return seconds * _NANOSECONDS if seconds < 1 << 63 else None
    found = _DATE.fullmatch(text)
    if not found:
        return None
    days = _days_since_1970(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    minutes, seconds = _minutes(found), int(found[6] or 0)
    if days is None or minutes is None or seconds > 59:
        return None
    return ((days * 1440 + minutes) * 60 + seconds) * _NANOSECONDS + int((found[7] or "").ljust(9, "0"))


def _minutes(found: re.Match[str]) -> int | None:
    """Minutes since midnight UTC of the day that is written; negative or beyond 1440 when the offset says so."""
    hour, minute, zone = int(found[4] or 0), int(found[5] or 0), found[8] or "Z"
    if hour > 23 or minute > 59:
        return None
    if zone in "Zz":
        return hour * 60 + minute
    ahead_hours, ahead_minutes = int(zone[1:3]), int(zone[4:])
    if ahead_hours > 23 or ahead_minutes > 59:
        return None
    ahead = ahead_hours * 60 + ahead_minutes
    return hour * 60 + minute + (ahead if zone[0] == "-" else -ahead)


def _days_since_1970(year: int, month: int, day: int) -> int | None:
    """Days in the proleptic Gregorian calendar, for any year, negative ones too; None for no such date."""
    if not 1 <= month <= 12:
        return None
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _DAYS[month - 1] + (leap and month == 2):
        return None
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 - 719_162
    return days + sum(_DAYS[: month - 1]) + (leap and month > 2) + day - 1


@dataclass(frozen=True, slots=True)
class Network:
    """All addresses of one family that begin as ``prefix`` does, after the last ``free`` bits are cut off."""

    family: int
    prefix: int
    free: int


def lies_in(address: tuple[int, int], network: Network) -> bool:
    """Whether the (family, number) lies in the network. IPv4 never lies in an IPv6 range, nor the reverse."""
    return address[0] == network.family and address[1] >> network.free == network.prefix


@lru_cache(maxsize=4096)
def read_address(text: str) -> tuple[int, int] | None:
    """An IP address as (4 or 6, number). An IPv4 address that is written inside IPv6 is that IPv4 address."""
    if len(text) > _LONGEST:
        return None
    try:
        if ":" not in text:
            return 4, int(IPv4Address(text))
        if "%" in text:
            return None
        address = IPv6Address(text)
    except (AddressValueError, ValueError):
        return None
    inner = address.ipv4_mapped
    return (4, int(inner)) if inner is not None else (6, int(address))


def read_network(text: str) -> Network | None:
    """A CIDR range or a lone address. Bits to the right of the prefix length are ignored."""
    host, slash, length = text.partition("/")
    address = read_address(host)
    if address is None:
        return None
    family, number = address
    bits = 32 if family == 4 else 128
    if ":" in host and family == 4:  # `::ffff:10.0.0.0/104`: the length counts in IPv6 bits
        return _mapped_network(number, length) if slash else Network(4, number, 0)
    if not slash:
        return Network(family, number, 0)
    if not (length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= bits):
        return None
    free = bits - int(length)
    return Network(family, number >> free, free)


def _mapped_network(number: int, length: str) -> Network | None:
    if not (length.isascii() and length.isdigit() and len(length) <= 3 and 96 <= int(length) <= 128):
        return None
    free = 128 - int(length)
    return Network(4, number >> free, free)
