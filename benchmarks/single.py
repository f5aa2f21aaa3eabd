"""Load of requests that work once only: each is sent once, over as many connections as there are threads.

A generator in Python does not drive the server to its limit, as wrk does; a figure of it is put beside an empty answer
that was measured with it too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from benchmarks.load import TWO_CORES, Request, cpu_seconds, pin, raw


def measure_once(pid: int, requests: Sequence[Request], connections: int) -> float:
    """CPU microseconds of the server per request. Every answer must be a success.

    Raises:
        RuntimeError: some were not.
    """
    pin(pid)
    before = cpu_seconds(pid)
    with ThreadPoolExecutor(connections, initializer=take_second_core) as threads:
        shares = [requests[first::connections] for first in range(connections)]
        list(threads.map(_send, shares))
    return (cpu_seconds(pid) - before) / len(requests) * 1e6


def take_second_core() -> None:
    """Run this thread, and all that it starts, where load comes from."""
    if TWO_CORES:
        os.sched_setaffinity(0, {1})


def _send(share: Sequence[Request]) -> None:
    parts = urlsplit(share[0].url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        for request in share:
            connection.sendall(raw(request))
            read_success(connection)


def read_success(connection: socket.socket) -> None:
    """Read one answer whose length is told."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += _more(connection)
    if b" 200 " not in head[:13]:
        raise RuntimeError(answer.decode())


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise RuntimeError("the server has closed the connection")
    return data
