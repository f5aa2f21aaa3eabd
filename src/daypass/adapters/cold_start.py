"""Opening the store of a node, from its disk snapshot where the database is away: joins storage and master key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daypass.adapters.keys import MasterKey, RingKeeper, open_master_key
from daypass.adapters.keys.master import FILE_NAME as MASTER_KEY_FILE
from daypass.adapters.storage import Storage, open_store
from daypass.adapters.storage.cold import cold_start
from daypass.adapters.storage.database import whereabouts
from daypass.adapters.storage.deadlines import FIRST_CONTACT
from daypass.adapters.storage.disk_snapshot import FILE_NAME, DiskSnapshot, Seal, read, refuse_unfit
from daypass.adapters.storage.keeper import Keeping
from daypass.ports import StoredSealingKey, StoreUnavailable

_PURPOSE = "disk-snapshot"
_PATIENCE = 2.0
"""Seconds that a start waits for the database when it could do without."""


@dataclass(frozen=True, slots=True)
class Node:
    """What decides how the store of a node is opened; sizes in bytes, times in seconds. ``now``: the wall clock."""

    database: str | None
    data: Path
    max_stale: float
    snapshot_bytes: int
    now: Callable[[], float]

    @property
    def keeps_snapshot(self) -> bool:
        """Whether there is a disk snapshot to keep: not where the database is a file beside it."""
        return self.snapshot_bytes > 0 and whereabouts(self.database) is not None

    def open(self, *, follow: bool, cold: bool) -> Storage:
        """The store; ``cold``: from the disk snapshot, if the database does not answer and there is one.

        Raises:
            DataDirectoryError: the directory, its database or its disk snapshot cannot be used.
            MasterKeyError: the disk snapshot cannot be proven.
            StoreUnavailable: the database does not answer, and there is no snapshot to start from.
        """
        cold = cold and self.keeps_snapshot and (self.data / FILE_NAME).exists()
        patience = _PATIENCE if cold else FIRST_CONTACT
        try:
            return open_store(self.database, self.data, follow=follow, max_stale=self.max_stale, patience=patience)
        except StoreUnavailable:
            held = self.snapshot() if cold else None
            if held is None:
                raise
        begin = cold_start(held, self.now())
        return open_store(self.database, self.data, follow=follow, max_stale=self.max_stale, cold=begin)

    def snapshot(self) -> DiskSnapshot | None:
        """The disk snapshot, None when there is none.

        Raises:
            SnapshotRefused: there is one that no start may rest on.
            MasterKeyError: it cannot be proven.
            StoreUnavailable: there is no master key to prove it with.
        """
        if not (self.data / FILE_NAME).exists():
            return None
        held = read(self.data / FILE_NAME, _seal(open_master_key(self.data, _NoKeys())), most=self.snapshot_bytes)
        if held is not None:
            refuse_unfit(held, database=self._whereabouts, max_stale=self.max_stale, now=self.now())
        return held

    def keep_snapshot(self, storage: Storage, master: MasterKey, keys: RingKeeper) -> None:
        """Keep the disk snapshot from now on, until ``storage`` is closed; nothing where there is none to keep."""
        if self.keeps_snapshot:
            how = Keeping(
                self.data, _seal(master), self._whereabouts, self.snapshot_bytes, self.max_stale, self.now, keys.ring
            )
            storage.keep_snapshot(how)

    @property
    def _whereabouts(self) -> str:
        return whereabouts(self.database) or ""


def _seal(master: MasterKey) -> Seal:
    return lambda: master.authenticator(_PURPOSE)


class _NoKeys:
    """Whether a missing master key may be made cannot be asked."""

    def load(self) -> tuple[StoredSealingKey, ...]:
        raise StoreUnavailable(f"and {MASTER_KEY_FILE}, which would prove the disk snapshot, is missing")

    def swap(self, before: tuple[StoredSealingKey, ...], after: tuple[StoredSealingKey, ...]) -> bool:
        raise StoreUnavailable
