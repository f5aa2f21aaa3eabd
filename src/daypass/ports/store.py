"""The accounts, in memory and in the store, and what is kept beside them without a revision."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from daypass.entities import Entity
from daypass.snapshot import AccountSnapshot
from daypass.totp import CodeUse


class Directory(Protocol):
    """The accounts in memory, always at the newest revision this host has acknowledged."""

    def find(self, account: str) -> AccountSnapshot | None:
        """The account's snapshot, or None when there is no such account. Never blocks.

        Raises:
            NotLoaded: unknown to this node's memory, or older than a write this host has acknowledged.
        """
        ...

    def load(self, account: str) -> AccountSnapshot | None:
        """Like ``find``, but reads the store where needed.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        ...

    def ids(self) -> tuple[str, ...]:
        """All account ids of this daypass, sorted. Reads the store."""
        ...


Judge = Callable[[CodeUse], CodeUse]
"""What becomes of the record of a device's codes; called once, while nobody else can read or change it."""


class CodeUses(Protocol):
    """Which one-time codes of MFA devices are used up: one truth for all nodes. No revision, no change-log row."""

    def use(self, account: str, device: str, judge: Judge) -> CodeUse:
        """Replace what is remembered of ``device`` by what ``judge`` makes of it; durable when this returns.

        Calls for one device are serial over all nodes. A device never met before is ``CodeUse()``.

        Raises:
            StoreUnavailable: the store did not answer within a second.
        """
        ...


class SingleUses(Protocol):
    """What may be used once: one truth for all nodes. No revision, no change-log row."""

    def use(self, kind: str, digest: bytes, expires: int, now: int) -> bool:
        """Use what ``digest`` stands for among its ``kind``; durable when this returns True. False: it was used before.

        After ``expires`` (epoch seconds) the mark may go: whatever it stands for is refused by then for its age.

        Raises:
            StoreUnavailable: the store did not answer within a second.
        """
        ...

    def is_used(self, kind: str, digest: bytes) -> bool:
        """Whether ``digest`` was used; it stays as it is.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        ...


class Transaction(Protocol):
    """Changes to one account, all or nothing. Writers of one account are serial, so ``account`` is the truth."""

    @property
    def account(self) -> AccountSnapshot:
        """The account as it is now, earlier changes of this transaction included."""
        ...

    def put(self, entity: Entity) -> None:
        """Add the entity or replace the one with the same kind and key.

        Raises:
            AlreadyExists: its name (users, groups, roles, policies: without case; account alias: everywhere) is taken.
        """
        ...

    def delete(self, kind: str, key: str) -> None:
        """Remove an entity; absent is an error of the caller."""
        ...

    def use_code(self, device: str, judge: Judge) -> CodeUse:
        """Like ``CodeUses.use``, as part of this change: undone when it is."""
        ...

    def flush(self) -> None:
        """Write everything that the store could refuse. Call it before the audit record of the change is written.

        After it only the loss of the database (or of room on its disk) can keep the change from being committed.

        Raises:
            StoreUnavailable: the store did not answer; the change is lost.
        """
        ...

    @property
    def changed(self) -> bool:
        """Whether anything was put or deleted."""
        ...

    @property
    def revision(self) -> int:
        """The revision that committing will give the account, or the present one while nothing changed."""
        ...


class Store(Protocol):
    """The durable truth: accounts with a revision each, a change log, the sealing keys, single-use marks."""

    def transaction(self, account: str) -> AbstractContextManager[Transaction]:
        """Open, commit on normal exit, roll back on any exception. After exit, ``Directory.find`` sees the change.

        Raises:
            StoreUnavailable: could not begin or commit; nothing was changed.
            OutcomeUnknown: the connection was lost while committing.
            KeyError: no such account.
        """
        ...

    def create_account(self, account: str) -> AbstractContextManager[Transaction]:
        """A transaction that makes the account. The first ``put`` must be its ``Account`` entity.

        Raises:
            AlreadyExists: the id is taken.
        """
        ...


class LastUse(NamedTuple):
    """When, where and for what a key or role was last used. ``at`` is in epoch seconds."""

    at: int
    region: str
    service: str


class LastUsed(Protocol):
    """Last-used times: kept in memory, flushed in place at most once a minute; no revision, no change-log row."""

    def touch(self, account: str, key: str, use: LastUse) -> None:
        """Remember the use of ``key`` (an access key id or a role's unique id). Never blocks."""
        ...

    def find(self, account: str, key: str) -> LastUse | None:
        """The last use this process or the store knows of. Reads the store where memory has none.

        Raises:
            StoreUnavailable: memory has none and the store did not answer.
        """
        ...
