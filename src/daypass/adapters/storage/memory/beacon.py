"""The host-wide beacon: eight bytes in the data directory that every process of the host sees at once.

A writer raises it after its commit and before it acknowledges. A reader compares it with the value it had when the
reader last applied the change log: equal means that nothing acknowledged on this host is missing. Reading costs tens of
nanoseconds and no system call. The value means nothing else and survives or loses nothing with the database.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from pathlib import Path

_COUNTER = struct.Struct("=Q")
_SIZE = mmap.PAGESIZE


class Beacon:
    """The counter in ``path``. ``view[0]`` is its present value: an aligned read, so never half of a write."""

    def __init__(self, path: Path) -> None:
        self._mutex = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._raise_to_full_size()
        self._map = mmap.mmap(self._file, _SIZE, mmap.MAP_SHARED, mmap.PROT_READ)
        self.view = memoryview(self._map).cast("Q")

    def _raise_to_full_size(self) -> None:
        # Written, not sparse: a full disk must not take the page away under the mapping.
        missing = _SIZE - os.fstat(self._file).st_size
        if missing > 0:
            os.pwrite(self._file, bytes(missing), _SIZE - missing)

    def bump(self) -> int:
        """Raise the counter by one; the value it has now. No two calls on one host return the same value."""
        with self._mutex:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                value = int(self.view[0]) + 1
                os.pwrite(self._file, _COUNTER.pack(value), 0)
                return value
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Raise it no more. ``view`` stays readable for whoever still holds it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
