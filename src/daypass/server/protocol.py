"""One client connection: uvicorn's httptools protocol with deadlines, caps, and no task per request.

A connection is in one of five states; ``run.Server.on_tick`` enforces their deadlines:

    waiting    no byte of a request has come         idle_seconds, then closed
    receiving  a head or a body is under way         head_seconds, then body_seconds, then 408
    answering  the batch or a thread has the request none here; the store has its own
    stalled    the client does not read its answer   write_seconds, then cut
    ending     the last answer is written            a second for the client to read it, then cut

One class in one module, although it is long: reading, answering and flow control share the state of the connection, and
which of them may go on is decided by all of it.

Requests are answered in the order they came. What follows a request on a thread, or an answer the client does not read,
waits in ``_queue``, and reading stops meanwhile: what one client can make us hold is what one read brings.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from daypass.exchange import RawRequest, Response
from daypass.ports import NotLoaded
from daypass.server import metrics
from daypass.server.address import plain_address
from daypass.server.asgi import Application
from daypass.server.head import METHODS, Refused, check_head
from daypass.server.reply import CONTINUE, refusal_bytes, response_bytes

_log = logging.getLogger(__name__)

_LINGER_SECONDS = 1.0
_DRAIN_IDLE_SECONDS = 0.2
_SHED_SHARE = 5 / 4
_VERSIONS = frozenset({"1.0", "1.1"})

_Item = tuple[RawRequest, bool]


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Takes no header. Trailers come the same way, but no AWS client sends any, and the checks are over by then."""

    def append(self, _: tuple[bytes, bytes]) -> None:
        raise Refused(400)


_NO_TRAILERS = _NoTrailers()


