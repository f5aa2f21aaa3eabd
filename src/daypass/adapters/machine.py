"""The machine's clock and its random source."""

from __future__ import annotations

import os
import time


class SystemClock:
    """``ports.Clock``: the machine's."""

    def now(self) -> float:
        """See ``ports.Clock``."""
        return time.time()


class SystemEntropy:
    """``ports.Entropy``: the kernel's random source; safe over fork, since it is asked every time."""

    def bytes(self, count: int) -> bytes:
        """See ``ports.Entropy``."""
        return os.urandom(count)
