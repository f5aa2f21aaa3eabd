"""Several worker processes on one listening socket: start, watch, replace, stop.

The socket is bound once and inherited. So a connection that the kernel has taken is never lost with a worker: another
one accepts it. Workers hold one end of a pipe whose other end only the supervisor holds; when it dies, however it dies,
they see that and stop.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn, Protocol

from daypass.server import metrics

_log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_START_SECONDS = 60.0
_STEADY_SECONDS = 10.0
_BACKOFF_SECONDS = 5.0
_READY = b"+"


class WorkerFailed(Exception):
    """A worker process ended before it served. The text is its own reason."""


class Worker(Protocol):
    """What the server in one process tells and asks its surroundings.

    ``renew`` is called when SIGHUP comes; None: it ends the process. ``shares_socket``: others accept from it, too.
    """

    shares_socket: bool
    failure: Exception | None
    renew: Callable[[], None] | None

    async def started(self) -> None:
        """The server accepts connections."""
        ...

    def should_stop(self) -> bool:
        """Whether someone but a signal wants the end."""
        ...


class _Forked:
    """The worker's side of its two pipes."""

    shares_socket = True
    renew: Callable[[], None] | None = None  # the supervisor does it, and replaces the workers

    def __init__(self, report: int, lifeline: int) -> None:
        self.failure: Exception | None = None
        self._report = report
        self._lifeline = lifeline

    async def started(self) -> None:
        """Tell the supervisor."""
        os.write(self._report, _READY)

    def should_stop(self) -> bool:
        """Whether the supervisor is gone: nobody writes into its pipe, so it can only become readable by ending."""
        return bool(select.select([self._lifeline], [], [], 0)[0])


@dataclass(slots=True)
class _Process:
    pid: int
    report: int
    since: float = field(default_factory=time.monotonic)
    said: bytes = b""

    @property
    def is_ready(self) -> bool:
        return self.said.startswith(_READY)


