"""When a signature is too old, too new, or not dated at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import SignatureDoesNotMatch
from daypass.sigv4 import UnverifiedSignature, check_time, read_authorization
from daypass.sigv4.scope import compact_timestamp, format_timestamp, parse_timestamp
from tests.sigv4.samples import NOW
from tests.sigv4.test_authorization import with_header, with_query

DAY = 24 * 60 * 60
WINDOW = 15 * 60


def claim(at: int, *, presigned: bool = False) -> UnverifiedSignature:
    unverified = read_authorization(with_query() if presigned else with_header())
    assert unverified is not None
    return unverified._replace(timestamp=at, timestamp_text=format_timestamp(at))


@pytest.mark.parametrize("presigned", [False, True])
def test_the_window_ends_exactly_at_fifteen_minutes(presigned: bool) -> None:
    """From a day before to a day after in steps of a second, 172,801 points: only the window is accepted."""
    unverified = claim(NOW, presigned=presigned)
    accepted = []
    for now in range(NOW - DAY, NOW + DAY + 1):
        try:
            check_time(unverified, now)
        except SignatureDoesNotMatch:
            continue
        accepted.append(now)
    assert accepted == list(range(NOW - WINDOW, NOW + WINDOW + 1))


@pytest.mark.parametrize(
    ("now", "fits"), [(NOW + 900.999, True), (NOW + 901.0, False), (NOW - 900.0, True), (NOW - 900.001, False)]
)
def test_fractions_of_a_second_are_cut_off(now: float, fits: bool) -> None:
    """Clocks have fractions, signatures have none."""
    if fits:
        assert check_time(claim(NOW), now) is None  # type: ignore[func-returns-value]
    else:
        with pytest.raises(SignatureDoesNotMatch):
            check_time(claim(NOW), now)


@pytest.mark.parametrize("expires", [None, "0", "1", "60", "3600", "604800", "000060"])
def test_an_expiry_that_makes_sense_has_no_effect(expires: str | None) -> None:
    """STS does not enforce X-Amz-Expires: the window stays 15 minutes."""
    unverified = claim(NOW, presigned=True)._replace(expires=expires)
    assert check_time(unverified, NOW + WINDOW) is None  # type: ignore[func-returns-value]
    with pytest.raises(SignatureDoesNotMatch):
        check_time(unverified, NOW + WINDOW + 1)


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)))
def test_a_timestamp_is_read_and_written_as_the_standard_library_does(moment: datetime) -> None:
    """Every second of every year a datetime can hold."""
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    text = f"{moment.year:04}{moment:%m%dT%H%M%SZ}"
    assert parse_timestamp(text.encode()) == int(moment.timestamp())
    assert format_timestamp(int(moment.timestamp())) == text


@given(st.text("0123456789TZ:-. \xb2", max_size=20))
def test_what_is_no_timestamp_is_none(text: str) -> None:
    """Whatever is accepted is a real moment that is written in exactly this way."""
    seconds = parse_timestamp(text.encode("latin-1"))
    if seconds is not None:
        assert format_timestamp(seconds) == text


@pytest.mark.parametrize(
    ("extended", "compact"),
    [
        (b"2015-08-30T12:36:00Z", b"20150830T123600Z"),
        (b"20150830T123600Z", b"20150830T123600Z"),
        (b"2015-08-30T12-36-00Z", b"2015-08-30T12-36-00Z"),
        (b"2015/08/30T12/36/00Z", b"2015/08/30T12/36/00Z"),
        (b"", b""),
    ],
)
def test_only_the_extended_form_is_made_compact(extended: bytes, compact: bytes) -> None:
    """Anything else stays as it is, and is refused as it is."""
    assert compact_timestamp(extended) == compact
