"""The ``Store`` port: transactions that are serial by account, durable when they end, and seen at once on this host.

Order of a change: lock the account's row · read it at that revision · the caller's puts and deletes, each written at
once · the caller's audit record · change numbers and log rows · commit · swap the snapshot in memory · raise the
beacon · return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.installation import Installation
from daypass.adapters.storage.memory.directory import MemoryDirectory
from daypass.adapters.storage.reads import read_account, read_revision
from daypass.adapters.storage.tables import ACCOUNTS
from daypass.adapters.storage.transaction import AccountTransaction
from daypass.entities import Account
from daypass.ports import AlreadyExists
from daypass.snapshot import AccountSnapshot


class SqlStore:
    """Accounts in a database, with their changes published to one directory."""

    def __init__(self, database: Database, directory: MemoryDirectory, facts: Installation) -> None:
        self._database = database
        self._directory = directory
        self._facts = facts

    @contextmanager
    def transaction(self, account: str) -> Iterator[AccountTransaction]:
        """Open, commit on normal exit, roll back on any exception. After exit, ``Directory.find`` sees the change.

        Raises:
            StoreUnavailable: could not begin or commit; nothing was changed.
            OutcomeUnknown: the connection was lost while committing.
            KeyError: no such account.
        """
        with self._change(account, self._lock) as change:
            yield change

    @contextmanager
    def create_account(self, account: str) -> Iterator[AccountTransaction]:
        """A transaction that makes the account. The first ``put`` must be its ``Account`` entity.

        Raises:
            AlreadyExists: the id is taken.
            StoreUnavailable: could not begin or commit; nothing was changed.
        """
        with self._change(account, self._insert) as change:
            yield change

    @contextmanager
    def _change(
        self, account: str, begin: Callable[[Connection, str], AccountSnapshot | None]
    ) -> Iterator[AccountTransaction]:
        with self._database.writing(account) as connection:
            with self._database.bounded():
                base = begin(connection, account)
            change = AccountTransaction(self._database, connection, account, base, self._facts.partition)
            yield change
            if not change.changed:
                return
            first, last = change.number_changes()
            self._database.commit(connection)
            # INVARIANT: 3. only what is committed is published or acknowledged.
            # tests/adapters/storage/test_store.py::test_a_change_whose_commit_fails_is_not_published.
            self._directory.publish(change.account, first, last)

    def _lock(self, connection: Connection, account: str) -> AccountSnapshot:
        revision = read_revision(connection, account, lock=True)
        if revision is None:
            raise KeyError(account)
        known = self._directory.at(account, revision)
        if known is not None:
            return known
        snapshot = read_account(connection, account, self._facts.partition)
        assert snapshot is not None, "the row is locked"
        return self._directory.placed(snapshot)

    def _insert(self, connection: Connection, account: str) -> None:
        try:
            connection.execute(insert(ACCOUNTS).values(id=account, revision=0))
        except IntegrityError as error:
            raise AlreadyExists(Account.kind) from error
