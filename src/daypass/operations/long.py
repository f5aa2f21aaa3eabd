"""Operations that compute for long take turns: one at a time in a process.

Threads share one interpreter. Each that computes makes every other request wait a switch interval (5 ms) longer, those
on the event loop too, whoever pays for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

from daypass.errors import Throttling

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 1.0
"""Seconds that a request waits for its turn, on its thread."""

_turn = Lock()


# INVARIANT: 9. whoever may ask for long computations does not slow down what others ask for by asking for many.
#   tests/operations/test_long.py::test_who_waits_too_long_for_his_turn_is_refused
def one_at_a_time(run: Callable[P, R]) -> Callable[P, R]:
    """``run``, never beside another one of its kind.

    Raises:
        Throttling: the others have not come to an end within ``PATIENCE``.
    """

    @wraps(run)
    def in_turn(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _turn.acquire(timeout=PATIENCE):
            raise Throttling("Rate exceeded")
        try:
            return run(*args, **kwargs)
        finally:
            _turn.release()

    return in_turn
