"""The thread that keeps the disk snapshot: written soon after a change, seldom else, never on the path of a request.

Each process of the host has one; whoever is due takes the lock, reads the database in one consistent state, and writes
all accounts, those in use first, as far as there is room. An account whose revision stands in the file already is not
read again, unless this process has filled its memory from nothing meanwhile: then it cannot know that the revision is
the same one.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import msgspec
from sqlalchemy import Connection

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.disk_snapshot import (
    FILE_NAME,
    DiskSnapshot,
    Facts,
    HeldAccount,
    Seal,
    SnapshotRefused,
    read,
    record,
    write,
)
from daypass.adapters.storage.installation import read_facts
from daypass.adapters.storage.memory.beacon import Beacon
from daypass.adapters.storage.memory.directory import MemoryDirectory
from daypass.adapters.storage.migrations import REVISIONS
from daypass.adapters.storage.reads import read_documents, read_head, read_revisions, read_stored_tree
from daypass.adapters.storage.sealing_keys import read_sealing_keys
from daypass.ports import StoreUnavailable

LOOK_EVERY = 0.5
"""Seconds between two looks at whether a write is due."""

GAP = 2.0
"""Seconds from one write to the next at least."""

SHARE = 20
"""A write that took so many seconds is followed by this many times as many without one."""

REFRESH = 300.0
"""Seconds after which the last contact is noted anew although nothing has changed; a tenth of a shorter limit."""

_PATIENCE = 10.0
_OVERHEAD = 128  # bytes of the file that are no record
_PASSED_OVER = 8
_LOG = logging.getLogger("daypass.storage")


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a disk snapshot is kept. ``watched`` gives another object whenever the sealing keys have changed."""

    folder: Path
    seal: Seal
    database: str
    most: int
    max_stale: float
    now: Callable[[], float]
    watched: Callable[[], object]


class SnapshotKeeper:
    """Keeps the disk snapshot of this host until it is closed; closing writes it a last time if anything is newer."""

    def __init__(self, database: Database, directory: MemoryDirectory, beacon: Beacon, how: Keeping) -> None:
        self._database, self._directory, self._beacon, self._how = database, directory, beacon, how
        self._path = how.folder / FILE_NAME
        self._refresh = min(REFRESH, how.max_stale / 10)
        self._born = how.now()
        self._facts: Facts | None = None  # of the file, if it was written in this life
        self._held: frozenset[str] = frozenset()
        self._ring: object = None
        self._afresh = 0
        self._not_before = 0.0
        self._complained = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daypass-snapshot", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            if monotonic() >= self._not_before:
                self.keep(self._refresh)

    def close(self) -> None:
        """End the thread, then write a last time."""
        self._stop.set()
        self._thread.join()
        self.keep(GAP)

    def keep(self, refresh: float) -> None:
        """Write the file if something has changed, or the contact it notes is ``refresh`` seconds old. Never raises."""
        if self._directory.detached or not self._due(refresh):
            return
        try:
            with _alone(self._path) as alone:
                if alone:
                    self._replace(refresh)
            self._complained = ""
        except StoreUnavailable:
            pass  # the next look tries again
        except Exception as error:  # noqa: BLE001 - without a disk snapshot everything else goes on
            self._complain(error)
            self._not_before = monotonic() + self._refresh

    def _due(self, refresh: float) -> bool:
        facts = self._facts
        return (
            facts is None
            or facts.head != self._directory.applied
            or self._ring is not self._how.watched()
            or self._how.now() - facts.contact >= refresh
            or (not facts.full and not self._held.issuperset(self._directory.resident()))
        )

    def _replace(self, refresh: float) -> None:
        started = monotonic()
        before = self._present()
        if before is not None and before.facts.contact >= self._born:  # perhaps another process did it
            self._adopt(before.facts, before.accounts)
        if self._due(refresh):
            ring, afresh = self._how.watched(), self._directory.afresh
            self._write(before, trusted=before is not None and self._afresh == afresh)
            self._ring, self._afresh = ring, afresh
        took = monotonic() - started
        self._not_before = monotonic() + max(GAP, SHARE * took)

    def _adopt(self, facts: Facts, accounts: Mapping[str, object]) -> None:
        self._facts, self._held = facts, frozenset(accounts)

    def _present(self) -> DiskSnapshot | None:
        try:
            return read(self._path, self._how.seal, most=self._how.most)
        except SnapshotRefused as error:
            self._complain(error)
            return None

    def _write(self, before: DiskSnapshot | None, *, trusted: bool) -> None:
        beacon, contact = int(self._beacon.view[0]), self._how.now()  # before what they are told of is read
        with self._database.reading(patience=_PATIENCE) as connection:
            revisions = read_revisions(connection)
            facts = self._read_facts(connection, tuple(sorted(revisions)), beacon, contact)
            room = self._how.most - len(record(facts)) - _OVERHEAD
            if room < 0:
                raise OSError(f"snapshot_max_bytes ({self._how.most}) is too little for the ids of the accounts")
            wanted = dict.fromkeys((*self._directory.resident(), *(before.accounts if before else ()), *revisions))
            known = before.accounts if before and trusted else {}
            accounts = dict(_fitting(_records(connection, wanted, revisions, known), room))
        facts = msgspec.structs.replace(facts, full=len(accounts) < len(revisions))
        write(self._path, facts, accounts.values(), self._how.seal)
        self._adopt(facts, accounts)

    def _read_facts(self, connection: Connection, accounts: tuple[str, ...], beacon: int, contact: float) -> Facts:
        return Facts(
            schema=REVISIONS[-1],
            database=self._how.database,
            installation=read_facts(connection),
            contact=contact,
            head=read_head(connection),
            beacon=beacon,
            full=False,
            accounts=accounts,
            sealing_keys=read_sealing_keys(connection),
            tree=read_stored_tree(connection),
        )

    def _complain(self, error: Exception) -> None:
        if str(error) != self._complained:
            self._complained = str(error)
            _LOG.warning("the disk snapshot: %s", error)


def _records(
    connection: Connection, wanted: Iterable[str], revisions: Mapping[str, int], known: Mapping[str, HeldAccount]
) -> Iterator[tuple[str, bytes]]:
    """Each wanted account that there is, as it is now; from ``known`` where that is the same revision."""
    for account in wanted:
        revision = revisions.get(account)
        if revision is None:
            continue
        held = known.get(account)
        if held is None or held.revision != revision:
            held = HeldAccount(account, revision, read_documents(connection, account))
        yield account, record(held)


def _fitting(records: Iterable[tuple[str, bytes]], room: int) -> Iterator[tuple[str, bytes]]:
    """The first ``records`` that have room together; a few that are too large are passed over."""
    patience = _PASSED_OVER
    for account, encoded in records:
        if len(encoded) <= room:
            room -= len(encoded)
            yield account, encoded
        elif patience == 0:
            return
        else:
            patience -= 1


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether this process is the one that writes now."""
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)
