"""A server on loopback to which the browser is sent back with the identity provider's answer: one request.

Source: RFC 8252, section 7.3 (loopback redirection).
"""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

HOST, PATH = "127.0.0.1", "/callback"
MOST_REQUESTS = 32
"""Requests, such as the browser's for an icon, after which waiting for the answer is given up."""

_SLICE = 5.0
"""Seconds that one connection may take."""

_PAGE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>daypass</title>"
    b"<p>That was all. You may close this page and go back to your terminal.\n"
)
"""The page in the browser, whatever the answer was: the terminal tells how it went."""


class Loopback:
    """Listens until the answer has come. ``url`` is the redirect URI of the sign-in."""

    def __init__(self, port: int = 0) -> None:
        """``port`` 0: any.

        Raises:
            OSError: the port is taken.
        """
        self.answer: dict[str, str] | None = None
        self._server = _Server((HOST, port), _Handler)
        self._server.loopback = self
        self.url = f"http://{HOST}:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self, seconds: float) -> dict[str, str] | None:
        """The parameters of the answer; None: none has come in time. Of a parameter given twice, none is taken."""
        ends = time.monotonic() + seconds
        for _ in range(MOST_REQUESTS):
            self._server.timeout = max(0.0, ends - time.monotonic())
            self._server.handle_request()
            if self.answer is not None or time.monotonic() >= ends:
                break
        return self.answer


class _Server(HTTPServer):
    loopback: Loopback

    def handle_error(self, *_: object) -> None:
        """Ignore connections that fail, such as a browser's that it opens ahead and never uses."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SLICE
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        is_answer = parts.path == PATH
        if is_answer:
            given = parse_qs(parts.query, keep_blank_values=True)
            self.server.loopback.answer = {name: values[0] for name, values in given.items() if len(values) == 1}
        self.send_response(200 if is_answer else 404)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(_PAGE) if is_answer else 0)),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("Referrer-Policy", "no-referrer"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if is_answer:
            self.wfile.write(_PAGE)

    def log_message(self, *_: object) -> None:
        """The answer is a secret; nothing is logged."""
