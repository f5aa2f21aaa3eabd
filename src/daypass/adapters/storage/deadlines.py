"""How long this thread may wait for the database: one budget around a group of statements."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from daypass.ports import StoreUnavailable

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


@contextmanager
def turn(lock: threading.Lock) -> Iterator[None]:
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
