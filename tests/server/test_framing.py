"""Requests that two parties could read differently, each with what must become of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Running, answers_in, exchange, read_all, running

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases").joinpath("framing.json").read_text())


def wire_bytes(parts: list[Any]) -> bytes:
    """A case's ``send``: text, whose characters are bytes, and ``[text, times]``."""
    return b"".join((part if isinstance(part, str) else part[0] * part[1]).encode("latin-1") for part in parts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_malformed_request_gets_its_status_and_no_service_sees_it(server: Running, case: dict[str, Any]) -> None:
    """A request that has one reading is served as sent; any other is refused, and nothing after it is read."""
    server.recorder.seen.clear()
    answers = exchange(server, wire_bytes(case["send"]), head_only=case["served"] and case["served"][0][0] == "HEAD")
    assert [answer.status for answer in answers] == case["status"]
    seen = [[raw.method, raw.target.decode(), raw.body.decode()] for raw in server.recorder.seen]
    assert seen == case["served"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["status"] and case["status"][-1] >= 400], ids=lambda case: case["name"]
)
def test_a_refusal_is_empty_and_ends_the_connection(server: Running, case: dict[str, Any]) -> None:
    """A refusal says nothing but its status and date, and that it closes."""
    refusal = exchange(server, wire_bytes(case["send"]))[-1]
    assert refusal.body == b""
    assert refusal.headers.pop("date")
    assert refusal.headers == {"content-length": "0", "connection": "close"}


def test_there_are_enough_cases() -> None:
    """The corpus only grows."""
    assert len(CASES) >= 150
    assert sum(not case["served"] for case in CASES) >= 110


@pytest.mark.parametrize("path", [b"/", b"/thread"])
@pytest.mark.parametrize("last", [b"Connection: close", b"Connection: Upgrade\r\nUpgrade: h2c", b"Bad Name: a"])
@pytest.mark.parametrize("cut", [True, False], ids=["in a second read", "in the same read"])
def test_what_follows_the_last_request_is_never_served(path: bytes, last: bytes, cut: bool) -> None:
    """Neither while the last request waits for a thread, nor after its answer."""
    hidden = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
    with running() as server:
        server.recorder.gate.clear()
        with server.connect() as sock:
            sock.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n" + last + b"\r\n\r\n" + (b"" if cut else hidden))
            exchange(server, b"GET /sync HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.sendall(hidden * cut)
            server.recorder.gate.set()
            assert len(answers_in(read_all(sock))) == 1
        assert {raw.target for raw in server.recorder.seen} <= {path, b"/sync"}


@pytest.mark.parametrize("path", [b"/", b"/thread"])
@pytest.mark.parametrize(
    "broken", [b"\x01" * 60_000, b"GET / HTTP/1.1\r\na: " + b"a" * 60_000], ids=["no head", "long head"]
)
def test_a_refusal_that_waits_is_the_last_answer_however_much_one_read_brings(path: bytes, broken: bytes) -> None:
    """A request and far more than one head of what is none, in one read: one answer, one refusal, and others go on."""
    with running() as server:
        exchange(server, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n" + broken)
        assert [answer.status for answer in exchange(server, b"GET /on HTTP/1.1\r\nHost: a\r\n\r\n")] == [200]
        assert [raw.target for raw in server.recorder.seen] == [path, b"/on"]
