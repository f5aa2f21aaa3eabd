"""Reading the store: one account whole, or what has changed since a change number. Each is one consistent state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, literal_column, select

from daypass.adapters.storage.documents import decode
from daypass.adapters.storage.tables import ACCOUNTS, CHANGE_HEAD, CHANGE_LOG, ENTITIES
from daypass.entities import ControlPolicy, Entity, Organization, TokenIssuer
from daypass.organization import Tree
from daypass.snapshot import AccountSnapshot

MOST_CHANGES = 5_000
"""Beyond so many missed changes it is cheaper, and bounded, to forget the accounts and load each at its next use."""

StoredTree = tuple[str, bytes, tuple[bytes, ...]]
"""The organization as stored: its management account, its document, those of its policies."""

_CHUNK = 400  # (kind, id) pairs in one statement: both databases limit the number of parameters

# Built once: making a statement costs more than running it.
_REVISION = select(ACCOUNTS.c.revision).where(ACCOUNTS.c.id == bindparam("account"))
_LOCKED_REVISION = _REVISION.with_for_update()
_DOCUMENTS = select(ENTITIES.c.kind, ENTITIES.c.document).where(ENTITIES.c.account_id == bindparam("account"))
_SOME = _DOCUMENTS.where(ENTITIES.c.kind == bindparam("of"), ENTITIES.c.id.in_(bindparam("ids", expanding=True)))
# As a literal: neither database uses a partial index for a parameter.
_ORGANIZATION = select(ENTITIES.c.account_id, ENTITIES.c.document).where(
    ENTITIES.c.kind == literal_column(f"'{Organization.kind}'")
)
_CONTROL_POLICIES = _DOCUMENTS.where(ENTITIES.c.kind == ControlPolicy.kind)
_ISSUERS = select(ENTITIES.c.account_id, ENTITIES.c.document).where(
    ENTITIES.c.kind == literal_column(f"'{TokenIssuer.kind}'")
)
_OF_ORGANIZATION = frozenset({Organization.kind, ControlPolicy.kind})
_HEAD = select(CHANGE_HEAD.c.seq)
_LOG = (
    select(CHANGE_LOG.c.seq, CHANGE_LOG.c.account_id, CHANGE_LOG.c.revision, CHANGE_LOG.c.kind, CHANGE_LOG.c.id)
    .where(CHANGE_LOG.c.seq > bindparam("applied"))
    .order_by(CHANGE_LOG.c.seq)
)


@dataclass(slots=True)
class AccountChange:
    """What happened to one account between two revisions; entities only where the reader has the account."""

    before: int
    revision: int = 0
    put: list[Entity] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    keys: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything up to change ``head``, by account; or ``accounts`` None: too much is missing, start afresh.

    ``tree`` is the organization where ``reorganized`` says that it has changed.
    """

    head: int
    accounts: Mapping[str, AccountChange] | None
    reorganized: bool = False
    tree: Tree | None = None


def read_account(connection: Connection, account: str, partition: str) -> AccountSnapshot | None:
    """The account, or None when there is none. The connection reads one state, or holds the account's row."""
    revision = read_revision(connection, account)
    if revision is None:
        return None
    rows = connection.execute(_DOCUMENTS, {"account": account})
    return AccountSnapshot.of(revision, (decode(kind, document) for kind, document in rows), partition=partition)


def read_revision(connection: Connection, account: str, *, lock: bool = False) -> int | None:
    """The account's revision; ``lock``: and be the only writer of the account until the transaction ends."""
    found: int | None = connection.execute(_LOCKED_REVISION if lock else _REVISION, {"account": account}).scalar()
    return found


def read_documents(connection: Connection, account: str) -> tuple[tuple[str, bytes], ...]:
    """Kind and document of everything in the account."""
    rows = connection.execute(_DOCUMENTS, {"account": account})
    return tuple((kind, document) for kind, document in rows)


def read_revisions(connection: Connection) -> dict[str, int]:
    """The revision of every account."""
    return {row.id: row.revision for row in connection.execute(select(ACCOUNTS.c.id, ACCOUNTS.c.revision))}


def read_accounts(connection: Connection) -> set[str]:
    """The ids of all accounts."""
    return set(connection.execute(select(ACCOUNTS.c.id)).scalars())


def read_head(connection: Connection) -> int:
    """The number of the newest change."""
    return int(connection.execute(_HEAD).scalar_one())


def read_changes(connection: Connection, applied: int, loaded: Container[str]) -> Changes:
    """What came after change ``applied``, with the entities of the accounts in ``loaded``."""
    head = read_head(connection)
    if head == applied:
        return Changes(head, {})
    if not applied < head <= applied + MOST_CHANGES:
        return Changes(head, None)
    rows = connection.execute(_LOG, {"applied": applied}).all()
    if len(rows) != head - applied:
        return Changes(head, None)  # the log was cut short, or the database was replaced
    accounts: dict[str, AccountChange] = {}
    for _, account, revision, kind, key in rows:
        change = accounts.setdefault(account, AccountChange(before=revision - 1))
        change.revision = revision
        change.keys.add((kind, key))
    for account, change in accounts.items():
        if account in loaded:
            _read_entities(connection, account, change)
    if any(kind in _OF_ORGANIZATION for change in accounts.values() for kind, _ in change.keys):
        return Changes(head, accounts, True, read_tree(connection))
    return Changes(head, accounts)


def read_tree(connection: Connection) -> Tree | None:
    """The organization with its policies, or None when there is none."""
    stored = read_stored_tree(connection)
    return None if stored is None else tree_of(stored)


def read_stored_tree(connection: Connection) -> StoredTree | None:
    """The organization as it is stored, or None when there is none."""
    row = connection.execute(_ORGANIZATION).one_or_none()
    if row is None:
        return None
    policies = connection.execute(_CONTROL_POLICIES, {"account": row.account_id})
    return row.account_id, row.document, tuple(document for _, document in policies)


def tree_of(stored: StoredTree) -> Tree:
    """The organization that is stored so.

    Raises:
        StoreUnavailable: this code cannot read it.
    """
    management, document, documents = stored
    organization = decode(Organization.kind, document)
    assert isinstance(organization, Organization)
    policies: dict[str, ControlPolicy] = {}
    for one in documents:
        policy = decode(ControlPolicy.kind, one)
        assert isinstance(policy, ControlPolicy)
        policies[policy.id] = policy
    return Tree(management, organization, policies)


def read_issuers(connection: Connection) -> list[tuple[str, TokenIssuer]]:
    """Every token issuer with its account."""
    found = []
    for account, document in connection.execute(_ISSUERS):
        issuer = decode(TokenIssuer.kind, document)
        assert isinstance(issuer, TokenIssuer)
        found.append((account, issuer))
    return found


def _read_entities(connection: Connection, account: str, change: AccountChange) -> None:
    """Fill in what became of each changed entity: there, or gone."""
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for kind, key in change.keys:
        by_kind[kind].append(key)
    left = set(change.keys)
    for kind, keys in by_kind.items():
        for start in range(0, len(keys), _CHUNK):
            some = keys[start : start + _CHUNK]
            for _, document in connection.execute(_SOME, {"account": account, "of": kind, "ids": some}):
                entity = decode(kind, document)
                change.put.append(entity)
                left.discard((kind, entity.key))
    change.deleted.extend(left)
