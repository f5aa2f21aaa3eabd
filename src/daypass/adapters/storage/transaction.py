"""One change to one account while it is being made: rows written as they come, a snapshot that shows them."""

from __future__ import annotations

import time

from sqlalchemy import Connection, Executable, String, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from daypass.adapters.storage.code_uses import forget_codes, use_code
from daypass.adapters.storage.database import Database
from daypass.adapters.storage.documents import encode, name_key
from daypass.adapters.storage.tables import ACCOUNTS, CHANGE_HEAD, CHANGE_LOG, CHANNEL, ENTITIES, LAST_USED
from daypass.entities import Account, Entity, MfaDevice
from daypass.ports import AlreadyExists, Judge
from daypass.snapshot import AccountSnapshot
from daypass.totp import CodeUse

KEPT_CHANGES = 100_000
"""Rows of the change log that stay; who has missed more reads its accounts afresh."""

_PRUNE_EVERY = 1_000

Key = tuple[str, str]
"""Kind and id of an entity."""

# Built once: making a statement costs more than running it. Parameters beginning with `of_` say which row.
_ROW = and_(
    ENTITIES.c.account_id == bindparam("of_account"),
    ENTITIES.c.kind == bindparam("of_kind"),
    ENTITIES.c.id == bindparam("of_id"),
)
_ADD = insert(ENTITIES)
_REPLACE = (
    update(ENTITIES)
    .where(_ROW)
    .values(name_key=bindparam("name_key"), revision=bindparam("revision"), document=bindparam("document"))
)
_REMOVE = delete(ENTITIES).where(_ROW)
_FORGET_USE = delete(LAST_USED).where(
    LAST_USED.c.account_id == bindparam("of_account"), LAST_USED.c.key == bindparam("of_id")
)
_NAME = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.id == bindparam("of_account"))
    .values(name_key=bindparam("name_key"), alias=bindparam("alias"))
)
_REVISE = update(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("of_account")).values(revision=bindparam("revision"))
_TAKE_NUMBERS = update(CHANGE_HEAD).values(seq=CHANGE_HEAD.c.seq + bindparam("count")).returning(CHANGE_HEAD.c.seq)
_LOG = insert(CHANGE_LOG)
_PRUNE = delete(CHANGE_LOG).where(CHANGE_LOG.c.seq <= bindparam("oldest"))
_NOTIFY = select(func.pg_notify(CHANNEL, bindparam("seq", type_=String)))


