"""The bytes of an answer."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus

from daypass.exchange import Response

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Date:
    """The Date header, made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._value = b""

    def value(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._value = formatdate(second, usegmt=True).encode("ascii")
            self._second = second
        return self._value


date = _Date()


def response_bytes(response: Response, *, keep_alive: bool = True, head_only: bool = False) -> bytes:
    """The whole answer with ``Date`` and ``Content-Length``; ``head_only``: the answer to HEAD has no body.

    Raises:
        ValueError: a header would end its line and begin another.
    """
    parts = [_STATUS_LINES[response.status]]
    for name, value in response.headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"date: %b\r\ncontent-length: %d\r\n" % (date.value(), len(response.body)))
    if not keep_alive:
        parts.append(b"connection: close\r\n")
    parts.append(b"\r\n")
    head = b"".join(parts)
    # INVARIANT: 9. No value that a client sent can add a header or a second answer.
    # tests/server/test_reply.py::test_a_header_with_a_line_break_is_never_sent
    lines = len(response.headers) + (4 if keep_alive else 5)
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        raise ValueError("a response header contains a line break")
    return head if head_only else head + response.body


def refusal_bytes(status: int) -> bytes:
    """An answer with an empty body, after which the connection closes."""
    return response_bytes(Response(status, ()), keep_alive=False)
