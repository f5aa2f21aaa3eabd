"""Serve until told to stop: one process, or a supervisor with several."""

from __future__ import annotations

from collections.abc import Callable

from daypass.server.asgi import Served
from daypass.server.limits import Limits
from daypass.server.listen import Listen, Tls


class WorkerFailed(Exception):
    """A worker process ended before it served, and would again: its start is broken. Its log says why."""


def serve_forever(
    listen: Listen,
    make_service: Callable[[], Served],
    *,
    workers: int = 1,
    tls: Tls | None = None,
    on_ready: Callable[[str], None],
    limits: Limits = Limits(),  # noqa: B008
) -> None:
    """Listen and serve in the main thread until SIGTERM or SIGINT; drain, then return.

    ``make_service`` is called once in every worker process, after the fork and before the first request. With one
    worker that is this process. ``on_ready`` gets the base URL (``http://127.0.0.1:7177``) once the server has answered
    a request of its own over the network; it is called once, in this process.

    Raises:
        ListenError: the address cannot be had, or the TLS files cannot be used.
        WorkerFailed: with several workers, one could not start. With one, what ``make_service`` raised is raised.
    """
    raise NotImplementedError
