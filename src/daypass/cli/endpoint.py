"""``DATA/endpoint.json``: where the daypass of a data directory answers, for the commands beside it.

``daypass up`` writes it when it answers and removes it when it stops. After a ``kill -9`` it stays behind, so it counts
only while its process lives or its address answers.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ssl import SSLContext

FILE = "endpoint.json"
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 what is bound here is asked over loopback
_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running daypass. ``started`` is in epoch seconds; ``certificate`` is the PEM file it serves TLS with."""

    url: str
    pid: int
    started: int
    workers: int
    account: str
    region: str
    certificate: str | None = None

    @property
    def reachable(self) -> str:
        """``url`` with an address that can be connected to: a wildcard becomes loopback."""
        parts = urlsplit(self.url)
        host = _WILDCARDS.get(parts.hostname or "")
        return f"{parts.scheme}://{host}:{parts.port}" if host else self.url


@dataclass(frozen=True, slots=True)
class Answer:
    """What the running daypass said."""

    status: int
    body: bytes


def write(data: Path, endpoint: Endpoint) -> None:
    """Note the endpoint, whole or not at all."""
    fresh = data / f".{FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(endpoint)) + "\n", encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(data / FILE)


def remove(data: Path) -> None:
    """Take the note away."""
    data.joinpath(FILE).unlink(missing_ok=True)


def noted(data: Path) -> Endpoint | None:
    """The endpoint as noted, running or not; None without a legible note."""
    try:
        return Endpoint(**json.loads(data.joinpath(FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def running(data: Path) -> Endpoint | None:
    """The endpoint of the daypass that runs on ``data`` now, or None."""
    endpoint = noted(data)
    if endpoint is None or not (_is_alive(endpoint.pid) or ask(endpoint, "/-/health")):
        return None
    return endpoint


def ask(endpoint: Endpoint, path: str) -> Answer | None:
    """GET ``path`` of the running daypass; None when it does not answer within three seconds."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(endpoint.reachable)
    host, port = parts.hostname or "", parts.port
    try:
        if parts.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                host, port, timeout=_TIMEOUT, context=_trust(endpoint.certificate)
            )
        else:
            connection = HTTPConnection(host, port, timeout=_TIMEOUT)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return Answer(response.status, response.read(1 << 20))
        finally:
            connection.close()
    except (OSError, HTTPException):
        return None


def _trust(certificate: str | None) -> SSLContext:
    """A TLS context that takes the server's own certificate by whatever name it is asked, and no other."""
    import ssl

    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
