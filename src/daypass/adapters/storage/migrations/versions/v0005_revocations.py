"""Revocations: a new kind of entity. No table changes; an older daypass would accept what is revoked."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing but the number: rules are entities, and entities are documents."""
