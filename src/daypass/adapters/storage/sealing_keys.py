"""The ``SealingKeyStore`` port: a handful of rows that change together, compared and swapped in one transaction."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import CHANGE_HEAD, SEALING_KEYS
from daypass.ports import StoredSealingKey

_COLUMNS = ("id", "state", "wrapped", "created", "active_from", "not_after")
_ALL = select(*(SEALING_KEYS.c[name] for name in _COLUMNS))


class SealingKeyTable:
    """The sealing keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> tuple[StoredSealingKey, ...]:
        """All rows, sorted by id; empty before the first start.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with self._database.reading() as connection:
            return read_sealing_keys(connection)

    def swap(self, before: tuple[StoredSealingKey, ...], after: tuple[StoredSealingKey, ...]) -> bool:
        """In one transaction: if the table holds exactly ``before``, make it hold exactly ``after``; durable when True.

        Raises:
            StoreUnavailable: could not begin or commit. Whether the change happened is then seen by ``load``.
        """
        with self._database.writing("sealing-keys") as connection:
            with self._database.bounded():
                # The head row is the one lock that every node's writers share; rotation is rare.
                connection.execute(select(CHANGE_HEAD.c.seq).with_for_update())
                if read_sealing_keys(connection) != before:
                    return False
                connection.execute(delete(SEALING_KEYS))
                if after:
                    connection.execute(insert(SEALING_KEYS), [asdict(key) for key in after])
            self._database.commit(connection)
            return True


def read_sealing_keys(connection: Connection) -> tuple[StoredSealingKey, ...]:
    """All rows, sorted by id."""
    return tuple(sorted((StoredSealingKey(*row) for row in connection.execute(_ALL)), key=lambda key: key.id))
