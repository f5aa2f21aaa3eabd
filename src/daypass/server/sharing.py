"""Accepting connections from a socket that several workers share.

The event loop's own server accepts all that is waiting at once, so the worker that wakes first would get, and keep, all
connections of a client that opens many: with two workers and 32 connections, one mostly had all of them. Here each
worker accepts one connection in a turn of its loop. A busy worker has longer turns, and so accepts fewer.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)

_PAUSE = 0.1
"""Seconds without accepting after the system had nothing left for a connection."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class SharedListener:
    """Accepts on ``sock`` until closed. ``tls`` are the arguments of ``connect_accepted_socket`` beside the socket.

    What waits in the socket when it is closed is for the other workers.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        factory: Callable[[], asyncio.BaseProtocol],
        **tls: Any,
    ) -> None:
        self._loop, self._socket, self._factory, self._tls = loop, sock, factory, tls
        self._beginning: set[asyncio.Task[None]] = set()  # a task that nobody holds may vanish
        self._closed = False
        sock.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Accept nothing more."""
        self._closed = True
        self._loop.remove_reader(self._socket)

    def accept(self) -> None:
        """Take one connection, if another worker has not taken it."""
        try:
            accepted, _ = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as problem:
            if problem.errno not in _EXHAUSTED:
                raise
            _log.error("no connection can be accepted: %s", problem.strerror)
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_PAUSE, self._resume)
            return
        os.sched_yield()  # on a busy machine the others that were woken come too late otherwise
        task = self._loop.create_task(self._begin(accepted))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    def _resume(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._socket, self.accept)

    async def _begin(self, accepted: socket.socket) -> None:
        """Hand the connection to its protocol. A client that leaves, or fails at TLS, is nobody's concern."""
        try:
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._factory, accepted, **self._tls)
        except OSError:
            accepted.close()
