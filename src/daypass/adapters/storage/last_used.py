"""When keys and roles were last used: noted in memory, written in place at most once a minute.

No revision, no change-log row: a session costs the store nothing. What was noted in the last minute is lost when the
process is killed; AWS promises less (IAM User Guide: reported with a delay of hours).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

from sqlalchemy import BigInteger, String, bindparam, exists, or_, select

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import ENTITIES, LAST_USED
from daypass.entities import AccessKey, Role
from daypass.ports import LastUse

FLUSH_EVERY = 60.0
"""Seconds between two writes."""

_OF_ACCOUNT = select(LAST_USED.c.key, LAST_USED.c.at, LAST_USED.c.region, LAST_USED.c.service).where(
    LAST_USED.c.account_id == bindparam("account")
)
_NAMES = ["account_id", "key", "at", "region", "service"]
# What was deleted since its use was noted gets no row, for nobody would ever delete that.
_OF_THE_LIVING = select(
    bindparam("account", type_=String),
    bindparam("key", type_=String),
    bindparam("used", type_=BigInteger),
    bindparam("region", type_=String),
    bindparam("service", type_=String),
).where(
    exists().where(
        ENTITIES.c.account_id == bindparam("account"),
        or_(ENTITIES.c.kind == AccessKey.kind, ENTITIES.c.kind == Role.kind),
        ENTITIES.c.id == bindparam("key"),
    )
)
_BATCH = 500
_MOST_ACCOUNTS = 100


@dataclass(slots=True)
class _Page:
    """What the store said about one account, and when."""

    uses: dict[str, LastUse]
    read: float


class LastUsedTimes:
    """The ``LastUsed`` port over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[tuple[str, str], LastUse] = {}
        self._writing: dict[tuple[str, str], LastUse] = {}
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._mutex = threading.Lock()
        self._flushed = monotonic()

    def touch(self, account: str, key: str, use: LastUse) -> None:
        """Remember the use of ``key`` (an access key id or a role's unique id). Never blocks."""
        self._noted[account, key] = use

    def find(self, account: str, key: str) -> LastUse | None:
        """The last use this process or the store knows of. Reads the store where memory has none:
        one look a minute for each account.

        Raises:
            StoreUnavailable: memory has none and the store did not answer.
        """
        pair = (account, key)
        noted = self._noted.get(pair) or self._writing.get(pair)
        return noted or self._page(account).uses.get(key)

    def _page(self, account: str) -> _Page:
        """All last uses in one account. Read once a minute, since other processes write no more often."""
        page = self._pages.get(account)
        if page is None or monotonic() - page.read >= FLUSH_EVERY:
            with self._database.reading() as connection:
                rows = connection.execute(_OF_ACCOUNT, {"account": account})
                page = _Page({key: LastUse(*use) for key, *use in rows}, monotonic())
            self._pages[account] = page
            while len(self._pages) > _MOST_ACCOUNTS:
                self._pages.popitem(last=False)
        return page

    def flush_if_due(self) -> None:
        """Write what was noted if the last write is a minute ago.

        Raises:
            StoreUnavailable: nothing was written; it stays noted.
        """
        if monotonic() - self._flushed >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what was noted, in place; an older time never replaces a newer one, and what is gone gets none.

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
                {"account": account, "key": key, "used": use.at, "region": use.region, "service": use.service}
                for (account, key), use in batch
            ]
            self._upsert(rows)
            for (account, key), use in batch:
                self._turn_page(account, key, use)
                del self._writing[account, key]

    def _turn_page(self, account: str, key: str, use: LastUse) -> None:
        page = self._pages.get(account)
        if page is not None and (key not in page.uses or page.uses[key].at <= use.at):
            page.uses[key] = use

    def _upsert(self, rows: list[dict[str, object]]) -> None:
        statement = self._database.upsert(LAST_USED).from_select(_NAMES, _OF_THE_LIVING)
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
