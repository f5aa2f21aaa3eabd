"""Sealing keys without a database: for verifying services, for tests, and the reference for the other stores."""

from __future__ import annotations

from threading import Lock

from daypass.ports import StoredSealingKey


class MemorySealingKeys:
    """Implements ``ports.SealingKeyStore`` in this process's memory."""

    def __init__(self, rows: tuple[StoredSealingKey, ...] = ()) -> None:
        self.rows = rows
        self._lock = Lock()

    def load(self) -> tuple[StoredSealingKey, ...]:
        """See ``ports.SealingKeyStore``."""
        return self.rows

    def swap(self, before: tuple[StoredSealingKey, ...], after: tuple[StoredSealingKey, ...]) -> bool:
        """See ``ports.SealingKeyStore``."""
        with self._lock:
            if self.rows != before:
                return False
            self.rows = after
            return True