class AccountTransaction:
    """The ``Transaction`` port on a connection that holds the account's row.

    Names that are taken are refused by the database at ``put``; after a refusal nothing can be committed. ``base`` is
    the account as of that row, None while the account is being made.
    """

    def __init__(
        self, database: Database, connection: Connection, account: str, base: AccountSnapshot | None, partition: str
    ) -> None:
        self._database = database
        self._connection = connection
        self._id = account
        self._partition = partition
        self._base = base
        self._snapshot = base
        self._put: dict[Key, Entity] = {}  # not in ``_snapshot`` yet
        self._deleted: set[Key] = set()  # not in ``_snapshot`` yet
        self._gone: dict[Key, bool] = {}  # every entity that was changed: does it exist no more?
        self._flushed = False
        self._refused = False

    @property
    def account(self) -> AccountSnapshot:
        """The account as it is now, earlier changes of this transaction included."""
        if self._put or self._deleted:
            if self._snapshot is None:
                self._snapshot = AccountSnapshot.of(self.revision, self._put.values(), partition=self._partition)
            else:
                self._snapshot = self._snapshot.replaced(self.revision, self._put.values(), self._deleted)
            self._put, self._deleted = {}, set()
        if self._snapshot is None:
            raise LookupError("the first put of a new account is its Account entity")
        return self._snapshot

    @property
    def changed(self) -> bool:
        """Whether anything was put or deleted."""
        return bool(self._gone)

    @property
    def revision(self) -> int:
        """The revision that committing will give the account, or the present one while nothing changed."""
        before = self._base.revision if self._base else 0
        return before + 1 if self._gone else before

    def put(self, entity: Entity) -> None:
        """Add the entity or replace the one with the same kind and key.

        Raises:
            AlreadyExists: its name is taken.
            StoreUnavailable: the store did not answer.
        """
        key = (entity.kind, entity.key)
        exists = self._exists(key)
        self._note(key, gone=False)
        self._put[key] = entity
        self._deleted.discard(key)
        try:
            with self._database.bounded():
                self._write(entity, exists=exists)
        except IntegrityError as error:
            self._refused = True
            raise AlreadyExists(entity.kind) from error

    def delete(self, kind: str, key: str) -> None:
        """Remove an entity.

        Raises:
            KeyError: there is none.
            StoreUnavailable: the store did not answer.
        """
        pair = (kind, key)
        if not self._exists(pair):
            raise KeyError(pair)
        self._note(pair, gone=True)
        self._put.pop(pair, None)
        self._deleted.add(pair)
        with self._database.bounded():
            self._execute(_REMOVE, of_account=self._id, of_kind=kind, of_id=key)
            self._execute(_FORGET_USE, of_account=self._id, of_id=key)
            if kind == MfaDevice.kind:
                forget_codes(self._connection, self._id, key)

    def use_code(self, device: str, judge: Judge) -> CodeUse:
        """See ``ports.Transaction``.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with self._database.bounded():
            return use_code(self._database, self._connection, self._id, device, judge)[1]

    def flush(self) -> None:
        """Write the new revision, the last row that the store could refuse."""
        if self._refused:
            raise RuntimeError("a change that met AlreadyExists cannot be committed")
        if self.changed and not self._flushed:
            _ = self.account  # a new account must have its Account entity by now
            with self._database.bounded():
                self._execute(_REVISE, of_account=self._id, revision=self.revision)
            self._flushed = True

    def number_changes(self) -> tuple[int, int]:
        """Log the changes under the next change numbers; the first and the last of them. Only the commit may follow.

        The numbers are taken under the lock of the head row, which the commit releases: they have no gaps and become
        visible in their order, so a reader that has seen a number has seen all below it.
        """
        self.flush()
        with self._database.bounded():
            last = int(self._connection.execute(_TAKE_NUMBERS, {"count": len(self._gone)}).scalar_one())
            first = last - len(self._gone) + 1
            self._connection.execute(_LOG, self._log_rows(first))
            if first // _PRUNE_EVERY != (last + 1) // _PRUNE_EVERY:
                self._execute(_PRUNE, oldest=last - KEPT_CHANGES)
            if not self._database.is_sqlite:
                self._execute(_NOTIFY, seq=str(last))
        return first, last

    def _log_rows(self, first: int) -> list[dict[str, object]]:
        at = int(time.time())
        return [
            {
                "seq": first + place,
                "account_id": self._id,
                "revision": self.revision,
                "kind": kind,
                "id": key,
                "deleted": gone,
                "at": at,
            }
            for place, ((kind, key), gone) in enumerate(self._gone.items())
        ]

    def _note(self, key: Key, *, gone: bool) -> None:
        if self._base is None and not self._gone and key != (Account.kind, self._id):
            raise LookupError("the first put of a new account is its Account entity")
        self._gone[key] = gone

    def _exists(self, key: Key) -> bool:
        if key in self._gone:
            return not self._gone[key]
        return self._base is not None and self._base.find(*key) is not None

    def _write(self, entity: Entity, *, exists: bool) -> None:
        if isinstance(entity, Account):
            self._execute(_NAME, of_account=self._id, name_key=entity.name.casefold(), alias=entity.alias)
        columns = {"name_key": name_key(entity), "revision": self.revision, "document": encode(entity)}
        if exists:
            self._execute(_REPLACE, of_account=self._id, of_kind=entity.kind, of_id=entity.key, **columns)
        else:
            self._execute(_ADD, account_id=self._id, kind=entity.kind, id=entity.key, **columns)

    def _execute(self, statement: Executable, **parameters: object) -> None:
        self._connection.execute(statement, parameters)
