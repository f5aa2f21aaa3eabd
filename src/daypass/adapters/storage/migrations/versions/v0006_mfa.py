"""MFA devices: a new kind of entity, and a table of the codes that are used up."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "code_uses",
        sa.Column("account_id", sa.String(12), primary_key=True),
        sa.Column("device", sa.String(64), primary_key=True),
        sa.Column("newest_step", sa.BigInteger(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("closed_until", sa.BigInteger(), nullable=False),
        if_not_exists=True,
    )
