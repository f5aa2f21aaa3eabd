"""The same application under a stock ASGI server: the rules of the head do not depend on our connection protocol."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from daypass.exchange import RawRequest
from daypass.ports import NotLoaded
from daypass.server import Application, Limits, Served
from tests.server.conftest import Answer, Recorder, answers_in, read_all, wait_for

POST = b"POST %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b\r\n"


class Stock:
    """An application under plain uvicorn."""

    def __init__(self, implementation: str) -> None:
        self.recorder = Recorder()
        application = Application(Served(self.recorder, self.recorder, self.recorder.close), Limits(body_bytes=1000))
        config = uvicorn.Config(
            application,
            http=implementation,
            lifespan="on",
            log_config=None,
            ws="none",
            date_header=False,
            server_header=False,
        )
        self.server = uvicorn.Server(config)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))
        self.thread.start()
        wait_for(lambda: self.server.started)

    def exchange(self, sent: bytes) -> list[Answer]:
        with socket.create_connection(self.socket.getsockname(), timeout=10) as sock:
            sock.sendall(sent)
            return answers_in(read_all(sock))


@pytest.fixture(scope="module", params=["h11", "httptools"])
def stock(request: pytest.FixtureRequest) -> Iterator[Stock]:
    one = Stock(request.param)
    yield one
    one.server.should_exit = True
    one.thread.join(20)
    assert one.recorder.closed


def test_a_request_comes_through_with_its_raw_target(stock: Stock) -> None:
    """Path and query are handed on undecoded, with the ordered headers and the body."""
    stock.recorder.seen.clear()
    (answer,) = stock.exchange(
        POST % (b"/echo/%2F/a?b=%20&c", b"X-B: 1\r\nX-A: 2\r\nX-B: 3\r\nContent-Length: 3\r\n") + b"abc"
    )
    assert (answer.status, answer.body) == (200, b"/echo/%2F/a?b=%20&c")
    (raw,) = stock.recorder.seen
    assert (raw.method, raw.target, raw.body, raw.peer) == ("POST", b"/echo/%2F/a?b=%20&c", b"abc", "127.0.0.1")
    assert [header for header in raw.headers if header[0].startswith(b"x-")] == [
        (b"x-b", b"1"),
        (b"x-a", b"2"),
        (b"x-b", b"3"),
    ]


def test_a_thread_answers_where_memory_does_not(stock: Stock) -> None:
    """``NotLoaded`` leads to ``serve_blocking`` here too."""
    assert stock.exchange(POST % (b"/thread", b""))[0].body == b"answer"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Authorization: a\r\nAuthorization: b\r\n", 400),
        (b"X-Amz-Date: a\r\nX-Amz-Date: a\r\n", 400),
        (b"X-Amz-Security-Token: a\r\nX-Amz-Security-Token: a\r\n", 400),
        (b"X-Plain: \xff\r\n", 400),
        (b"Content-Length: 1001\r\n", 413),
        (b"Expect: miracles\r\n", 417),
        (b"".join(b"X-%d: a\r\n" % number for number in range(100)), 400),
        (b"X-Plain: " + b"a" * 16_400 + b"\r\n", 400),
    ],
    ids=["Authorization", "date", "token", "0xFF", "length", "expectation", "count", "size"],
)
def test_the_rules_of_the_head_hold(stock: Stock, headers: bytes, status: int) -> None:
    """What the server lets through, the application refuses."""
    stock.recorder.seen.clear()
    (answer,) = stock.exchange(POST % (b"/", headers))
    assert (answer.status, answer.body, stock.recorder.seen) == (status, b"", [])


def test_a_body_without_a_length_is_bounded_too(stock: Stock) -> None:
    """Chunks are counted while they are read."""
    chunks = b"3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n"
    assert stock.exchange(POST % (b"/", b"Transfer-Encoding: chunked\r\n") + chunks)[0].status == 413


def test_a_defect_is_a_bare_500_and_its_text_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the class and the place; the exception's text may quote a request."""
    recorder = Recorder()
    application = Application(Served(recorder, recorder))
    with caplog.at_level(logging.DEBUG):
        response = application.answer(RawRequest("GET", b"/broken", ()))
    application.close()
    assert (response.status, response.headers, response.body) == (500, (), b"")
    assert "ValueError in _answer" in caplog.text
    assert "wJalrXUtnFEMI" not in caplog.text


def test_a_defect_on_a_thread_is_a_bare_500() -> None:
    """The future of a submitted request never fails."""
    recorder = Recorder()
    application = Application(Served(recorder, recorder), executor=ThreadPoolExecutor(1))
    future = application.submit(RawRequest("GET", b"/broken", ()), NotLoaded())
    assert future.result(10).status == 500
    application.close()


def test_other_kinds_of_connection_are_ignored() -> None:
    """A WebSocket scope is not answered."""
    recorder = Recorder()
    application = Application(Served(recorder, recorder))
    said: list[object] = []

    async def send(message: object) -> None:
        said.append(message)

    async def receive() -> dict[str, object]:
        return {}

    asyncio.run(application({"type": "websocket"}, receive, send))
    application.close()
    assert (said, recorder.seen) == ([], [])
