"""What all entities have."""

from __future__ import annotations


class Keyed:
    """What every entity of an account has."""

    __slots__ = ()
    id: str

    @property
    def key(self) -> str:
        """What tells it from others of its kind and account."""
        return self.id
