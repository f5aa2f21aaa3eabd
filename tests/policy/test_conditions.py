"""Condition operators beyond the case files: values of all sorts, and what cannot be read."""

from __future__ import annotations

import datetime as dt
import ipaddress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.policy import RequestContext
from daypass.policy.conditions import USES, compile_condition
from daypass.policy.conditions.values import lies_in, read_address, read_instant, read_network, read_number
from tests.policy.world import ACCOUNT, ALICE

NEGATED_AND_TYPED = ["NumericNotEquals", "DateNotEquals", "NotIpAddress"]


def outcome(operator: str, wanted: list[str], value: str | None, *, denies: bool = False) -> bool:
    keys = {} if value is None else {"k": value}
    context = RequestContext("s3:GetObject", "*", ALICE, ACCOUNT, keys)
    return compile_condition(USES[operator], "K", wanted, denies=denies, variables=True)(context)


@pytest.mark.parametrize("operator", NEGATED_AND_TYPED)
@pytest.mark.parametrize(("wanted", "value"), [("7", "nonsense"), ("nonsense", "7"), ("nonsense", "nonsense")])
def test_an_unreadable_value_under_a_negated_operator_fails_closed(operator: str, wanted: str, value: str) -> None:
    """An Allow does not hold and a Deny does, when one side of a negated comparison cannot be read."""
    if operator == "NotIpAddress":
        wanted, value = wanted.replace("7", "10.0.0.7"), value.replace("7", "10.0.0.7")
    assert outcome(operator, [wanted], value, denies=False) is False
    assert outcome(operator, [wanted], value, denies=True) is True


def test_there_are_twenty_seven_operators_in_all_their_forms() -> None:
    """Each operator takes both set operators and IfExists, but Null takes no IfExists."""
    bases = {use.operator.name for use in USES.values()}
    assert len(bases) == 27
    assert len(USES) == 26 * 6 + 3
    assert "NullIfExists" not in USES


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4))
def test_a_decimal_number_is_read_exactly(number: Decimal) -> None:
    """What a number's text says is what is compared."""
    assert read_number(f"{number:f}") == number


@pytest.mark.parametrize("text", ["", "+", ".", "1e5", "0x1", "1,0", "1 ", "\n1", "1\n", "NaN", "Infinity", "1" * 65])
def test_other_texts_are_no_numbers(text: str) -> None:
    """Only plain decimal notation of bounded length is a number."""
    assert read_number(text) is None


@given(
    st.datetimes(min_value=dt.datetime(1, 1, 2), max_value=dt.datetime(9999, 12, 30)),
    st.integers(-23 * 60, 23 * 60),
)
def test_a_date_is_the_instant_that_python_reads(moment: dt.datetime, minutes: int) -> None:
    """ISO 8601 with any offset and fraction is the same instant as in the standard library."""
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    aware = moment.replace(tzinfo=zone)
    text = f"{aware:%H:%M:%S}.{aware.microsecond:06d}" + aware.isoformat()[-6:]
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    expected = (aware - epoch) // dt.timedelta(microseconds=1) * 1000
    assert read_instant(f"{aware.year:04d}-{aware.month:02d}-{aware.day:02d}T{text}") == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-13-01", "2026-02-29", "2026-1-1", "2026-01-01T24:00Z", "2026-01-01T00:60Z", "2026-01-01T00:00",
     "2026-01-01T00:00:60Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00Z\n", "2026-01-01T00Z", str(1 << 63), "-5",
     "2026-01-01T00:00:00+24:00", "٢٠٢٦-01-01"],
)  # fmt: skip
def test_other_texts_are_no_dates(text: str) -> None:
    """A date that does not exist or is not written in the profile is none."""
    assert read_instant(text) is None


def test_the_largest_epoch_second_is_a_date() -> None:
    """Epoch seconds go to 2^63 - 1."""
    assert read_instant(str((1 << 63) - 1)) == ((1 << 63) - 1) * 10**9


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 128))
def test_a_network_holds_what_python_says_it_holds(address: object, base: object, length: int) -> None:
    """Membership agrees with the standard library for both families, and never crosses them."""
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    assert isinstance(base, ipaddress.IPv4Address | ipaddress.IPv6Address)
    if any(isinstance(one, ipaddress.IPv6Address) and one.ipv4_mapped for one in (address, base)):
        return
    length = min(length, base.max_prefixlen)
    network, found = read_network(f"{base}/{length}"), read_address(str(address))
    assert network is not None
    assert found is not None
    assert lies_in(found, network) == (address in ipaddress.ip_network(f"{base}/{length}", strict=False))


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33", "10.0.0.0/8/8", "::/129", "fe80::1%eth0", "x",
             "10.0.0.0/٨", "10.0.0.256", "1" * 100, "::ffff:10.0.0.0/8"]
)  # fmt: skip
def test_other_texts_are_no_networks(text: str) -> None:
    """Only addresses with a prefix length in range are networks."""
    assert read_network(text) is None


def test_a_mapped_network_is_the_network_it_maps() -> None:
    """`::ffff:10.0.0.0/104` is 10.0.0.0/8."""
    assert read_network("::ffff:10.0.0.0/104") == read_network("10.0.0.0/8")
    assert read_network("::ffff:10.0.0.1") == read_network("10.0.0.1")
