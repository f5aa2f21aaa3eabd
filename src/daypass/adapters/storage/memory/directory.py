"""The accounts in memory: found without a lock or a wait, loaded at first use, kept at the newest revision.

``_applied`` is the number of the newest change this memory holds, ``_seen`` the beacon's value when that was read. As
long as the beacon shows ``_seen``, no write that this host has acknowledged is missing, and ``find`` may answer.

When the database is away nothing can be learnt, so ``find`` goes on answering from memory (detached) although the
beacon may have moved, says since when (``stale_for``), and refuses past ``max_stale``.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from time import monotonic

from daypass.adapters.storage.cold import ColdStart
from daypass.adapters.storage.database import Database
from daypass.adapters.storage.deadlines import FIRST_CONTACT, PATIENCE, turn, within
from daypass.adapters.storage.installation import Installation
from daypass.adapters.storage.memory.beacon import Beacon
from daypass.adapters.storage.memory.placing import Placing
from daypass.adapters.storage.memory.residents import Residents
from daypass.adapters.storage.reads import Changes, read_account, read_accounts, read_changes, read_head, read_tree
from daypass.organization import Tree
from daypass.ports import NotLoaded, StoreUnavailable
from daypass.snapshot import AccountSnapshot

_LOADERS = 64
_NEVER = -1  # no value that a beacon can show


class MemoryDirectory:
    """The ``Directory`` port over one database. Any thread may call anything."""

    def __init__(
        self,
        database: Database,
        beacon: Beacon,
        facts: Installation,
        *,
        capacity: int,
        max_stale: float,
        cold: ColdStart | None = None,
    ) -> None:
        self._database = database
        self._beacon = beacon
        self._view = beacon.view
        self._facts = facts
        self._max_stale = max_stale
        self._residents = Residents(capacity)
        self._loaded = self._residents.snapshots  # read without a lock
        self._recent = self._residents.recent
        self._known: set[str] = set()
        self._seen = _NEVER
        self._applied = 0
        self._placing = Placing()
        self._detached = False
        self._contact = monotonic()
        self._afresh = 0  # how often memory was dropped because too much was missing
        self._wanted: dict[str, int] = {}  # accounts being loaded: the revision a change has asked for meanwhile
        self._mutex = threading.Lock()  # guards all of the above; never held while reading the store
        self._following = threading.Lock()
        self._loading = [threading.Lock() for _ in range(_LOADERS)]
        self._cold = cold is not None
        if cold is None:
            self._start_afresh(patience=FIRST_CONTACT)
        else:
            self._begin_with(cold)

    # INVARIANT: 4. a node that starts while the database is away is what it was at its last contact, and as old.
    # tests/faults/test_cold_start.py::test_a_node_starts_without_its_database_and_catches_up.
    def _begin_with(self, cold: ColdStart) -> None:
        self._known, self._applied = set(cold.known), cold.head
        self._placing.take(cold.tree, cold.head)
        for snapshot in cold.accounts:
            self._residents.keep(self.placed(snapshot))
        self._seen = self._view[0]
        self._contact -= cold.stale
        self._lose_sight()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────

    def find(self, account: str) -> AccountSnapshot | None:
        """The account's snapshot, or None when there is no such account. Never blocks.

        Raises:
            NotLoaded: not in memory, or a write acknowledged on this host is missing.
        """
        # INVARIANT: 5. a deletion that this host has acknowledged is in effect at the next request of every worker.
        # tests/adapters/storage/test_directory.py::test_find_never_misses_what_the_host_has_acknowledged.
        if self._view[0] != self._seen and not self._detached:
            raise NotLoaded(account)
        snapshot = self._loaded.get(account)
        if snapshot is not None:
            self._recent.add(account)
            return snapshot
        if account in self._known:
            raise NotLoaded(account)
        return None

    def load(self, account: str) -> AccountSnapshot | None:
        """Like ``find``, but reads the store where needed; concurrent loads of one account read it once.

        Raises:
            StoreUnavailable: the store did not answer, and memory may not answer for it.
        """
        with within(PATIENCE):
            self._catch_up_or_detach()
            # INVARIANT: 9. an account that nobody has leaves no trace: strangers ask for any number of them.
            # tests/adapters/storage/test_directory.py::test_asking_for_accounts_that_are_not_here_takes_no_memory.
            if account not in self._known:
                return None
            self._recent.add(account)
            snapshot = self._loaded.get(account)
            if snapshot is not None:
                return snapshot
            with turn(self._loading[hash(account) % _LOADERS]):
                return self._loaded.get(account) or self._read(account)

    def ids(self) -> tuple[str, ...]:
        """All account ids, sorted.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        self.catch_up()
        return tuple(sorted(self._known))

    def at(self, account: str, revision: int) -> AccountSnapshot | None:
        """The snapshot in memory if it is of exactly this revision."""
        snapshot = self._loaded.get(account)
        return snapshot if snapshot is not None and snapshot.revision == revision else None

    @property
    def tree(self) -> Tree | None:
        """The organization, as new as every account in memory; None when there is none."""
        return self._placing.tree

    # INVARIANT: 2. every snapshot that leaves this class carries what the organization restricts.
    # tests/adapters/storage/test_organization.py::test_no_snapshot_misses_what_the_organization_restricts.
    def placed(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """``snapshot`` at its place in the organization as it is now."""
        return self._placing.placed(snapshot)

    @property
    def applied(self) -> int:
        """The number of the newest change in memory."""
        return self._applied

    @property
    def afresh(self) -> int:
        """How often memory was filled from nothing: whoever kept something from before must not rely on it."""
        return self._afresh

    @property
    def cold(self) -> bool:
        """Whether all that is here comes from the disk snapshot: there was no contact since the start."""
        return self._cold

    @property
    def detached(self) -> bool:
        """Whether the store did not answer when it was asked last."""
        return self._detached or self._seen == _NEVER

    def resident(self) -> list[str]:
        """The ids of the accounts in memory, those of most use first."""
        with self._mutex:
            return self._residents.ranked()

    def forget(self) -> None:
        """Answer for no account any more until the store is read again."""
        with self._mutex:
            self._residents.clear()

    @property
    def weight(self) -> int:
        """How many entities are in memory, all loaded accounts together."""
        return self._residents.weight

    def stale_for(self, now: float | None = None) -> float:
        """Seconds since the store last answered; ``now`` on the monotonic clock."""
        return max(0.0, (monotonic() if now is None else now) - self._contact)

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────

    def publish(self, snapshot: AccountSnapshot, first: int, last: int) -> None:
        """Take over a commit of this process, changes ``first`` to ``last``, and tell the host."""
        with self._mutex:
            if self._placing.learn(snapshot, last):
                self._place_again()
            self._install(snapshot)
            in_order = self._applied == first - 1
            self._applied = last if in_order else self._applied
            value = self._beacon.bump()
            if in_order and self._seen == value - 1:
                self._seen = value
            self._contact = monotonic()
        with suppress(StoreUnavailable):  # committed all the same; this process then knows that it is behind
            self.catch_up()

    def catch_up(self, *, probe: bool = False) -> None:
        """Apply what has changed, if the beacon says so; ``probe``: ask the database in any case.

        Raises:
            StoreUnavailable: the store did not answer; memory is as it was.
        """
        if not probe and self._view[0] == self._seen:
            return
        try:
            with turn(self._following):
                value = self._view[0]
                if probe or value != self._seen:
                    self._follow(value, probe=probe)
        except StoreUnavailable:
            self._lose_sight()
            raise

    def _follow(self, value: int, *, probe: bool) -> None:
        # `value` was read before the log: what was acknowledged until then is in what we read.
        if self._cold:  # what was on disk was good for want of better: none of it stays
            self._start_afresh(probe=probe)
            return
        with self._database.reading(probe=probe) as connection:
            changes = read_changes(connection, self._applied, self._loaded)
        if changes.accounts is None:
            self._start_afresh()
            return
        with self._mutex:
            self._apply(changes)
            # A write of ours that ended meanwhile has moved `_seen` on; what it saw is in memory, too.
            self._caught_up(max(value, self._seen), changes.head)

    # INVARIANT: 4. without the database what is in memory goes on answering, until it is too old to be trusted.
    # tests/faults/test_server_without_database.py::test_minting_and_verifying_go_on_and_changes_are_refused.
    def _lose_sight(self) -> None:
        with self._mutex:
            self._detached = self.stale_for() <= self._max_stale
            if not self._detached:
                self._seen = _NEVER

    def _caught_up(self, value: int, head: int) -> None:
        self._applied = max(self._applied, head)
        self._seen = value
        self._detached = False
        self._contact = monotonic()

    def _apply(self, changes: Changes) -> None:
        if changes.reorganized and changes.head > self._placing.at:
            self._placing.take(changes.tree, changes.head)
            self._place_again()
        for account, change in (changes.accounts or {}).items():
            self._known.add(account)
            if account in self._wanted:
                self._wanted[account] = max(self._wanted[account], change.revision)
            present = self._loaded.get(account)
            if present is None or present.revision >= change.revision:
                continue
            if present.revision < change.before or not (change.put or change.deleted):
                self._residents.drop(account)  # it was loaded or changed while we read: the next use reads it
            else:
                self._residents.keep(self.placed(present.replaced(change.revision, change.put, change.deleted)))

    def _place_again(self) -> None:
        for snapshot in tuple(self._loaded.values()):
            placed = self.placed(snapshot)
            if placed is not snapshot:
                self._residents.keep(placed)

    def _start_afresh(self, *, probe: bool = True, patience: float = PATIENCE) -> None:
        value = self._view[0]
        with self._database.reading(probe=probe, patience=patience) as connection:
            known, head, tree = read_accounts(connection), read_head(connection), read_tree(connection)
        with self._mutex:
            self._afresh += 1
            self._cold = False
            self._residents.clear()
            self._known = known
            self._applied = head
            self._placing.take(tree, head)
            self._caught_up(value, head)

    # ── loading ──────────────────────────────────────────────────────────────────────────────────────

    def _catch_up_or_detach(self) -> None:
        try:
            self.catch_up()
        except StoreUnavailable:
            if not self._detached:
                raise

    def _read(self, account: str) -> AccountSnapshot | None:
        for _ in range(8):
            with self._mutex:
                afresh = self._afresh
                self._wanted[account] = 0
            with self._database.reading() as connection:
                snapshot = read_account(connection, account, self._facts.partition)
            with self._mutex:
                wanted = self._wanted.pop(account, 0)
                if snapshot is None:
                    return None
                if snapshot.revision >= wanted and afresh == self._afresh:
                    self._install(snapshot)
                    return self._loaded.get(account) or self.placed(snapshot)
        raise StoreUnavailable("the account changes faster than it can be read")

    def _install(self, snapshot: AccountSnapshot) -> None:
        account = snapshot.id
        self._known.add(account)
        if account in self._wanted:
            self._wanted[account] = max(self._wanted[account], snapshot.revision)
        present = self._loaded.get(account)
        if present is None or present.revision < snapshot.revision:
            self._residents.keep(self.placed(snapshot))
