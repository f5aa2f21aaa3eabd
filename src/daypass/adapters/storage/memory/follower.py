"""The thread that learns what other processes and hosts have changed, and writes last-used times."""

from __future__ import annotations

import threading
from collections.abc import Callable

INTERVAL = 0.2
"""Seconds between two looks at the change log: with what a look costs, well under the second that is promised."""


class Follower:
    """Runs ``look`` after every ``wait(INTERVAL)`` until it is closed. ``look`` never raises.

    ``wait`` may return early when it has notice of a change; by default only closing does.
    """

    def __init__(self, look: Callable[[], None], wait: Callable[[float], object] | None = None) -> None:
        self._look = look
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._thread = threading.Thread(target=self._run, name="daypass-follower", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wait(INTERVAL)
            if not self._closed.is_set():
                self._look()

    def close(self) -> None:
        """End the thread; returns when it is gone."""
        self._closed.set()
        self._thread.join()
