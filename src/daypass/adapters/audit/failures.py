"""The bounded sample of failed authentications: strangers must not be able to fill the disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

from daypass.adapters.audit.chain import encode_into
from daypass.adapters.audit.layout import open_regular
from daypass.adapters.audit.settings import AuditSettings


class FailureSample:
    """Counts every failure; writes what the token bucket and the file's cap allow. One older file is kept."""

    def __init__(self, path: Path, settings: AuditSettings) -> None:
        self.seen = 0
        self.sampled = 0
        self._path = path
        self._settings = settings
        self._tokens = float(settings.failures_burst)
        self._at = time.monotonic()
        self._unwritten = 0
        self._fd = -1
        self._size = 0
        self._lock = Lock()

    def count(self, rendered: Callable[[], Mapping[str, object]], *, room: bool) -> None:
        """Count one failure and perhaps write it; ``room``: there is space to spare. Never raises."""
        with self._lock:
            self.seen += 1
            # INVARIANT: 9. The rate and the size are bounded before anything is made, encoded or written.
            # tests/adapters/audit/test_failures.py::test_a_flood_of_failures_is_sampled_at_the_bounded_rate
            if not room or not self._take_token():
                self._unwritten += 1
                return
            try:
                self._write(rendered())
            except (OSError, TypeError, ValueError, RecursionError):
                self._unwritten += 1
            else:
                self.sampled += 1
                self._unwritten = 0

    def _take_token(self) -> bool:
        now, settings = time.monotonic(), self._settings
        self._tokens = min(settings.failures_burst, self._tokens + (now - self._at) * settings.failures_per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _write(self, record: Mapping[str, object]) -> None:
        line = bytearray()
        comma = encode_into(line, record)
        line[-2:] = b'%b"failuresNotShown":%d}}\n' % (comma, self._unwritten)
        if len(line) > self._settings.failures_bytes:
            raise ValueError("larger than the whole file may be")
        self._make_room(len(line))
        if os.write(self._fd, line) != len(line):
            os.ftruncate(self._fd, self._size)
            raise OSError("short write")
        self._size += len(line)

    def _make_room(self, needed: int) -> None:
        if self._fd >= 0 and self._size + needed > self._settings.failures_bytes:
            self.close()
        if self._fd < 0:
            with suppress(FileNotFoundError):
                if self._path.lstat().st_size + needed > self._settings.failures_bytes:
                    self._path.replace(self._path.with_suffix(".old.ndjson"))
            self._fd = open_regular(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            self._size = os.fstat(self._fd).st_size

    def close(self) -> None:
        """Close the file; a later count opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
