"""Workers share what comes to one socket."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvloop

from daypass.server.sharing import SharedListener


class Taken(asyncio.Protocol):
    """Connections that one worker has taken."""

    def __init__(self, taken: list[asyncio.BaseTransport]) -> None:
        self._taken = taken

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._taken.append(transport)


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def knock(sock: socket.socket, count: int, stack: ExitStack) -> None:
    """Open ``count`` connections that wait to be accepted."""
    for _ in range(count):
        stack.enter_context(socket.create_connection(sock.getsockname(), timeout=5))


def test_a_worker_takes_one_connection_in_a_turn(sock: socket.socket) -> None:
    """And leaves the others to whoever comes, though all of them wait."""
    taken: list[asyncio.BaseTransport] = []

    async def run() -> int:
        listener = SharedListener(asyncio.get_running_loop(), sock, lambda: Taken(taken))
        listener.close()  # it is asked by hand
        listener.accept()
        await asyncio.sleep(0.05)
        return len(taken)

    with ExitStack() as stack:
        knock(sock, 3, stack)
        assert uvloop.run(run()) == 1
        sock.accept()[0].close()
        sock.accept()[0].close()


def test_all_that_come_are_served_by_somebody(sock: socket.socket) -> None:
    """Two loops' worth of listeners on one socket take each connection once."""
    taken: list[asyncio.BaseTransport] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        both = [SharedListener(loop, each, lambda: Taken(taken)) for each in (sock, sock.dup())]
        async with asyncio.timeout(5):
            while len(taken) < 20:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for listener in both:
            listener.close()

    with ExitStack() as stack:
        knock(sock, 20, stack)
        uvloop.run(run())
    assert len(taken) == 20


class Exhausted:
    """A socket of a process that has no file descriptor left, until it is given one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.tries = 0

    def accept(self) -> object:
        self.tries += 1
        if self.tries < 3:
            raise OSError(errno.EMFILE, "too many open files")
        return self._sock.accept()

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)


def test_a_worker_without_file_descriptors_tries_again(sock: socket.socket) -> None:
    """A little later each time, and not in every turn of its loop."""
    taken: list[asyncio.BaseTransport] = []
    poor = Exhausted(sock)

    async def run() -> None:
        listener = SharedListener(asyncio.get_running_loop(), poor, lambda: Taken(taken))  # type: ignore[arg-type]
        async with asyncio.timeout(5):
            while not taken:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        listener.close()

    with ExitStack() as stack:
        knock(sock, 1, stack)
        uvloop.run(run())
    assert poor.tries <= 4
