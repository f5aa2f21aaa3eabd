"""Serve until told to stop: one process here, or a supervisor with several (``workers.py``)."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from uvicorn import Config
from uvicorn import Server as UvicornServer

from daypass.server import metrics
from daypass.server.asgi import Application, Served
from daypass.server.limits import Limits
from daypass.server.listen import (
    BACKLOG,
    Listen,
    ListenError,
    Tls,
    base_url,
    open_listener,
    serve_renewed,
    tls_context,
    wait_until_it_answers,
)
from daypass.server.protocol import Connection
from daypass.server.sharing import SharedListener
from daypass.server.workers import Supervisor, Worker

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_SHUTDOWN_SECONDS = 1.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve_forever(
    listen: Listen,
    make_service: Callable[[], Served],
    *,
    on_ready: Callable[[str], None],
    workers: int = 1,
    tls: Tls | None = None,
    limits: Limits = Limits(),
    stop: threading.Event | None = None,
    on_bound: Callable[[int], None] = lambda port: None,
) -> None:
    """Listen and serve in the calling thread until SIGTERM, SIGINT or ``stop``; drain, then return.

    ``make_service`` is called once in every worker process, after the fork and before the first request. With one
    worker that is this process, and the calling thread may be any; with several it must be the main thread.
    ``on_bound`` gets the port before any service is made. ``on_ready`` gets the base URL (``http://127.0.0.1:7177``)
    once the server has answered a request of its own over the network; it is called once, in this process. On SIGHUP
    the TLS files are read anew; and several workers are replaced one by one, without refusing or breaking a request.
    One worker without TLS has nothing to read, and stops.

    Raises:
        ListenError: the address cannot be had, the TLS files cannot be used, or nothing answers there.
        WorkerFailed: with several workers, one could not start. With one, what ``make_service`` raised is raised.
    """
    context = tls_context(tls) if tls else None
    _allow_many_connections(limits)
    with open_listener(listen) as sock:
        url = base_url(sock, listen, secure=tls is not None)
        on_bound(sock.getsockname()[1])

        def announce() -> None:
            wait_until_it_answers(sock, secure=tls is not None)
            on_ready(url)

        def work(worker: Worker) -> None:
            _serve(sock, context, make_service, limits, worker)

        def renew() -> None:
            if tls and context:
                _renew(context, tls)

        if workers == 1:
            work(_Alone(announce, stop, renew if tls else None))
        else:
            Supervisor(work, workers, announce, limits.drain_seconds, stop, renew).run()


def _renew(context: ssl.SSLContext, tls: Tls) -> None:
    try:
        serve_renewed(context, tls)
    except ListenError as problem:  # half written, or gone
        _log.error("the certificate read before stays in use: %s", problem)
    else:
        _log.info("the certificate was read anew")


def _serve(
    sock: socket.socket,
    context: ssl.SSLContext | None,
    make_service: Callable[[], Served],
    limits: Limits,
    worker: Worker,
) -> None:
    application = Application(make_service(), limits)
    try:
        # What was loaded by now stays: the collector need not walk through a million entities again and again.
        gc.collect()
        gc.freeze()
        server = Server(application, context, worker)
        server.run([sock])
    finally:
        application.close()
    if worker.failure and not server.should_exit:
        raise worker.failure


class _Alone:
    """The only process: it announces itself."""

    shares_socket = False

    def __init__(
        self, announce: Callable[[], None], stop: threading.Event | None, renew: Callable[[], None] | None
    ) -> None:
        self.failure: Exception | None = None
        self.renew = renew
        self._announce = announce
        self._stop = stop

    async def started(self) -> None:
        """The server accepts connections."""
        try:
            await asyncio.to_thread(self._announce)
        except Exception as failure:  # noqa: BLE001 - raised again by `_serve` when the server has stopped
            # Told to stop before it was announced, it is the end of the server that broke the announcement.
            if not self.should_stop():
                self.failure = failure

    def should_stop(self) -> bool:
        """Whether someone but a signal wants the end."""
        return self.failure is not None or (self._stop is not None and self._stop.is_set())


class Server(UvicornServer):
    """uvicorn's server with our connections, deadlines, and an end that breaks no answer."""

    def __init__(self, application: Application, context: ssl.SSLContext | None, worker: Worker) -> None:
        super().__init__(
            Config(
                application,
                http=Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                backlog=BACKLOG,
                ssl_context_factory=(lambda config, default: context) if context else None,
            )
        )
        self._limits = application.limits
        self._worker = worker
        self._hung_up = False
        self._listeners: list[SharedListener | asyncio.Server] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections on the sockets handed in."""
        loop = asyncio.get_running_loop()
        secure = self.config.ssl is not None

        def connection() -> Connection:
            return Connection(self.config, self.server_state, {}, loop)

        tls: dict[str, Any] = {
            "ssl": self.config.ssl,
            "ssl_handshake_timeout": self._limits.head_seconds if secure else None,
            "ssl_shutdown_timeout": _SHUTDOWN_SECONDS if secure else None,
        }
        self._listeners = [
            SharedListener(loop, sock, connection, **tls)
            if self._worker.shares_socket
            else await loop.create_server(connection, sock=sock, backlog=BACKLOG, **tls)
            for sock in sockets or []
        ]
        self.started = True
        self._starting = loop.create_task(self._worker.started())

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: cut what is too slow, and see whether to stop."""
        self._cut_late_connections()
        if self._hung_up and self._worker.renew:
            self._hung_up = False
            self._worker.renew()
        if counter % round(metrics.SHARE_SECONDS / _TICK_SECONDS) == 0:
            metrics.leave_copy()
        return self.should_exit or self._worker.should_stop()

    def _cut_late_connections(self) -> None:
        # One tick early rather than late: nothing lives longer than its deadline.
        late = asyncio.get_running_loop().time() + _TICK_SECONDS
        # Connections leave the set when they are cut.
        for connection in [each for each in self.server_state.connections if each.deadline < late]:  # type: ignore[union-attr]  # all are ours
            connection.expire()  # type: ignore[union-attr]  # likewise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer what is under way, close."""
        for listener in self._listeners:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._limits.drain_seconds
        while self.server_state.connections and loop.time() < give_up:
            await asyncio.sleep(_TICK_SECONDS / 5)
            self._cut_late_connections()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self._starting

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on the usual signals, and put back what was there before, without dying of them afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _STOP_SIGNALS if not _ignored(number)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second signal changes nothing: the end is bounded anyway."""
        if sig == signal.SIGHUP and self._worker.renew:
            self._hung_up = True
        else:
            self.should_exit = True


def _ignored(number: int) -> bool:
    # nohup and the like: who started us wants us to outlive the terminal.
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def _allow_many_connections(limits: Limits) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - absent on Windows

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * limits.connections + 256
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
