"""The organization: at most one for all accounts, which the database itself guarantees and finds without searching."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the partial index."""
    only = sa.text("kind = 'organization'")
    op.create_index(
        "entities_organization",
        "entities",
        ["kind"],
        unique=True,
        if_not_exists=True,
        sqlite_where=only,
        postgresql_where=only,
    )
