"""From an HTTP request to the service and back, inline or on a worker thread.

``Application`` is a plain ASGI callable and runs on any ASGI server. Under our own connection protocol
(``protocol.py``) the same object is asked directly, without a task and without the message passing of ASGI: that is a
third of the cost, and the rules are the same because both sides go through ``head.check_head`` and ``answer``.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Protocol

from daypass.exchange import RawRequest, Response
from daypass.ports import NotLoaded
from daypass.server.address import plain_address
from daypass.server.batch import Batch
from daypass.server.head import METHODS, Refused, check_head
from daypass.server.issuers import Issuers
from daypass.server.limits import Limits
from daypass.server.probe import OwnPaths, Probe
from daypass.server.reply import date
from daypass.server.saml import Metadata
from daypass.server.threads import Threads

_log = logging.getLogger(__name__)

_BROKEN = Response(500, ())

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Service(Protocol):
    """What the surface serves: bytes in, bytes out."""

    def serve(self, raw: RawRequest) -> Response:
        """Answer on the event loop; never blocks.

        Raises:
            NotLoaded: (``daypass.ports``) nothing was done; the request must run through ``serve_blocking``.
        """
        ...

    def serve_blocking(self, raw: RawRequest) -> Response:
        """Answer on a worker thread, where reading the store and writing are allowed. Raises nothing."""
        ...


class Turns(Protocol):
    """A service that does for several requests together what it would do for each: see ``answer_together``."""

    def begin_turn(self) -> None:
        """What is served from now on, on this thread, is answered together."""
        ...

    def end_turn(self) -> bool:
        """The end of the turn. False: none of its answers may leave, and its requests are to be served again."""
        ...


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Served:
    """What one process serves. ``close`` runs once, after the last answer.

    ``open_probes`` lets peers beyond loopback read ``/-/health`` and ``/-/metrics``. ``turns``: who is told when
    several requests are answered together. ``issuers``: who knows what is published below ``/-/issuers/``; ``saml``:
    who knows this service's SAML metadata.
    """

    service: Service
    probe: Probe
    close: Callable[[], None] = _nothing
    open_probes: bool = False
    turns: Turns | None = None
    issuers: Issuers | None = None
    saml: Metadata | None = None


class Application:
    """Asks the service, keeps the threads it may need, and never lets a defect out as anything but a bare 500.

    ``executor`` runs what must not run on the event loop: see ``Threads``.
    """

    def __init__(self, served: Served, limits: Limits = Limits(), executor: Executor | None = None) -> None:
        self.limits = limits
        self._served = served
        self._service = served.service
        self._turns = served.turns
        self.batch = Batch(self)
        self._own = OwnPaths(served.probe, open_to_all=served.open_probes, issuers=served.issuers, saml=served.saml)
        self._threads = Threads(limits, self._answer_blocking, executor)

    def answer(self, raw: RawRequest) -> Response:
        """The answer, given on the calling thread.

        Raises:
            NotLoaded: ``submit`` it instead.
        """
        try:
            if raw.target != b"/" and (own := self._own.answer(raw)):
                return own
            return self._service.serve(raw)
        except NotLoaded:
            raise
        except Exception as defect:  # noqa: BLE001 - one request's defect must not end the connection's parser
            return _broken(defect)

    def answer_together(self, requests: Sequence[RawRequest]) -> list[Response | NotLoaded]:
        """The answers, given on the calling thread; ``NotLoaded``: ``submit`` it instead.

        # INVARIANT: 6. no answer leaves before the records of its turn are written.
        #   tests/server/test_together.py::test_no_answer_leaves_a_turn_whose_records_are_not_written
        """
        turns = self._turns
        if turns is None or len(requests) == 1:
            return [self._answer_or_reason(raw) for raw in requests]
        turns.begin_turn()
        try:
            answers = [self._answer_or_reason(raw) for raw in requests]
        finally:
            written = turns.end_turn()
        return answers if written else [self._answer_or_reason(raw) for raw in requests]

    def _answer_or_reason(self, raw: RawRequest) -> Response | NotLoaded:
        try:
            return self.answer(raw)
        except NotLoaded as reason:
            return reason.with_traceback(None)  # what it held on to may be large

    def submit(self, raw: RawRequest, reason: NotLoaded) -> Future[Response]:
        """The answer from a worker thread, or a refusal when too many requests wait for one already.

        ``reason``: with what ``answer`` has refused. The future never fails.
        """
        return self._threads.submit(raw, reason)

    def _answer_blocking(self, raw: RawRequest) -> Response:
        try:
            if raw.target != b"/" and (own := self._own.answer(raw, may_block=True)):
                return own
            return self._service.serve_blocking(raw)
        except Exception as defect:  # noqa: BLE001  a defect is an answer, too
            return _broken(defect)

    def close(self) -> None:
        """End the threads and what was served."""
        self._threads.close()
        self._served.close()

    # ── as an ASGI application ───────────────────────────────────────────────────────────────────────

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                response = await self._respond(await self._read(scope, receive))
            except Refused as refused:
                response = Response(refused.status, ((b"connection", b"close"),))
            await _send_response(send, response, head_only=scope["method"] == "HEAD")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _read(self, scope: Scope, receive: Receive) -> RawRequest:
        target, query = scope["raw_path"], scope["query_string"]
        if query:
            target = b"%b?%b" % (target, query)
        headers = tuple((bytes(name), bytes(value)) for name, value in scope["headers"])
        if scope["method"] not in METHODS.values() or not target or len(headers) > self.limits.headers:
            raise Refused(400)
        if len(target) + sum(len(name) + len(value) + 4 for name, value in headers) > self.limits.head_bytes:
            raise Refused(400)
        head = check_head(target, headers, http_1_1=scope["http_version"] != "1.0")
        if head.length > self.limits.body_bytes:
            raise Refused(413)
        client = scope.get("client")
        return RawRequest(
            scope["method"],
            head.target,
            headers,
            await self._read_body(receive),
            plain_address(client[0]) if client else "",
            scope.get("scheme") == "https",
        )

    async def _read_body(self, receive: Receive) -> bytes:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400)
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.limits.body_bytes:
                raise Refused(413)
        return bytes(body)

    async def _respond(self, raw: RawRequest) -> Response:
        try:
            return self.answer(raw)
        except NotLoaded as reason:
            future = self.submit(raw, reason.with_traceback(None))
        return await asyncio.wrap_future(future)


async def _send_response(send: Send, response: Response, *, head_only: bool) -> None:
    length = b"%d" % len(response.body)
    headers = [*response.headers, (b"date", date.value()), (b"content-length", length)]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else response.body})


def _broken(defect: Exception) -> Response:
    # INVARIANT: 7. The text of an exception may quote the request; only its class and place are logged.
    # tests/server/test_asgi.py::test_a_defect_is_a_bare_500_and_its_text_is_not_logged
    frames = traceback.extract_tb(defect.__traceback__)[-4:]
    place = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
    _log.error("defect: %s in %s", type(defect).__qualname__, place)
    return _BROKEN