class Connection(HttpToolsProtocol):
    """A connection from accept to close. All methods run on the event loop."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # A strict parser: uvicorn tells its own to read on after a request that said `Connection: close`.
        self.parser = HttpRequestParser(self)
        self.application = cast(Application, config.app)
        self.limits = self.application.limits
        self.deadline = math.inf
        self._receiving = self._in_head = False
        self._answering = self._stalled = self._paused = self._draining = self._ending = False
        self._queue: deque[_Item | int] = deque()
        self._chunk = self._fed = self._before = self._discardable = 0
        self._due = 0.0  # seconds that what is being received still has to be given

    # ── the connection ───────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self._peer = plain_address(peer[0]) if isinstance(peer, tuple) else ""
        self._secure = transport.get_extra_info("sslcontext") is not None
        self.connections.add(self)
        metrics.connections.inc()
        self._arm(self.limits.head_seconds)
        if len(self.connections) > self.limits.connections * _SHED_SHARE:
            transport.abort()
        elif len(self.connections) > self.limits.connections:
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        metrics.connections.dec()
        self._ending = True
        self._queue.clear()
        self.parser = None  # type: ignore[assignment]  # it refers to us: a circle

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio documents it
        """A client may close its own side and still wait for its answer (TLS cannot do that)."""
        self._draining = True
        return self._answering and not self._secure

    def shutdown(self) -> None:
        """Answer what is under way, or on its way to us, then close."""
        self._draining = True
        if not (self._receiving or self._answering or self._stalled or self._ending):
            self._arm(_DRAIN_IDLE_SECONDS)

    def expire(self) -> None:
        """The deadline has passed."""
        if self._ending and self.transport.get_write_buffer_size() and self.loop.time() < self._give_up:
            self._arm(_LINGER_SECONDS)
        elif self._ending or self._stalled:
            self.transport.abort()
        elif self._receiving:
            self._refuse(408)
        else:
            self._end()

    def _arm(self, seconds: float) -> None:
        self.deadline = self.loop.time() + seconds

    # ── bytes in ─────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        most = self.limits.head_bytes
        if len(data) <= most:
            self._received(data)
        else:  # in pieces, so that what a head may have is looked at before much of it is taken apart
            for at in range(0, len(data), most):
                self._received(data[at : at + most])

    def _received(self, data: bytes) -> None:
        self._chunk = len(data)
        if self._ending or (self._queue and isinstance(self._queue[-1], int)):
            self._discard()
            return
        if not self._receiving:
            self._receiving = True
            self._due = self.limits.head_seconds
        self._fed += self._chunk
        try:
            self.parser.feed_data(data)
            if self._fed > self.limits.head_bytes:
                self._check_fed()
            if self._due:
                self._arm_if_free()
        except Refused as refused:
            self._refuse(refused.status)
        except HttpParserUpgrade:
            self._refuse(400)  # unless the request that asked for it was the last, and is answered or will be
        except HttpParserError as error:
            self._refuse(_status_of(error))

    def _arm_if_free(self) -> None:
        """Give what this read has begun and not ended its time. While an answer is under way nothing has a deadline."""
        if not (self._answering or self._ending):
            self._arm(self._due)
        self._due = 0.0

    def _check_fed(self) -> None:
        """Bound what an unfinished request has sent, unfinished header lines and chunk framing included."""
        later = self._fed - self._before
        if self._in_head and later > self.limits.head_bytes:
            raise Refused(400)
        if later > 2 * self.limits.body_bytes + self.limits.head_bytes:
            raise Refused(413)

    def _discard(self) -> None:
        self._discardable -= self._chunk
        if self._discardable < 0:
            self._pause()

    # ── the parser's callbacks ───────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        # INVARIANT: 1. Bytes behind a request that ends its connection are no request: a front end may have meant them
        # as the body of another. tests/server/test_framing.py::test_what_follows_the_last_request_is_never_served
        if self._ending:
            raise Refused(400)
        if not self._receiving:  # it follows another request in the same read
            self._receiving = True
            self._due = self.limits.head_seconds
        self.url = b""
        self.headers = []
        self._in_head = True
        self._body: bytes | bytearray = b""
        self._chunks = 0
        # The request begins somewhere in the present read: at most `fed` and at least `fed - before` bytes are its own.
        self._fed = self._before = self._chunk

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        parser, limits, headers = self.parser, self.limits, self.headers
        version = parser.get_http_version()
        method = METHODS.get(parser.get_method())
        if method is None or version not in _VERSIONS or len(headers) > limits.headers:
            raise Refused(400)
        if self._fed > limits.head_bytes and self._head_is_too_long():
            raise Refused(400)
        self._target, self._by_name, length, continues, upgrades = check_head(
            self.url, headers, http_1_1=version == "1.1"
        )
        self._method, self._headers = method, tuple(headers)
        self.headers = _NO_TRAILERS
        self._keep = version == "1.1" and parser.should_keep_alive()
        if upgrades:
            # httptools skips the body of a request that asks for an upgrade, and would read it as the next request.
            if length:
                raise Refused(400)
            self._keep = False
        if length:
            self._expect_body(length, continues=continues)

    def _head_is_too_long(self) -> bool:
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.url) + lines + len("POST  HTTP/1.1\r\n\r\n") > self.limits.head_bytes

    def _expect_body(self, length: int, *, continues: bool) -> None:
        limit = self.limits.body_bytes
        if length > limit:
            # A client that is a little over the limit may be sending already, and reads no answer before it is done.
            self._discardable = length if length <= 2 * limit else 0
            raise Refused(413)
        self._before = self._fed
        self._due = self.limits.body_seconds
        if continues and not self._answering and not self._queue:
            self.transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body + body)
        if len(self._body) > self.limits.body_bytes:
            raise Refused(413)

    def on_chunk_header(self) -> None:
        """One more chunk of a chunked body begins."""
        self._chunks += 1
        if self._chunks > self.limits.chunks:
            raise Refused(400)

    def on_message_complete(self) -> None:
        body = bytes(self._body)
        raw = RawRequest(self._method, self._target, self._headers, body, self._peer, self._secure, self._by_name)
        self._receiving = False
        self._due = 0.0
        if self._answering or self._stalled or self._queue:
            self._enqueue((raw, self._keep))
        else:
            self._serve(raw, self._keep)

    # ── answers out, in order ────────────────────────────────────────────────────────────────────────

    # INVARIANT: 9. A refusal is the last in the queue: what the same read brings behind it is not taken apart.
    # tests/server/test_framing.py::test_a_refusal_that_waits_is_the_last_answer_however_much_one_read_brings.
    def _enqueue(self, item: _Item | int) -> None:
        self._queue.append(item)
        self._pause()

    def _go_on(self) -> None:
        """Serve what waited, then read on."""
        while self._queue and not (self._answering or self._stalled or self._ending):
            item = self._queue.popleft()
            if isinstance(item, int):
                self._refuse(item)
            else:
                self._serve(*item)
        if not self._queue and not self._ending:
            self._resume()
            if not (self._answering or self._stalled):
                self._arm(self.limits.head_seconds if self._receiving else self.limits.idle_seconds)

    def _serve(self, raw: RawRequest, keep: bool) -> None:  # noqa: FBT001  once a request, where a keyword has a price
        self._answering = True
        self.deadline = math.inf
        self.application.batch.add(self, raw, keep=keep)

    def answered(self, raw: RawRequest, response: Response, *, keep: bool) -> None:
        """Send the answer to the request under way, and go on with what waits behind it."""
        self._answering = False
        if not self._ending:
            self._send(raw, response, keep)
            if self._queue or self._paused or self._receiving:
                self._go_on()

    def abort(self) -> None:
        """Close the connection without another word."""
        self.transport.abort()

    def not_loaded(self, raw: RawRequest, reason: NotLoaded, *, keep: bool) -> None:
        """Have the request under way answered on a thread."""
        self._answering = False
        if not self._ending:
            self._serve_on_thread(raw, reason, keep)

    def _serve_on_thread(self, raw: RawRequest, reason: NotLoaded, keep: bool) -> None:  # noqa: FBT001  once a request, where a keyword has a price
        def done(future: Future[Response]) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self.loop.call_soon_threadsafe(partial(self.answered, raw, future.result(), keep=keep))

        self._answering = True
        self.deadline = math.inf
        self.application.submit(raw, reason).add_done_callback(done)

    def _send(self, raw: RawRequest, response: Response, keep: bool) -> None:  # noqa: FBT001  once a request, where a keyword has a price
        keep = keep and not self._draining
        try:
            answer = response_bytes(response, keep_alive=keep, head_only=raw.method == "HEAD")
        except (KeyError, TypeError, ValueError) as defect:
            _log.error("defect: a response that cannot be sent: %s", type(defect).__qualname__)
            answer, keep = refusal_bytes(500), False
        self.transport.write(answer)
        self.server_state.total_requests += 1
        if not keep:
            self._end()
        elif not self._stalled:
            self._arm(self.limits.idle_seconds)

    def _refuse(self, status: int) -> None:
        if self._ending:
            return
        if self._answering or self._stalled or self._queue:
            self._enqueue(status)
            return
        metrics.refusals.labels(status).inc()
        self.transport.write(refusal_bytes(status))
        self._end()

    def _end(self) -> None:
        """Nothing more will be answered. Give the client time to read before the connection goes.

        Closing while its bytes lie unread would reset the connection, and the answer might be lost with it.
        """
        self._ending = True
        self._queue.clear()
        self.headers, self._headers, self._by_name, self._body = _NO_TRAILERS, (), {}, b""
        self._give_up = self.loop.time() + self.limits.write_seconds
        self._arm(_LINGER_SECONDS)
        if self.transport.is_closing():
            return
        if self._secure or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self._resume()
            self.transport.write_eof()

    # ── flow ─────────────────────────────────────────────────────────────────────────────────────────

    def _pause(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self._stalled = True
        self._arm(self.limits.write_seconds)

    def resume_writing(self) -> None:
        self._stalled = False
        if not self._ending:
            self._go_on()


def _status_of(error: HttpParserError) -> int:
    if not isinstance(error, HttpParserCallbackError):
        return 400
    if isinstance(error.__context__, Refused):
        return error.__context__.status
    _log.error("defect: %s while reading a request", type(error.__context__).__qualname__)
    return 500
