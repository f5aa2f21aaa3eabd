"""What an account holds: users, groups, roles, keys, policies, each an immutable value with all that belongs to it.

An entity is stored and replaced whole (docs/adr/0005-store.md). Times are epoch seconds, UTC. New fields are appended
with a default and never change meaning: a stored document outlives the code that wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from daypass.principals import Tags


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A policy that lives and dies with its user, group or role. ``document`` is the text exactly as it was sent."""

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this daypass: a name for people, an optional alias for sign-in pages."""

    kind: ClassVar[str] = "account"
    id: str
    name: str
    created: int
    alias: str | None = None

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user. ``attached`` holds managed-policy ARNs in the order of attachment, ``inline`` sorted by name.

    ``groups`` holds the unique ids of the groups he is in, in the order of joining: at most ten, where the other side
    of the membership could hold every user of the account.
    """

    kind: ClassVar[str] = "user"
    id: str
    name: str
    path: str
    created: int
    tags: Tags = ()
    boundary: str | None = None
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Group:
    """An IAM group: policies for all users in it. It is no principal, and has neither tags nor a boundary."""

    kind: ClassVar[str] = "group"
    id: str
    name: str
    path: str
    created: int
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role. ``trust_ids`` binds the user and role ARNs of the trust policy to unique ids at write time."""

    kind: ClassVar[str] = "role"
    id: str
    name: str
    path: str
    created: int
    trust: str
    trust_ids: Tags = ()
    description: str | None = None
    max_session_duration: int = 3600
    tags: Tags = ()
    boundary: str | None = None
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term key of ``user_id`` (a user's unique id, or the account id for root).

    ``sealed_secret`` is the secret access key, sealed under the master key with the key id as associated data.
    """

    kind: ClassVar[str] = "access-key"
    id: str
    user_id: str
    created: int
    sealed_secret: bytes
    status: str = "Active"

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version (``v1``, ``v2``, …) of a managed policy; ``document`` as sent."""

    id: str
    document: str
    created: int


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer managed policy. Version numbers only grow: ``next_version`` is the number the next one gets."""

    kind: ClassVar[str] = "policy"
    id: str
    name: str
    path: str
    created: int
    updated: int
    versions: tuple[PolicyVersion, ...]
    default_version: str = "v1"
    next_version: int = 2
    description: str | None = None
    tags: Tags = ()

    @property
    def key(self) -> str:
        return self.id


Entity = Account | User | Group | Role | AccessKey | ManagedPolicy
KINDS: dict[str, type[Entity]] = {kind.kind: kind for kind in (Account, User, Group, Role, AccessKey, ManagedPolicy)}
