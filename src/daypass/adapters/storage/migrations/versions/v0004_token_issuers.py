"""Token issuers: at most one an account, which the database itself guarantees and finds without searching."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the partial index."""
    only = sa.text("kind = 'token-issuer'")
    op.create_index(
        "entities_token_issuer",
        "entities",
        ["account_id"],
        unique=True,
        if_not_exists=True,
        sqlite_where=only,
        postgresql_where=only,
    )
