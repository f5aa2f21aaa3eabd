"""Starting from the disk snapshot: what memory begins with, and the look at the database before it is believed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.disk_snapshot import DiskSnapshot, HeldAccount, SnapshotRefused
from daypass.adapters.storage.documents import decode
from daypass.adapters.storage.installation import read_facts
from daypass.adapters.storage.reads import tree_of
from daypass.adapters.storage.schema import prepare
from daypass.organization import Tree
from daypass.ports import StoredSealingKey, StoreUnavailable
from daypass.snapshot import AccountSnapshot

_LOG = logging.getLogger("daypass.storage")


@dataclass(frozen=True, slots=True)
class ColdStart:
    """What a node begins with that has had no contact: everything as of ``head``, ``stale`` seconds ago.

    ``accounts`` stand in the order in which memory takes them, the last being of most use; ``beacon`` is the value
    that the host's showed then.
    """

    facts: Mapping[str, str]
    known: frozenset[str]
    head: int
    beacon: int
    tree: Tree | None
    accounts: tuple[AccountSnapshot, ...]
    sealing_keys: tuple[StoredSealingKey, ...]
    stale: float


def cold_start(snapshot: DiskSnapshot, now: float) -> ColdStart:
    """What ``snapshot`` holds, ready for use.

    Raises:
        SnapshotRefused: it holds an entity that this code cannot read.
    """
    facts = snapshot.facts
    partition = facts.installation.get("partition", "aws")
    try:
        accounts = tuple(_account(held, partition) for held in reversed(snapshot.accounts.values()))
        tree = None if facts.tree is None else tree_of(facts.tree)
    except (StoreUnavailable, ValueError) as error:
        raise SnapshotRefused(f"the disk snapshot cannot be read: {error}", "start when the database answers") from None
    return ColdStart(
        facts.installation,
        frozenset(facts.accounts),
        facts.head,
        facts.beacon,
        tree,
        accounts,
        facts.sealing_keys,
        snapshot.age(now),
    )


def _account(held: HeldAccount, partition: str) -> AccountSnapshot:
    entities = (decode(kind, document) for kind, document in held.documents)
    return AccountSnapshot.of(held.revision, entities, partition=partition)


class Arrival:
    """The first look at a database that was away at the start. Called by whoever probes, until it raises no more.

    A start looks before it begins whether the database is ours and of our schema; this one must catch up on that. It
    looks through a connection of its own (``apart``), since everything else is refused until it is content.
    """

    def __init__(self, apart: Database, installation: str, forget: Callable[[], None]) -> None:
        self._apart = apart
        self._installation = installation
        self._forget = forget
        self.problem = ""

    # INVARIANT: 10. another daypass's database is neither read nor written, and the snapshot does not stand in for it.
    # tests/faults/test_cold_start.py::test_another_database_in_place_of_the_own_ends_all_answers.
    def __call__(self) -> None:
        """Look.

        Raises:
            StoreUnavailable: it does not answer, or is not the one; then nothing is answered from memory either.
        """
        try:
            prepare(self._apart, make=False)
            with self._apart.reading() as connection:
                found = read_facts(connection).get("id")
        except DataDirectoryError as error:
            self._refuse(error.message)
        if found != self._installation:
            self._refuse("the database belongs to another daypass")
        self.problem = ""
        _LOG.warning("the database is back; what the disk snapshot held is replaced by what it holds")
        self.close()

    def _refuse(self, problem: str) -> NoReturn:
        if problem != self.problem:
            _LOG.error("%s; nothing is answered until that is mended", problem)
        self.problem = problem
        self._forget()
        raise StoreUnavailable(problem)

    def close(self) -> None:
        """Let go of its connection."""
        self._apart.close()
