"""The tables as the code sees them. The migrations make them; a test holds the two together.

Entities are documents: whole, replaced whole, found by kind and id. What the database itself must guarantee stands in
columns: names that are taken, revisions, the order of changes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData()

CHANNEL = "daypass_changes"
"""Where PostgreSQL gives notice of a commit."""

INSTALLATION = Table(
    "installation",
    METADATA,
    Column("fact", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", String(12), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("name_key", String(128), unique=True),
    Column("alias", String(63), unique=True),
)
"""One row an account. Its row lock makes the writers of the account serial. Name and alias are unique everywhere."""

ENTITIES = Table(
    "entities",
    METADATA,
    Column("account_id", String(12), ForeignKey("accounts.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("name_key", String(128)),
    Column("revision", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    UniqueConstraint("account_id", "kind", "name_key", name="entities_name"),
)
"""``name_key`` is the name without case, NULL for kinds without names; ``revision`` that of the last change."""

_ORGANIZATION = text("kind = 'organization'")
Index(
    "entities_organization",
    ENTITIES.c.kind,
    unique=True,
    sqlite_where=_ORGANIZATION,
    postgresql_where=_ORGANIZATION,
)
"""At most one organization, whichever account holds it; a few bytes, as no other entity is in the index."""

_TOKEN_ISSUER = text("kind = 'token-issuer'")
Index(
    "entities_token_issuer",
    ENTITIES.c.account_id,
    unique=True,
    sqlite_where=_TOKEN_ISSUER,
    postgresql_where=_TOKEN_ISSUER,
)
"""At most one token issuer an account, and all of them without reading anything else."""

CHANGE_HEAD = Table(
    "change_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
"""One row: the number of the newest change. It stays locked from taking a number to the commit, so numbers have no
gaps and become visible in their order (docs/adr/0005-store.md)."""

CHANGE_LOG = Table(
    "change_log",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", String(12), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("id", String(128), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
)

SEALING_KEYS = Table(
    "sealing_keys",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("active_from", BigInteger, nullable=False),
    Column("not_after", BigInteger),
)

LAST_USED = Table(
    "last_used",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("region", String(64), nullable=False),
    Column("service", String(64), nullable=False),
)

CODE_USES = Table(
    "code_uses",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("device", String(64), primary_key=True),
    Column("newest_step", BigInteger, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("closed_until", BigInteger, nullable=False),
)
"""One row an MFA device that was asked for a code. Its row lock makes the nodes judge codes one after the other."""

SINGLE_USE = Table(
    "single_use",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
"""Marks of what may be used once (assertions)."""
