"""The bytes of an answer."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus

from daypass.exchange import Response

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_GOES_ON, _ENDS = b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"
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
    status, headers, body = response
    given = b"".join([b"%b: %b\r\n" % header for header in headers])
    # INVARIANT: 9. No value that a client sent can add a header or a second answer.
    # tests/server/test_reply.py::test_a_header_with_a_line_break_is_never_sent
    lines = len(headers)
    if given.count(b"\n") != lines or given.count(b"\r") != lines or b"\0" in given:
        raise ValueError("a response header contains a line break")
    end = _GOES_ON if keep_alive else _ENDS
    head = b"%b%bdate: %b\r\ncontent-length: %d%b" % (_STATUS_LINES[status], given, date.value(), len(body), end)
    return head if head_only else head + body


def refusal_bytes(status: int) -> bytes:
    """An answer with an empty body, after which the connection closes."""
    return response_bytes(Response(status, ()), keep_alive=False)
