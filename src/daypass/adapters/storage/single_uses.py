"""What may be used once in the whole cluster, such as an assertion: a mark each, until it would be refused anyway."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import SINGLE_USE

SWEEP_EVERY = 60
"""Seconds between two times that this process removes marks that are over."""

_OVER = delete(SINGLE_USE).where(SINGLE_USE.c.expires < bindparam("now"))

_USED = select(SINGLE_USE.c.kind).filter_by(kind=bindparam("kind"), digest=bindparam("digest"))


class SingleUseTable:
    """The ``SingleUses`` port over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        marking = database.upsert(SINGLE_USE).on_conflict_do_nothing()
        self._mark = marking.returning(SINGLE_USE.c.kind)  # PostgreSQL's driver tells of no other row that was added
        self._swept = 0

    # INVARIANT: 3. what was used once counts as used before anything is given for it.
    #   tests/conformance/test_single_uses.py::test_of_many_uses_at_once_one_counts
    def use(self, kind: str, digest: bytes, expires: int, now: int) -> bool:
        """See ``ports.SingleUses``. Marks that are over go with a later one, within a minute."""
        mark = {"kind": kind, "digest": digest, "expires": expires}
        sweeps = now - self._swept >= SWEEP_EVERY
        with self._database.writing(digest.hex()) as connection:
            with self._database.bounded():
                is_first = connection.execute(self._mark, mark).first() is not None
                if sweeps:
                    connection.execute(_OVER, {"now": now})
            if is_first:
                self._database.commit(connection)
                self._swept = now if sweeps else self._swept
            return is_first

    def is_used(self, kind: str, digest: bytes) -> bool:
        """See ``ports.SingleUses``."""
        with self._database.reading() as connection:
            return connection.execute(_USED, {"kind": kind, "digest": digest}).first() is not None
