"""The time, and random bytes."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """What time it is."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


class Entropy(Protocol):
    """Where unpredictable bytes come from."""

    def bytes(self, count: int) -> bytes:
        """``count`` bytes nobody can predict."""
        ...
