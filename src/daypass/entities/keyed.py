"""What entities have in common."""

from __future__ import annotations

from typing import ClassVar


class Keyed:
    """What every entity of an account has."""

    __slots__ = ()
    id: str

    @property
    def key(self) -> str:
        """What tells it from others of its kind and account."""
        return self.id


class Named(Keyed):
    """What every entity has that stands in a path: users, groups, roles, policies, MFA devices."""

    __slots__ = ()
    kind: ClassVar[str]
    name: str
    path: str

    @property
    def resource(self) -> str:
        """The last part of its ARN: ``role/path/name``."""
        return f"{self.kind}{self.path}{self.name}"
