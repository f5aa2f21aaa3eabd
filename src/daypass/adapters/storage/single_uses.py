"""What may be used once in the whole cluster, such as an assertion: a mark each, until it would be refused anyway."""

from __future__ import annotations

import logging

from sqlalchemy import bindparam, delete, select

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import SINGLE_USE
from daypass.ports import StoreUnavailable

_LOG = logging.getLogger("daypass.storage")

SWEEP_EVERY = 60
"""Seconds between two times that this process removes marks that are over."""

_SWEEPING = "marks that are over"
_OVER = delete(SINGLE_USE).where(SINGLE_USE.c.expires < bindparam("now"))

_USED = select(SINGLE_USE.c.kind).filter_by(kind=bindparam("kind"), digest=bindparam("digest"))


class SingleUseTable:
    """The ``SingleUses`` port over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        marking = database.upsert(SINGLE_USE).values({column.name: bindparam(column.name) for column in SINGLE_USE.c})
        # PostgreSQL's driver tells of no other row that was added.
        self._mark = database.adding(marking.on_conflict_do_nothing().returning(SINGLE_USE.c.kind))
        self._swept = 0

    # INVARIANT: 3. what was used once counts as used before anything is given for it.
    #   tests/conformance/test_single_uses.py::test_of_many_uses_at_once_one_counts
    def use(self, kind: str, digest: bytes, expires: int, now: int) -> bool:
        """See ``ports.SingleUses``. Marks that are over go with a later one, within a minute."""
        is_first = self._mark({"kind": kind, "digest": digest, "expires": expires}, digest.hex())
        if is_first and now - self._swept >= SWEEP_EVERY:
            self._swept = now
            self._sweep(now)
        return is_first

    def _sweep(self, now: int) -> None:
        try:
            with self._database.writing(_SWEEPING) as connection:
                with self._database.bounded():
                    connection.execute(_OVER, {"now": now})
                self._database.commit(connection)
        except StoreUnavailable as error:  # the use counts all the same, and the next minute sweeps again
            _LOG.warning("marks that are over could not be removed: %s", error)

    def is_used(self, kind: str, digest: bytes) -> bool:
        """See ``ports.SingleUses``."""
        with self._database.reading() as connection:
            return connection.execute(_USED, {"kind": kind, "digest": digest}).first() is not None
