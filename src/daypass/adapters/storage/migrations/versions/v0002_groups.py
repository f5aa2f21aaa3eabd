"""Groups: a new kind of entity, and users that name theirs. No table changes; an older daypass must not open this."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing but the number: entities are documents, and a document without groups is of a user in none."""
