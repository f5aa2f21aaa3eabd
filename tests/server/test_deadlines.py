"""Whoever is slow is cut, and costs nobody else anything."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from daypass.server import Limits
from tests.server.conftest import Running, answers_in, read_all, running

SHORT = Limits(head_seconds=0.5, body_seconds=0.7, idle_seconds=0.6, write_seconds=0.5)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def short() -> Iterator[Running]:
    with running(SHORT) as server:
        yield server


def drip(sock: socket.socket, text: bytes, pause: float = 0.05) -> float:
    """Send byte by byte until the server has had enough; the seconds that took."""
    began = time.monotonic()
    sock.settimeout(pause)
    for byte in text:
        try:
            sock.sendall(bytes([byte]))
            sock.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
        except OSError:
            pass
        break  # an answer, or the end
    sock.settimeout(10)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("sent", "dripped", "deadline"),
    [
        (b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"a" * 1000, SHORT.head_seconds),
        (b"GET / HTTP/1.1\r\n", b"X-Slow: a\r\n" * 100, SHORT.head_seconds),
        (b"", b"\r\n" * 500, SHORT.head_seconds),
        (GET, b"GET /again HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"a" * 1000, SHORT.head_seconds),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"a" * 999, SHORT.body_seconds),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 200, SHORT.body_seconds),
    ],
    ids=["head", "header by header", "empty lines", "second head", "body", "chunks"],
)
def test_a_dripping_client_is_cut_at_the_deadline(short: Running, sent: bytes, dripped: bytes, deadline: float) -> None:
    """Each byte on its own in time does not help: the whole head and the whole body have a deadline."""
    with short.connect() as sock:
        sock.sendall(sent)
        if sent == GET:
            answers_in(sock.recv(65_536))
        took = drip(sock, dripped)
        assert deadline - 0.2 < took < deadline + 0.6
        answers = answers_in(read_all(sock))
        assert [answer.status for answer in answers] == [408]


def test_a_silent_connection_is_closed(short: Running) -> None:
    """A client that says nothing gets nothing."""
    began = time.monotonic()
    with short.connect() as sock:
        assert read_all(sock) == b""
    assert time.monotonic() - began < SHORT.head_seconds + 0.6


def test_an_idle_connection_is_closed_without_an_answer(short: Running) -> None:
    """Between two requests there is nothing to answer."""
    with short.connect() as sock:
        sock.sendall(GET)
        answers_in(sock.recv(65_536))
        began = time.monotonic()
        assert read_all(sock) == b""
        assert SHORT.idle_seconds - 0.2 < time.monotonic() - began < SHORT.idle_seconds + 0.6


def test_a_request_on_a_thread_is_not_cut(short: Running) -> None:
    """The deadlines are the client's, not the service's."""
    short.recorder.gate.clear()
    with short.connect() as sock:
        sock.sendall(b"GET /thread HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        time.sleep(SHORT.head_seconds + SHORT.idle_seconds)
        short.recorder.gate.set()
        assert answers_in(read_all(sock))[0].status == 200


def test_a_client_that_does_not_read_is_cut() -> None:
    """Answers that nobody reads do not pile up: reading stops, and then the connection goes."""
    with running(SHORT) as server:
        server.recorder.body = b"a" * 1_000_000
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(server.address)
            sock.settimeout(0.1)
            with pytest.raises(ConnectionError):
                send_for(sock, 10)
        assert len(server.recorder.seen) < 2000
        assert answers_in(exchange_bytes(server))[0].status == 200


def test_four_hundred_slow_clients_are_cut_and_a_healthy_one_does_not_notice() -> None:
    """Dripping heads, dripping bodies and idle connections end in time; others are served meanwhile."""
    with running(Limits(head_seconds=1.5, body_seconds=1.5, idle_seconds=1.5)) as server:
        starts = [b"GET / HTTP/1.1\r\nX-Slow: ", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1", b""]
        slow = [server.connect() for _ in range(400)]
        began = time.monotonic()
        for number, sock in enumerate(slow):
            sock.sendall(starts[number % 3])
        slowest = 0.0
        with server.connect() as healthy:
            while time.monotonic() - began < 1.2:
                asked = time.monotonic()
                healthy.sendall(GET)
                assert answers_in(healthy.recv(65_536))[0].status == 200
                slowest = max(slowest, time.monotonic() - asked)
        assert slowest < 0.5
        for number, sock in enumerate(slow):
            with sock:
                assert [answer.status for answer in answers_in(read_all(sock))] == ([] if number % 3 == 2 else [408])
        assert time.monotonic() - began < 4


def send_for(sock: socket.socket, seconds: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with suppress(TimeoutError):
            sock.sendall(GET * 100)


def exchange_bytes(server: Running) -> bytes:
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return read_all(sock)
