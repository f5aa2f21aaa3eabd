"""The record of a call."""

from __future__ import annotations

from daypass.errors import InvalidIdentityToken
from daypass.exchange import RawRequest
from daypass.operations import audit
from daypass.operations.audit import LONGEST_AGENT, LONGEST_REFUSED, Record


def shown(*headers: tuple[bytes, bytes]) -> dict[str, object]:
    return Record(RawRequest("POST", b"/", headers), 0, "an-id").rendered()


def test_long_headers_are_not_remembered() -> None:
    """Whatever stands in them, memory holds no more of a header than a record of it shows."""
    before = audit._details.cache_info().currsize
    for number in range(50):
        mark = f"{number}-".encode() * 4_000
        record = shown((b"user-agent", mark), (b"host", mark))
        assert record["userAgent"] == mark[:LONGEST_AGENT].decode()
        assert record["tlsDetails"] == {"clientProvidedHostHeader": mark[:LONGEST_AGENT].decode()}
    assert audit._details.cache_info().currsize == before


def test_agents_that_begin_alike_are_told_apart_where_records_show_it() -> None:
    """Two agents have the same entry only when their records are the same."""
    first, second = b"a" * LONGEST_AGENT + b"b", b"a" * LONGEST_AGENT + b"c"
    assert shown((b"user-agent", first))["userAgent"] == shown((b"user-agent", second))["userAgent"]
    assert shown((b"user-agent", b"x"))["userAgent"] != shown((b"user-agent", b"y"))["userAgent"]


def test_a_reason_is_recorded_as_short_as_the_rest() -> None:
    """It may repeat what a stranger has sent, and there is room for so much about strangers only."""
    record = Record(None, 0, "an-id")
    record.note(InvalidIdentityToken("no", detail="x" * 60_000))
    assert record.rendered()["daypass"]["detail"] == f"{'x' * LONGEST_REFUSED}… (60000 characters)"
