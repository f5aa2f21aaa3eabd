"""Requests at a fixed pace, whatever the server takes for them: one caller's, with the time of each, and strangers'.

Both run in processes of their own on the second core, so that neither waits for the other's interpreter.
"""

from __future__ import annotations

import asyncio
import socket
import time
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import quantiles
from urllib.parse import urlsplit

from benchmarks.load import Request, raw
from benchmarks.single import read_success, take_second_core

PAUSE = 0.005
"""Seconds from one question of the caller to the next."""

BETWEEN = 0.01
"""Seconds from one request of the strangers to the next."""

_PATIENCE = 15
"""Seconds that strangers wait for their last answers."""


@dataclass(frozen=True)
class Times:
    """Microseconds until a caller was answered. ``answers``: how many of the strangers' requests came to what: the code
    of an error, the status where there is none, or nothing.
    """

    p50: float
    p99: float
    longest: float
    answers: Counter[str]


@contextmanager
def pair() -> Iterator[ProcessPoolExecutor]:
    """Processes for a caller and for strangers. They begin afresh: this one has threads, which a fork would lose."""
    with ProcessPoolExecutor(2, get_context("spawn"), take_second_core) as processes:
        yield processes


def beside(
    processes: ProcessPoolExecutor, question: Request, count: int, flood: Sequence[Request], source: str
) -> Times:
    """Ask ``count`` times while ``flood`` comes from the address ``source``, and wait until all of it is answered."""
    strangers = processes.submit(send, flood, source, BETWEEN)
    spent = processes.submit(ask, question, count, PAUSE).result()
    hundredths = quantiles(spent, n=100)
    return Times(hundredths[49] * 1e6, hundredths[98] * 1e6, max(spent) * 1e6, strangers.result())


def ask(question: Request, count: int, pause: float) -> list[float]:
    """Send it over one connection, ``pause`` seconds after the last was due; the seconds until each was answered.

    What is late because the answer before it was late has waited since it was due.

    Raises:
        RuntimeError: an answer was no success.
    """
    parts, data, spent = urlsplit(question.url), raw(question), []
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answered = due = time.perf_counter()
        for _ in range(count):
            time.sleep(max(0.0, due - time.perf_counter()))
            began = due if answered > due else time.perf_counter()
            connection.sendall(data)
            read_success(connection)
            answered = time.perf_counter()
            spent.append(answered - began)
            due += pause
    return spent


def send(requests: Sequence[Request], source: str, pause: float) -> Counter[str]:
    """Send each once from ``source``, ``pause`` seconds after the last, whether that is answered or not.

    What the answers were (``Times.answers``).
    """
    return asyncio.run(_Strangers(source).send(requests, pause))


class _Strangers:
    """Takes a new connection for whatever is to be sent while all others wait for answers."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._idle: list[tuple[StreamReader, StreamWriter]] = []
        self._answers: Counter[str] = Counter()

    async def send(self, requests: Sequence[Request], pause: float) -> Counter[str]:
        tasks, began = [], time.perf_counter()
        for number, request in enumerate(requests):
            await asyncio.sleep(began + number * pause - time.perf_counter())
            tasks.append(asyncio.create_task(self._one(request)))
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_PATIENCE)
            self._answers[""] += len(late)
        for _, writer in self._idle:
            writer.close()
        return +self._answers

    async def _one(self, request: Request) -> None:
        try:
            reader, writer = self._idle.pop() if self._idle else await self._connect(request)
            writer.write(raw(request))
            self._answers[await _answer(reader)] += 1
        except (OSError, EOFError):
            self._answers[""] += 1
            return
        self._idle.append((reader, writer))

    async def _connect(self, request: Request) -> tuple[StreamReader, StreamWriter]:
        parts = urlsplit(request.url)
        return await asyncio.open_connection(parts.hostname, parts.port, local_addr=(self._source, 0))


async def _answer(reader: StreamReader) -> str:
    """Read one answer whose length is told."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    code = (await reader.readexactly(length)).partition(b"<Code>")[2].partition(b"</Code>")[0]
    return (code or head.split(b" ", 2)[1]).decode()
