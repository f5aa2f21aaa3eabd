"""The store of one daypass, opened: every port that the database stands behind, and their common life."""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType
from typing import Self

from daypass.adapters.storage import integrity
from daypass.adapters.storage.code_uses import CodeUseTable
from daypass.adapters.storage.cold import Arrival, ColdStart
from daypass.adapters.storage.database import Database, Notices, open_database
from daypass.adapters.storage.deadlines import FIRST_CONTACT
from daypass.adapters.storage.installation import Installation
from daypass.adapters.storage.keeper import Keeping, SnapshotKeeper
from daypass.adapters.storage.last_used import LastUsedTimes
from daypass.adapters.storage.memory.beacon import Beacon
from daypass.adapters.storage.memory.directory import MemoryDirectory
from daypass.adapters.storage.memory.follower import Follower
from daypass.adapters.storage.reads import read_issuers
from daypass.adapters.storage.schema import prepare
from daypass.adapters.storage.sealing_keys import SealingKeyTable
from daypass.adapters.storage.single_uses import SingleUseTable
from daypass.adapters.storage.store import SqlStore
from daypass.entities import TokenIssuer
from daypass.ports import StoreUnavailable

CAPACITY = 250_000
"""Entities in memory, all loaded accounts together: about half a gigabyte with policies of usual size."""

MAX_STALE = 86_400.0
"""Seconds without the database after which this process no longer answers from memory."""

_LOG = logging.getLogger("daypass.storage")


class Storage:
    """What ``open_store`` gives. Safe to use from any thread; ``close`` flushes and ends the follower thread."""

    def __init__(
        self, database: Database, beacon: Beacon, *, capacity: int, max_stale: float, cold: ColdStart | None = None
    ) -> None:
        self._database = database
        self._beacon = beacon
        self._closed = False
        self._follower: Follower | None = None
        self._listener: Notices | None = None
        self._keeper: SnapshotKeeper | None = None
        self._arrival: Arrival | None = None
        self.cold_start = cold
        self.installation = Installation(database, cold.facts if cold else None)
        self.directory = MemoryDirectory(
            database, beacon, self.installation, capacity=capacity, max_stale=max_stale, cold=cold
        )
        self.store = SqlStore(database, self.directory, self.installation)
        self.sealing_keys = SealingKeyTable(database)
        self.last_used = LastUsedTimes(database)
        self.codes = CodeUseTable(database)
        self.single_uses = SingleUseTable(database)

    def await_arrival(self, apart: Database) -> None:
        """Believe the database, which was away at the start, only after a look at it through ``apart``."""
        self._arrival = Arrival(apart, self.installation.id, self.directory.forget)
        self._database.await_arrival(self._arrival)

    def keep_snapshot(self, how: Keeping) -> None:
        """Keep the disk snapshot in a thread of its own until ``close``."""
        self._keeper = SnapshotKeeper(self._database, self.directory, self._beacon, how)

    @property
    def cold(self) -> bool:
        """Whether everything comes from the disk snapshot: the database was away at the start and still is."""
        return self.directory.cold

    @property
    def behind_host(self) -> bool:
        """Whether this process began with less than its host had acknowledged."""
        return self.cold_start is not None and self.cold_start.beacon != self._beacon.view[0]

    @property
    def problem(self) -> str:
        """Why the database that came back is not used; empty when nothing is wrong."""
        return self._arrival.problem if self._arrival else ""

    def follow(self) -> None:
        """Start the thread that polls; on PostgreSQL it is woken by notice of changes, where that works."""
        self._listener = self._database.listener()
        self._follower = Follower(self.poll, self._listener.wait if self._listener else None)

    def poll(self) -> None:
        """Apply now what other processes and hosts have changed; flush last-used times when due. Never raises."""
        try:
            self.directory.catch_up(probe=True)
            self.last_used.flush_if_due()
        except StoreUnavailable:
            pass  # `stale_for` says it
        except Exception:  # noqa: BLE001 - the thread must live, else nothing is learnt any more
            _LOG.exception("the follower met a defect and goes on")

    def stale_for(self, now: float | None = None) -> float:
        """Seconds since the database last answered. ``now`` is on the monotonic clock (default: read it)."""
        return self.directory.stale_for(now)

    def revision(self) -> int:
        """The number of the newest change this process has applied."""
        return self.directory.applied

    def issuers(self) -> list[tuple[str, TokenIssuer]]:
        """Every token issuer with its account, read from the store without loading the accounts.

        Raises:
            StoreUnavailable: the database did not answer.
        """
        with self._database.reading() as connection:
            return read_issuers(connection)

    def defects(self) -> tuple[str, ...]:
        """What a full integrity check of the database finds; empty when it is sound. Slow: for `daypass doctor`.

        Raises:
            StoreUnavailable: the database did not answer.
        """
        return integrity.defects(self._database)

    def close(self) -> None:
        """Flush last-used times, stop following, close all connections. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if self._follower is not None:
            self._follower.close()
        if self._listener is not None:
            self._listener.close()
        if self._keeper is not None:
            self._keeper.close()
        try:
            self.last_used.flush()
        except StoreUnavailable:
            _LOG.warning("last-used times of the last minute are lost: the database does not answer")
        self._database.close()
        if self._arrival is not None:
            self._arrival.close()
        self._beacon.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    url: str | None,
    data_dir: Path,
    *,
    follow: bool = True,
    capacity: int = CAPACITY,
    max_stale: float = MAX_STALE,
    patience: float = FIRST_CONTACT,
    cold: ColdStart | None = None,
) -> Storage:
    """Open the store, bringing its schema up to date.

    Args:
        url: ``None`` for SQLite in ``data_dir``, ``sqlite:///…`` (relative to ``data_dir``) or a libpq URI
            ``postgresql://…``.
        data_dir: a directory that ``claim`` or ``existing`` has checked; the host-wide beacon lives there.
        follow: keep a thread that applies foreign changes within a second and flushes last-used times. A short-lived
            command says False.
        capacity: how many entities the loaded accounts may hold together before the least recently used go.
        max_stale: seconds without the database after which memory no longer answers.
        patience: seconds to wait for the database.
        cold: what to begin with instead of asking the database, which is known to be away.

    Raises:
        DataDirectoryError: the database is broken, foreign, or newer than this daypass.
        StoreUnavailable: the database server does not answer.
        ValueError: ``url`` names no database that daypass knows.
    """
    database = open_database(url, data_dir)
    try:
        if database.is_sqlite:
            integrity.refuse_broken(database)
        if cold is None:
            prepare(database, patience=patience)
        storage = Storage(database, Beacon(data_dir / "beacon"), capacity=capacity, max_stale=max_stale, cold=cold)
    except BaseException:
        database.close()
        raise
    if cold is not None:
        storage.await_arrival(open_database(url, data_dir))
    if follow:
        storage.follow()
    return storage
