"""The first schema: accounts, entities, the change log, sealing keys, last-used times, single-use marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables and the one row of ``change_head``."""
    _accounts_and_entities()
    _changes()
    _keys_and_marks()
    op.create_table(
        "installation",
        sa.Column("fact", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def _accounts_and_entities() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("name_key", sa.String(128), unique=True),
        sa.Column("alias", sa.String(63), unique=True),
    )
    op.create_table(
        "entities",
        sa.Column("account_id", sa.String(12), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("name_key", sa.String(128)),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("account_id", "kind", "name_key", name="entities_name"),
    )


def _changes() -> None:
    head = op.create_table(
        "change_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
    )
    op.execute(head.insert().values(id=1, seq=0))
    op.create_table(
        "change_log",
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )


def _keys_and_marks() -> None:
    op.create_table(
        "sealing_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("active_from", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger()),
    )
    op.create_table(
        "last_used",
        sa.Column("account_id", sa.String(12), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
    )
    op.create_table(
        "single_use",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("expires", sa.BigInteger(), nullable=False, index=True),
    )
