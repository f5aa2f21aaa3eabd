"""The reference of all HTTP figures: a bare uvicorn application that reads the same request and answers 1 kB."""

from __future__ import annotations

from typing import Any

_BODY = b"x" * 1024
_HEADERS = [(b"content-type", b"text/xml"), (b"content-length", b"1024")]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body, answer."""
    if scope["type"] != "http":
        return
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
