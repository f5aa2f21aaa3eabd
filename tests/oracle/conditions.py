"""Condition blocks, one table and one function a rule. Nothing here knows the engine.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
values", "Set operators"; where AWS says nothing: docs/differences.md.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from tests.oracle.text import fields, filled_in, matches, parts

Answer = bool | None
"""Whether one policy value and one request value agree; None: one of them cannot be read."""
Keys = dict[str, Any]
"""The request's context keys, in lower case: a text, or a list of texts for a multivalued key."""
LONGEST = 64


# ── reading values ───────────────────────────────────────────────────────────────────────────────────


@lru_cache(10_000)
def number(text: str) -> Fraction | None:
    """An integer or a decimal: a sign or none, digits, a point or none; no exponent."""
    if len(text) <= LONGEST and re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text):
        return Fraction(text.rstrip("."))
    return None


_DATE = re.compile(
    r"(?P<year>-?\d{4,9})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"([Tt](?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d(\.\d+)?))?"
    r"(?P<zone>[Zz]|[+-]\d\d:\d\d))?)?)?",
    re.ASCII,
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@lru_cache(10_000)
def instant(text: str) -> Fraction | None:
    """Seconds since 1970 of a date of ISO 8601's W3C profile, or of epoch seconds."""
    if len(text) > LONGEST:
        return None
    if re.fullmatch(r"[0-9]+", text):
        return Fraction(text) if int(text) < 2**63 else None
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    hour, minute, second = int(found["hour"] or 0), int(found["minute"] or 0), Fraction(found["second"] or 0)
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60):
        return None
    days = _days_before(year, month) + day - 1 - _days_before(1970, 1)
    offset = _offset(found["zone"] or "Z")
    return None if offset is None else days * 86400 + hour * 3600 + minute * 60 + second - offset


def _offset(zone: str) -> int | None:
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: int, month: int) -> int:
    return 29 if month == 2 and _leap(year) else _DAYS[month - 1]


def _days_before(year: int, month: int) -> int:
    """Days from the year 0 to the first of a month; the Gregorian calendar goes back before its invention."""
    before = year - 1
    return year * 365 + before // 4 - before // 100 + before // 400 + sum(_days(year, one) for one in range(1, month))


