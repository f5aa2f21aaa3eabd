"""Large requests are refused before they are held in memory, and many connections before they are served."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from daypass.server import Limits
from tests.server.conftest import Program, answers_in, program, read_all, resident_bytes, running

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    with program() as one:
        one.get()
        yield one


def send_and_read(server: Program, sent: bytes) -> list[int]:
    with server.connect() as sock:
        try:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return [answer.status for answer in answers_in(read_all(sock))]


@pytest.mark.parametrize(
    ("sent", "status", "times"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n", 413, 200),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" + b"a" * MEGABYTE, 413, 50),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 400, 200),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 10_000 + b"\r\n", 400, 100),
        (b"GET /" + b"a" * MEGABYTE + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400, 50),
    ],
    ids=["a gigabyte announced", "a gigabyte begun", "a header of 70 kB", "ten thousand headers", "a target of 1 MB"],
)
def test_large_requests_cost_no_memory(server: Program, sent: bytes, status: int, times: int) -> None:
    """Each is refused, and the process is not 20 MB larger after many of them at once."""
    before = resident_bytes(server.process.pid)
    socks = [server.connect() for _ in range(times)]
    for sock in socks:
        sock.setblocking(False)
        with suppress(BlockingIOError):
            sock.send(sent)
    time.sleep(0.3)
    assert resident_bytes(server.process.pid) - before < 20 * MEGABYTE
    for sock in socks:
        sock.close()
    assert send_and_read(server, sent) in ([status], [])  # [] where a reset overtook the refusal
    assert server.get()


def test_the_largest_body_is_accepted_and_one_byte_more_is_not(server: Program) -> None:
    """Ten million bytes are STS's limit; a client that is a little over it gets to read its refusal."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    assert send_and_read(server, head % 10_000_000 + b"a" * 10_000_000) == [200]
    assert send_and_read(server, head % 10_000_001 + b"a" * 10_000_001) == [413]


def test_a_body_in_tiny_chunks_costs_no_memory(server: Program) -> None:
    """Ten thousand chunks and no more; what they hold is kept as bytes, not as pieces."""
    before = resident_bytes(server.process.pid)
    sent = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 500_000
    assert send_and_read(server, sent) in ([400], [])
    assert resident_bytes(server.process.pid) - before < 20 * MEGABYTE


def test_endless_chunk_extensions_end(server: Program) -> None:
    """Framing counts towards the size of a body."""
    with server.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;")
        with pytest.raises(ConnectionError):
            sock.sendall(b"a" * 60 * MEGABYTE)


def test_connections_beyond_the_cap_are_shed_with_503() -> None:
    """The cap is per process; who has a connection keeps it, and a free place is taken again."""
    with running(Limits(connections=8)) as server:
        held = [server.connect() for _ in range(8)]
        for sock in held:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answers_in(sock.recv(65_536))[0].status == 200
        with server.connect() as sock:
            (answer,) = answers_in(read_all(sock))
            assert (answer.status, answer.headers["connection"]) == (503, "close")
        held[0].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answers_in(read_all(held[0]))[0].status == 200
        held[0].close()
        with server.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answers_in(sock.recv(65_536))[0].status == 200
        for sock in held[1:]:
            sock.close()


def test_a_flood_of_connections_is_cut_without_an_answer() -> None:
    """Far beyond the cap not even a refusal is written, so that refusals cannot fill the process either."""
    with running(Limits(connections=8)) as server:
        held = [server.connect() for _ in range(30)]
        time.sleep(0.3)
        assert len([sock for sock in held if _is_open(sock)]) <= 10
        for sock in held:
            sock.close()


def _is_open(sock: socket.socket) -> bool:
    sock.settimeout(0.05)
    try:
        while piece := sock.recv(4096):
            assert piece.startswith(b"HTTP/1.1 503 ")
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False
    return False
