"""From an HTTP request to the service and back, inline or on a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from daypass.exchange import RawRequest, Response
from daypass.server.probe import Probe


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


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Served:
    """What one process serves. ``close`` runs once, after the last answer.

    ``open_probes`` lets peers beyond loopback read ``/-/health`` and ``/-/metrics``.
    """

    service: Service
    probe: Probe
    close: Callable[[], None] = _nothing
    open_probes: bool = False


class Application:
    """The ASGI callable."""
