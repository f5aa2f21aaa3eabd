"""What entities have in common."""

from __future__ import annotations

from typing import ClassVar


class Keyed:
    """An entity of an account, with its unique ``id``."""

    __slots__ = ()
    id: str

    @property
    def key(self) -> str:
        """The key under which it is stored: unique among the entities of its kind in its account."""
        return self.id


class Named(Keyed):
    """An entity with a name and a path: a user, group, role, policy or MFA device."""

    __slots__ = ()
    kind: ClassVar[str]
    name: str
    path: str

    @property
    def resource(self) -> str:
        """The last part of its ARN: ``role/path/name``."""
        return f"{self.kind}{self.path}{self.name}"
