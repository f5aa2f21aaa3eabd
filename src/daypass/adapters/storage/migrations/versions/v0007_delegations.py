"""Delegation requests: new kinds of entities. No table changes; an older daypass must not open this."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing but the number: entities are documents."""