class Supervisor:
    """Keeps ``count`` workers running ``work`` until a signal, then ends them all.

    ``renew`` is called in this process when SIGHUP comes, before the workers are replaced.
    """

    def __init__(
        self,
        work: Callable[[Worker], None],
        count: int,
        announce: Callable[[], None],
        drain_seconds: float,
        stop: threading.Event | None,
        renew: Callable[[], None],
    ) -> None:
        self._work = work
        self._count = count
        self._announce = announce
        self._drain_seconds = drain_seconds
        self._stop = stop
        self._renew = renew
        self._processes: list[_Process] = []
        self._restarts: list[float] = []
        self._failures = 0
        self._stopping = self._replacing = False

    def run(self) -> None:
        """Start, watch, and end the workers.

        Raises:
            WorkerFailed: one of the first workers could not start.
        """
        with metrics.shared_directory() as directory:
            metrics.share(directory)
            self._run()

    def _run(self) -> None:
        self._lifeline, self._hold = os.pipe()
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._wake, False)
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        old_wake = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            self._start_all()
            self._watch()
        finally:
            self._end(self._processes)
            signal.set_wakeup_fd(old_wake)
            for number, handler in before.items():
                signal.signal(number, handler)
            for fd in (self._lifeline, self._hold, self._wake, wake):
                os.close(fd)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stopping = True
        elif number == signal.SIGHUP:
            self._replacing = True

    # ── start and watch ──────────────────────────────────────────────────────────────────────────────

    def _start_all(self) -> None:
        self._processes += [self._fork() for _ in range(self._count)]
        for process in self._processes:
            self._wait_until_ready(process)
        if not self._should_stop():
            self._announce()

    def _wait_until_ready(self, process: _Process) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while not (process.is_ready or self._should_stop()):
            self._sleep(0.5)
            ended = self._has_ended(process)
            if ended or time.monotonic() > give_up:
                while ended and process.report >= 0:  # its last words may have come after we last listened
                    self._hear(process)
                raise WorkerFailed(process.said.decode(errors="replace") or f"worker {process.pid} did not start")

    def _watch(self) -> None:
        while not self._should_stop():
            self._sleep(min([0.5, *(max(0.0, at - time.monotonic()) for at in self._restarts)]))
            self._bury()
            self._restart()
            if self._replacing:
                self._replacing = False
                self._renew()
                self._replace_all()

    def _should_stop(self) -> bool:
        return self._stopping or (self._stop is not None and self._stop.is_set())

    def _sleep(self, seconds: float) -> None:
        """Until a signal, a worker's report, or the time is up."""
        reports = [process.report for process in self._processes if process.report >= 0]
        readable, _, _ = select.select([self._wake, *reports], [], [], seconds)
        if self._wake in readable:
            with suppress(BlockingIOError):
                os.read(self._wake, 4096)
        for process in self._processes:
            if process.report in readable:
                self._hear(process)

    def _hear(self, process: _Process) -> None:
        said = os.read(process.report, 4096)
        process.said += said
        if not said:
            os.close(process.report)
            process.report = -1

    def _bury(self) -> None:
        for process in list(self._processes):
            if self._has_ended(process):
                self._processes.remove(process)
                steady = process.is_ready and time.monotonic() - process.since > _STEADY_SECONDS
                self._failures = 0 if steady else self._failures + 1
                wait = 0.0 if self._failures <= 1 else min(_BACKOFF_SECONDS, 0.1 * 2 ** (self._failures - 2))
                _log.error("worker %d ended unexpectedly; the next one starts in %.1f s", process.pid, wait)
                self._restarts.append(time.monotonic() + wait)

    def _restart(self) -> None:
        due = [at for at in self._restarts if at <= time.monotonic()]
        for at in due:
            self._restarts.remove(at)
            self._processes.append(self._fork())

    def _replace_all(self) -> None:
        """A new worker first, and only when it serves, the old one goes."""
        for old in list(self._processes):
            new = self._fork()
            self._processes.append(new)
            try:
                self._wait_until_ready(new)
            except WorkerFailed as failure:
                _log.error("a new worker could not start, the old ones stay: %s", failure)
                self._end([new])
                return
            if self._should_stop():
                return
            self._end([old])

    # ── one process ──────────────────────────────────────────────────────────────────────────────────

    def _fork(self) -> _Process:
        report, said = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal to the worker that our handler took, before it has its own, would be lost: it waits meanwhile.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            self._be_worker(said, [report, self._hold, *(p.report for p in self._processes if p.report >= 0)])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(said)
        return _Process(pid, report)

    def _be_worker(self, report: int, others: list[int]) -> NoReturn:
        """The life of a worker. It leaves by ``_exit``: what the parent wants done at its exit is the parent's."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            for fd in others:
                os.close(fd)
            self._work(_Forked(report, self._lifeline))
            code = 0
        except BaseException as failure:  # noqa: BLE001 - told to the supervisor, who raises it
            with suppress(OSError):
                os.write(report, f"{type(failure).__name__}: {failure}"[:4096].encode())
        finally:
            with suppress(Exception):
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _has_ended(self, process: _Process) -> bool:
        try:
            ended, _ = os.waitpid(process.pid, os.WNOHANG)
        except OSError as problem:
            return problem.errno == errno.ECHILD
        return ended != 0

    def _end(self, processes: list[_Process]) -> None:
        """Ask politely, wait for the draining, then insist."""
        leaving = list(processes)
        for process in leaving:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        give_up = time.monotonic() + self._drain_seconds + 2.0
        waiting = list(leaving)
        while waiting and time.monotonic() < give_up:
            waiting = [process for process in waiting if not self._has_ended(process)]
            if waiting:
                time.sleep(0.02)
        for process in waiting:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(process.pid, 0)
        for process in leaving:
            if process.report >= 0:
                os.close(process.report)
            self._processes.remove(process)