@lru_cache(10_000)
def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A range, whose host bits mean nothing, or an address, which is a range of one."""
    if len(text) > LONGEST or not re.fullmatch(r"[0-9a-fA-F:.]+(/[0-9]+)?", text):
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, ipaddress.IPv6Network) else None
    if mapped is not None:
        return ipaddress.ip_network((mapped, found.prefixlen - 96))
    if isinstance(found, ipaddress.IPv6Network) and _is_mapped(text):
        return None  # a range that holds all IPv4 addresses and others
    return found


def _is_mapped(text: str) -> bool:
    return ipaddress.IPv6Address(text.partition("/")[0]).ipv4_mapped is not None


# ── comparing one policy value with one request value ────────────────────────────────────────────────


def _text(wanted: str, value: str, keys: Keys, version: str) -> Answer:
    tokens = filled_in(parts(wanted, version), keys, wildcards=False)
    return tokens is not None and "".join(tokens) == value


def _text_without_case(wanted: str, value: str, keys: Keys, version: str) -> Answer:
    tokens = filled_in(parts(wanted, version), keys, wildcards=False)
    return tokens is not None and "".join(tokens).casefold() == value.casefold()


def _text_like(wanted: str, value: str, keys: Keys, version: str) -> Answer:
    tokens = filled_in(parts(wanted, version), keys, wildcards=True)
    return tokens is not None and matches(tokens, value)


def _arn(wanted: str, value: str, keys: Keys, version: str) -> Answer:
    patterns, texts = fields(parts(wanted, version)), value.split(":", 5)
    if len(patterns) != 6 or len(texts) != 6 or texts[0] != "arn":
        return False
    for pattern, text in zip(patterns, texts, strict=True):
        tokens = filled_in(pattern, keys, wildcards=True)
        if tokens is None or not matches(tokens, text):
            return False
    return True


def _number(compare: Callable[[Any, Any], bool]) -> Callable[..., Answer]:
    return lambda wanted, value, *_: _ordered(compare, number(wanted), number(value))


def _date(compare: Callable[[Any, Any], bool]) -> Callable[..., Answer]:
    return lambda wanted, value, *_: _ordered(compare, instant(wanted), instant(value))


def _ordered(compare: Callable[[Any, Any], bool], wanted: Fraction | None, value: Fraction | None) -> Answer:
    return None if wanted is None or value is None else compare(value, wanted)


def _boolean(wanted: str, value: str, *_: Any) -> Answer:
    return wanted.lower() in ("true", "false") and wanted.lower() == value.lower()


def _binary(wanted: str, value: str, *_: Any) -> Answer:
    return wanted == value


def _address(wanted: str, value: str, *_: Any) -> Answer:
    range_, address = network(wanted), network(value)
    if range_ is None or address is None or "/" in value:
        return None
    return range_.version == address.version and address.network_address in range_


POSITIVE: dict[str, Callable[..., Answer]] = {
    "StringEquals": _text,
    "StringEqualsIgnoreCase": _text_without_case,
    "StringLike": _text_like,
    "NumericEquals": _number(operator.eq),
    "NumericLessThan": _number(operator.lt),
    "NumericLessThanEquals": _number(operator.le),
    "NumericGreaterThan": _number(operator.gt),
    "NumericGreaterThanEquals": _number(operator.ge),
    "DateEquals": _date(operator.eq),
    "DateLessThan": _date(operator.lt),
    "DateLessThanEquals": _date(operator.le),
    "DateGreaterThan": _date(operator.gt),
    "DateGreaterThanEquals": _date(operator.ge),
    "Bool": _boolean,
    "BinaryEquals": _binary,
    "IpAddress": _address,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
NEGATED: dict[str, Callable[..., Answer]] = {
    "StringNotEquals": _text,
    "StringNotEqualsIgnoreCase": _text_without_case,
    "StringNotLike": _text_like,
    "NumericNotEquals": _number(operator.eq),
    "DateNotEquals": _date(operator.eq),
    "NotIpAddress": _address,
    "ArnNotEquals": _arn,
    "ArnNotLike": _arn,
}


# ── one key under one operator ───────────────────────────────────────────────────────────────────────


def holds(name: str, key: str, wanted: list[str], keys: Keys, effect: str, version: str) -> bool:
    """Whether one line of a condition block holds in a statement of ``effect``."""
    every, any_, if_exists, base = _taken_apart(name)
    value = keys.get(key.lower())
    values = [] if value is None else [value] if isinstance(value, str) else list(value)
    if base == "Null":
        return every or (not any_ and ("false" if values else "true") in [one.lower() for one in wanted])

    def ok(one: str) -> bool:
        return _ok(base, one, wanted, keys, effect, version)

    if not values:
        return every or if_exists or (not any_ and base in NEGATED)
    if every or any_:
        if not any(values):  # to set operators, nothing but empty texts is an empty set
            return every
        return bool(wanted) and (all(map(ok, values)) if every else any(map(ok, values)))
    if if_exists and not wanted:
        return False
    if len(values) > 1:
        return effect == "Deny" and any(map(ok, values))
    return ok(values[0])


@lru_cache(1000)
def _taken_apart(name: str) -> tuple[bool, bool, bool, str]:
    every, any_ = name.startswith("ForAllValues:"), name.startswith("ForAnyValue:")
    base = name.rsplit(":", maxsplit=1)[-1]
    return every, any_, base.endswith("IfExists"), base.removesuffix("IfExists")


def _ok(base: str, value: str, wanted: list[str], keys: Keys, effect: str, version: str) -> bool:
    if base in POSITIVE:
        return any(POSITIVE[base](one, value, keys, version) for one in wanted)
    answers = [NEGATED[base](one, value, keys, version) for one in wanted]
    if True in answers:
        return False
    return None not in answers or effect == "Deny"  # what cannot be read refuses


def block_holds(block: dict[str, Any], keys: Keys, effect: str, version: str) -> bool:
    """All operators, all keys."""
    return all(
        holds(name, key, _texts(wanted), keys, effect, version)
        for name, lines in block.items()
        for key, wanted in lines.items()
    )


def _texts(wanted: Any) -> list[str]:
    """A lone value is a list of one; numbers and booleans are their text."""
    some = wanted if isinstance(wanted, list) else [wanted]
    return [one if isinstance(one, str) else str(one).lower() for one in some]
