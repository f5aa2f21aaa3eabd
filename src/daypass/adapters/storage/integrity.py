"""Is the database what it should be: a quick look at every start, everything for `daypass doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DatabaseError

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.documents import decode
from daypass.adapters.storage.reads import read_head
from daypass.adapters.storage.tables import ACCOUNTS, CHANGE_LOG, ENTITIES
from daypass.entities import AccessKey, Entity, Group, ManagedPolicy, MfaDevice, Organization, Role, User
from daypass.organization import FULL_ACCESS
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
    columns = (ENTITIES.c.account_id, ENTITIES.c.kind, ENTITIES.c.id, ENTITIES.c.revision, ENTITIES.c.document)
    entities = connection.execute(select(*columns).order_by(ENTITIES.c.account_id))
    for account, its in groupby(entities, key=lambda row: str(row.account_id)):
        yield from _account_defects(account, revisions.pop(account, 0), list(its))
    for account in sorted(revisions):
        yield from _account_defects(account, 0, [])


def _account_defects(account: str, newest: int, rows: Sequence[Any]) -> Iterator[str]:
    entities: list[Entity] = []
    for _, kind, key, revision, document in rows:
        if revision > newest:
            yield f"{kind} {key} of account {account} is newer than its account"
        try:
            entities.append(decode(kind, document))
        except StoreUnavailable as error:
            yield f"{kind} {key} of account {account}: {error}"
    if not any(kind == "account" for _, kind, *_ in rows):
        yield f"account {account} has no description"
    yield from _dangling(account, entities, {account, *(key for _, _, key, *_ in rows)})


def _dangling(account: str, entities: Sequence[Entity], present: set[str]) -> Iterator[str]:
    """Each entity that names something of the account that is not there. AWS's policies are not in the database."""
    present.update(f"policy{each.path}{each.name}" for each in entities if isinstance(each, ManagedPolicy))
    for entity in entities:
        for named in _named_by(account, entity):
            if named not in present:
                yield f"{entity.kind} {entity.key} of account {account} names {named}, which does not exist"


def _named_by(account: str, entity: Entity) -> Iterable[str]:
    """What ``entity`` cannot be without: unique ids, and of policies the resource part of their ARNs."""
    if isinstance(entity, AccessKey):
        return (entity.user_id,)
    if isinstance(entity, MfaDevice):
        return () if entity.user_id is None else (entity.user_id,)
    if isinstance(entity, Organization):
        everywhere = {policy.id for policy in FULL_ACCESS.values()}
        attached = (ids for _, ids in (*entity.scps, *entity.rcps))
        return sorted({one for ids in attached for one in ids} - everywhere)
    if not isinstance(entity, User | Group | Role):
        return ()
    boundary = () if isinstance(entity, Group) or entity.boundary is None else (entity.boundary,)
    policies = (arn.partition(f":iam::{account}:") for arn in (*entity.attached, *boundary))
    groups = entity.groups if isinstance(entity, User) else ()
    return (*groups, *(resource for _, own, resource in policies if own))
