"""Which one-time codes of MFA devices are used up, and how often a device was guessed at.

One row a device. Reading it locks it, so that of two nodes that judge the same code at once the second sees what the
first has made of it (docs/adr/0015-mfa-codes.md).
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, delete, update

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import CODE_USES
from daypass.ports import Judge
from daypass.totp import CodeUse

_ROW = and_(CODE_USES.c.account_id == bindparam("of_account"), CODE_USES.c.device == bindparam("of_device"))
_COLUMNS = (CODE_USES.c.newest_step, CODE_USES.c.wrong, CODE_USES.c.closed_until)
_REPLACE = update(CODE_USES).where(_ROW).values({column.name: bindparam(column.name) for column in _COLUMNS})
_FORGET = delete(CODE_USES).where(_ROW)


class CodeUseTable:
    """The ``CodeUses`` port over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def use(self, account: str, device: str, judge: Judge) -> CodeUse:
        """See ``ports.CodeUses``. What changes nothing, such as a try while the device is closed, costs no commit."""
        with self._database.writing(device) as connection:
            with self._database.bounded():
                before, after = use_code(self._database, connection, account, device, judge)
            # INVARIANT: 3. a code counts as used before anything is given for it.
            # tests/faults/test_mfa.py::test_a_code_whose_use_cannot_be_recorded_opens_nothing.
            if after != before:
                self._database.commit(connection)
            return after


def use_code(
    database: Database, connection: Connection, account: str, device: str, judge: Judge
) -> tuple[CodeUse, CodeUse]:
    """What was remembered and what is now, inside a transaction that the caller commits."""
    # On a conflict nothing changes, but the row is locked: SELECT … FOR UPDATE cannot lock a row that is not there.
    adding = database.upsert(CODE_USES).values(account_id=account, device=device, **CodeUse()._asdict())
    locking = adding.on_conflict_do_update(
        index_elements=["account_id", "device"], set_={"wrong": CODE_USES.c.wrong}
    ).returning(*_COLUMNS)
    before = CodeUse(*connection.execute(locking).one())
    after = judge(before)
    if after != before:
        connection.execute(_REPLACE, {"of_account": account, "of_device": device, **after._asdict()})
    return before, after


def forget_codes(connection: Connection, account: str, device: str) -> None:
    """Remove what is remembered of a device that is deleted: its id never comes again."""
    connection.execute(_FORGET, {"of_account": account, "of_device": device})
