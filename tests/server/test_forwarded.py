"""A proxy's word for its client: from whom it is believed, and what is refused."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.exchange import RawRequest, Response
from daypass.ports import NotLoaded
from daypass.server import BehindProxies
from daypass.server.address import plain_address, written_address
from tests.server.conftest import Recorder

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases").joinpath("forwarded.json").read_text())
TRUSTED = ("10.0.0.0/24", "192.0.2.50", "2001:db8:ff::/48")


def request(case: dict[str, Any], target: bytes = b"/") -> RawRequest:
    headers = tuple((name.lower().encode(), value.encode()) for name, value in case["headers"])
    return RawRequest("GET", target, ((b"host", b"a"), *headers), b"", case["peer"], case.get("secure", False))


def seen_by(recorder: Recorder) -> tuple[str, bool] | None:
    """Address and security of the one request that came through, if one did."""
    if not recorder.seen:
        return None
    (raw,) = recorder.seen
    return raw.peer, raw.secure


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_client_is_the_rightmost_that_is_no_proxy(case: dict[str, Any]) -> None:
    """Address and security are as the case says, or the request is refused with 400 and no service sees it."""
    recorder = Recorder()
    answer = BehindProxies(recorder, TRUSTED).serve(request(case))
    assert seen_by(recorder) == (tuple(case["seen"]) if case["seen"] else None)
    assert (answer.status, answer.body) == ((200, b"answer") if case["seen"] else (400, b""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_on_a_thread_it_is_the_same(case: dict[str, Any]) -> None:
    """What is not answered inline is judged again, and alike."""
    recorder = Recorder()
    behind = BehindProxies(recorder, TRUSTED)
    raw = request(case, b"/thread")
    if case["seen"]:
        with pytest.raises(NotLoaded):
            behind.serve(raw)
    answer = behind.serve_blocking(raw)
    assert seen_by(recorder) == (tuple(case["seen"]) if case["seen"] else None)
    assert answer.status == (200 if case["seen"] else 400)


def test_headers_go_on_as_they_came() -> None:
    """The service verifies signatures over them, so nothing is taken out or put in."""
    recorder = Recorder()
    raw = request(next(case for case in CASES if case["name"] == "one client"))
    BehindProxies(recorder, TRUSTED).serve(raw)
    (seen,) = recorder.seen
    assert (seen.headers, seen.target, seen.body, seen.method) == (raw.headers, raw.target, raw.body, raw.method)


def test_a_refusal_is_logged_once_and_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever set the proxy up learns why; nobody fills the log, or writes into it."""
    behind = BehindProxies(Recorder(), TRUSTED)
    with caplog.at_level(logging.WARNING):
        for word in ("unknown", "secret-word"):
            behind.serve(request({"peer": "10.0.0.2", "headers": [["X-Forwarded-For", word]]}))
    assert [record.message for record in caplog.records] == [
        "what a trusted proxy forwards is refused: X-Forwarded-For holds what is no bare address"
    ]


def test_a_peer_without_an_address_is_no_proxy() -> None:
    """Other servers than ours may not say where a request came from."""
    recorder = Recorder()
    BehindProxies(recorder, TRUSTED).serve(request({"peer": "", "headers": [["X-Forwarded-For", "8.8.8.8"]]}))
    BehindProxies(recorder, TRUSTED).serve(request({"peer": "testclient", "headers": [["X-Forwarded-For", "8.8.8.8"]]}))
    assert [raw.peer for raw in recorder.seen] == ["", "testclient"]


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@given(st.lists(st.one_of(ADDRESSES, st.text(st.characters(codec="ascii"), max_size=20)), max_size=5), ADDRESSES)
def test_whatever_a_client_writes_its_own_address_stands(written: list[str], own: str) -> None:
    """A proxy that appends decides: no prefix of the list changes what is seen, unless the client is a proxy."""
    recorder = Recorder()
    line = ", ".join([*written, own])
    raw = RawRequest("GET", b"/", ((b"x-forwarded-for", line.encode()),), b"", "10.0.0.2")
    answer: Response = BehindProxies(recorder, ("10.0.0.2",)).serve(raw)
    if written_address(own) != "10.0.0.2":
        assert answer.status == 200
        assert recorder.seen[0].peer == written_address(own)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1%2", "192.0.2.1"),
        ("", ""),
    ],
)
def test_a_peer_has_one_address(given: str, plain: str) -> None:
    """The same machine is the same text, through whichever socket it came."""
    assert plain_address(given) == plain
