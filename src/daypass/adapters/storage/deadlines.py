"""How long this thread may wait for the database: one budget around a group of statements."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from daypass.ports import StoreUnavailable

FIRST_CONTACT = 5.0
"""Seconds: a start may wait longer for the server than a request."""

PATIENCE = 0.9
"""Seconds that one group of statements may wait: a caller has its 503 within a second."""


class _Budget(threading.local):
    ends: float | None = None


_budget = _Budget()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All waiting for the database inside the block ends ``seconds`` from now; an outer, earlier end stands."""
    outer = _budget.ends
    mine = monotonic() + seconds
    _budget.ends = mine if outer is None else min(outer, mine)
    try:
        yield
    finally:
        _budget.ends = outer


def remaining(otherwise: float) -> float:
    """Seconds left in this thread's budget, never below zero; ``otherwise`` when it has none."""
    return otherwise if _budget.ends is None else max(0.0, _budget.ends - monotonic())


def ends() -> float | None:
    """When this thread's budget ends, on the monotonic clock; None without budget."""
    return _budget.ends


class Queue:
    """A lock that goes to whoever has waited longest. ``threading.Lock`` goes to anybody, perhaps never to one."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()  # guards the two below
        self._held = False
        self._waiting: deque[threading.Lock] = deque()  # each is released to hand the queue's lock over

    def acquire(self, timeout: float) -> bool:
        """Whether it is ours within ``timeout`` seconds."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=timeout):
            return True
        with self._mutex:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
        return True  # handed over at the last moment

    def release(self) -> None:
        """Hand it over."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


@contextmanager
def turn(lock: threading.Lock | Queue) -> Iterator[None]:
    """Hold ``lock``, waiting for it no longer than the budget.

    Raises:
        StoreUnavailable: it was not free in time.
    """
    if not lock.acquire(timeout=remaining(PATIENCE)):
        raise StoreUnavailable("too many are waiting for the database")
    try:
        yield
    finally:
        lock.release()
