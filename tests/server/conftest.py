"""A real server on loopback, in a thread of this process, and a client that speaks bytes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from daypass.exchange import RawRequest, Response
from daypass.ports import Health, NotLoaded
from daypass.server import Limits, Listen, Served, Tls, serve_forever


class Recorder:
    """A service that remembers what it was asked. Paths under ``/thread`` are answered on a thread."""

    def __init__(self) -> None:
        self.seen: list[RawRequest] = []
        self.gate = threading.Event()
        self.gate.set()
        self.body = b"answer"
        self.closed = False

    def serve(self, raw: RawRequest) -> Response:
        if raw.target.startswith(b"/thread"):
            raise NotLoaded
        return self._answer(raw)

    def serve_blocking(self, raw: RawRequest) -> Response:
        assert self.gate.wait(20)
        return self._answer(raw)

    def _answer(self, raw: RawRequest) -> Response:
        self.seen.append(raw)
        if raw.target.startswith(b"/broken"):
            raise ValueError("the secret is wJalrXUtnFEMI")
        if raw.target.startswith(b"/split"):
            return Response(302, ((b"location", b"/\r\nset-cookie: a=b"),))
        body = raw.target if raw.target.startswith(b"/echo") else self.body
        return Response(200, ((b"content-type", b"text/plain"),), body)

    def health(self) -> Health:
        return Health(ok=True, facts={"revision": 7})

    def close(self) -> None:
        self.closed = True


@dataclass
class Running:
    """A server that answers."""

    url: str
    recorder: Recorder
    stop: Callable[[], None]
    address: tuple[str, int] = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        assert parts.hostname
        assert parts.port
        self.address = (parts.hostname, parts.port)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)


@contextmanager
def running(limits: Limits | None = None, *, tls: Tls | None = None, open_probes: bool = False) -> Iterator[Running]:
    """Serve a ``Recorder`` until the block ends."""
    recorder, stop, ready = Recorder(), threading.Event(), threading.Event()
    said: list[str] = []
    failures: list[BaseException] = []

    def announce(url: str) -> None:
        said.append(url)
        ready.set()

    def run() -> None:
        try:
            serve_forever(
                Listen("127.0.0.1", 0),
                lambda: Served(recorder, recorder, recorder.close, open_probes),
                on_ready=announce,
                tls=tls,
                limits=limits or Limits(),
                stop=stop,
            )
        except BaseException as failure:
            failures.append(failure)
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"

    try:
        assert ready.wait(20), "the server did not start"
        if failures:
            raise failures[0]
        yield Running(said[0], recorder, end)
    finally:
        recorder.gate.set()
        end()
        assert not failures


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with the usual limits, shared by the tests of a module."""
    with running() as one:
        yield one


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def read_all(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = bytearray()
    try:
        while piece := sock.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return bytes(received)


def answers_in(received: bytes, *, head_only: bool = False) -> list[Answer]:
    """The answers in a byte stream; fails when anything is left over."""
    found = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        assert separator, f"half a head: {head!r}"
        status_line, *lines = head.decode("ascii").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        assert len(headers) == len(lines), f"a header twice: {lines}"
        length = 0 if head_only else int(headers.get("content-length", "0"))
        assert len(rest) >= length, "half a body"
        found.append(Answer(int(status_line.split()[1]), headers, rest[:length]))
        received = rest[length:]
    return found


def exchange(server: Running, sent: bytes, *, head_only: bool = False) -> list[Answer]:
    """Send, close our side, and return every answer that comes back."""
    with server.connect() as sock:
        try:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before we were done; the answer is waiting for us
        return answers_in(read_all(sock), head_only=head_only)


@dataclass
class Program:
    """``program.py`` in a process of its own."""

    process: subprocess.Popen[str]
    address: tuple[str, int]

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def get(self, path: str = "/") -> bytes:
        """One answer's body over a connection of its own."""
        with self.connect() as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            (answer,) = answers_in(read_all(sock))
        assert answer.status == 200
        return answer.body

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait for its end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def program(**told: object) -> Iterator[Program]:
    """Run ``program.py`` until the block ends."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("program.py")), json.dumps(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("ready "), process.stderr.read() if process.stderr else ""
        url = urlsplit(line.split()[1])
        assert url.hostname
        assert url.port
        yield Program(process, (url.hostname, url.port))
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.01)


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
