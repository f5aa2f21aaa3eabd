"""When keys and roles were last used: noted in memory, written in place at most once a minute.

No revision, no change-log row: a session costs the store nothing. What was noted in the last minute is lost when the
process is killed; AWS promises less (IAM User Guide: reported with a delay of hours).
"""

from __future__ import annotations

import threading
from time import monotonic

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import LAST_USED
from daypass.ports import LastUse

FLUSH_EVERY = 60.0
"""Seconds between two writes."""

_BATCH = 500


class LastUsedTimes:
    """The ``LastUsed`` port over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[tuple[str, str], LastUse] = {}
        self._writing: dict[tuple[str, str], LastUse] = {}
        self._mutex = threading.Lock()
        self._flushed = monotonic()

    def touch(self, account: str, key: str, use: LastUse) -> None:
        """Remember the use of ``key`` (an access key id or a role's unique id). Never blocks."""
        self._noted[account, key] = use

    def find(self, account: str, key: str) -> LastUse | None:
        """The last use this process or the store knows of. Reads the store where memory has none.

        Raises:
            StoreUnavailable: memory has none and the store did not answer.
        """
        pair = (account, key)
        noted = self._noted.get(pair) or self._writing.get(pair)
        if noted is not None:
            return noted
        with self._database.reading() as connection:
            mine = (LAST_USED.c.account_id == account) & (LAST_USED.c.key == key)
            row = connection.execute(
                select(LAST_USED.c.at, LAST_USED.c.region, LAST_USED.c.service).where(mine)
            ).first()
        return None if row is None else LastUse(*row)

    def flush_if_due(self) -> None:
        """Write what was noted if the last write is a minute ago.

        Raises:
            StoreUnavailable: nothing was written; it stays noted.
        """
        if monotonic() - self._flushed >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what was noted, in place; an older time never replaces a newer one.

        Raises:
            StoreUnavailable: not everything was written; it stays noted.
        """
        with self._mutex:
            self._flushed = monotonic()
            self._writing, self._noted = self._noted, {}
            try:
                self._write()
            finally:
                for pair, use in list(self._writing.items()):
                    self._noted.setdefault(pair, use)
                self._writing = {}

    def _write(self) -> None:
        pairs = list(self._writing.items())
        while pairs:
            batch, pairs = pairs[:_BATCH], pairs[_BATCH:]
            rows = [
                {"account_id": account, "key": key, "at": use.at, "region": use.region, "service": use.service}
                for (account, key), use in batch
            ]
            self._upsert(rows)
            for pair, _ in batch:
                del self._writing[pair]

    def _upsert(self, rows: list[dict[str, object]]) -> None:
        statement = (sqlite if self._database.is_sqlite else postgresql).insert(LAST_USED)
        new = statement.excluded
        newest = statement.on_conflict_do_update(
            index_elements=["account_id", "key"],
            set_={"at": new.at, "region": new.region, "service": new.service},
            where=LAST_USED.c.at <= new.at,
        )
        with self._database.writing("last-used") as connection:
            with self._database.bounded():
                connection.execute(newest, rows)
            self._database.commit(connection)
