"""The store of one daypass, opened: every port that the database stands behind, and their common life."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from daypass.adapters.storage.installation import Installation
from daypass.ports import Directory, LastUsed, Store


class Storage:
    """What ``open_store`` gives. Safe to use from any thread; ``close`` flushes and ends the follower thread."""

    store: Store
    directory: Directory
    sealing_keys: object
    last_used: LastUsed
    installation: Installation

    def poll(self) -> None:
        """Apply what other processes and hosts have changed, now; flush last-used times when they are due. Never raises."""
        raise NotImplementedError

    def stale_for(self, now: float | None = None) -> float:
        """Seconds since the database last answered. ``now`` is on the monotonic clock (default: read it)."""
        raise NotImplementedError

    def revision(self) -> int:
        """The number of the newest change this process has applied."""
        raise NotImplementedError

    def defects(self) -> tuple[str, ...]:
        """What a full integrity check of the database finds; empty when it is sound. Slow: for `daypass doctor`.

        Raises:
            StoreUnavailable: the database did not answer.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Flush last-used times, stop following, close all connections. Safe to call twice."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_store(url: str | None, data_dir: Path, *, follow: bool = True, capacity: int = 2_000_000) -> Storage:
    """Open the store, bringing its schema up to date.

    Args:
        url: ``None`` for SQLite in ``data_dir``, ``sqlite:///…`` or a libpq URI ``postgresql://…``.
        data_dir: a directory that ``claim`` or ``existing`` has checked; the host-wide beacon lives there.
        follow: keep a thread that applies foreign changes within a second and flushes last-used times. A short-lived
            command says False.
        capacity: how many entities the loaded accounts may hold together before the least recently used go.

    Raises:
        DataDirectoryError: the database is broken, foreign, or newer than this daypass.
        StoreUnavailable: the database server does not answer.
    """
    raise NotImplementedError
