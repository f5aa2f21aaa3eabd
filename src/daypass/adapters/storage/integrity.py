"""Is the database what it should be: a quick look at every start, everything for `daypass doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DatabaseError

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.documents import decode
from daypass.adapters.storage.reads import read_head
from daypass.adapters.storage.tables import ACCOUNTS, CHANGE_LOG, ENTITIES
from daypass.ports import StoreUnavailable

_QUICK_PAGES = 4_096
"""Up to this size (16 MB) a start checks the whole file; beyond, that would cost more than the start may take."""

_PATIENCE = 600.0


def refuse_broken(database: Database) -> None:
    """Look at a SQLite file before it is used.

    Raises:
        DataDirectoryError: it is no database, or a damaged one.
    """
    try:
        with database.reading() as connection:
            pages = int(connection.execute(text("PRAGMA page_count")).scalar_one())
            check = "quick_check(1)" if pages <= _QUICK_PAGES else "schema_version"
            found = str(connection.execute(text(f"PRAGMA {check}")).scalar_one())
    except StoreUnavailable as error:
        raise _broken(str(error)) from error
    if pages <= _QUICK_PAGES and found != "ok":
        raise _broken(found.splitlines()[0])


def _broken(finding: str) -> DataDirectoryError:
    return DataDirectoryError(
        f"the database cannot be used: {finding}",
        "check the disk, then restore daypass.db from a backup; `daypass doctor` looks closer",
    )


def defects(database: Database) -> tuple[str, ...]:
    """What is wrong with the database; empty when it is sound. Reads everything.

    Raises:
        StoreUnavailable: the database did not answer.
    """
    with database.reading(patience=_PATIENCE) as connection:
        found = list(_file_defects(connection)) if database.is_sqlite else []
        return tuple(found or _content_defects(connection))


def _file_defects(connection: Connection) -> Iterator[str]:
    try:
        for (line,) in connection.execute(text("PRAGMA integrity_check")):
            if line != "ok":
                yield f"database file: {line}"
        for table, *_ in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"a row of `{table}` belongs to no account"
    except DatabaseError as error:
        yield f"database file: {error.orig}"


def _content_defects(connection: Connection) -> Iterator[str]:
    head, newest = read_head(connection), connection.execute(select(func.max(CHANGE_LOG.c.seq))).scalar()
    if newest is not None and newest != head:
        yield f"the change log ends at {newest}, its head says {head}"
    rows = connection.execute(select(ACCOUNTS.c.id, ACCOUNTS.c.revision))
    revisions: dict[str, int] = {row.id: row.revision for row in rows}
    described = set()
    columns = (ENTITIES.c.account_id, ENTITIES.c.kind, ENTITIES.c.id, ENTITIES.c.revision, ENTITIES.c.document)
    for account, kind, key, revision, document in connection.execute(select(*columns)):
        if kind == "account":
            described.add(account)
        if revision > revisions.get(account, 0):
            yield f"{kind} {key} of account {account} is newer than its account"
        try:
            decode(kind, document)
        except StoreUnavailable as error:
            yield f"{kind} {key} of account {account}: {error}"
    for account in sorted(revisions.keys() - described):
        yield f"account {account} has no description"
