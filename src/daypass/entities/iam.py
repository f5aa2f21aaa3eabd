"""The account itself, its users, groups and roles, and what belongs to them: keys, policies, MFA devices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from daypass.entities.keyed import Keyed, Named
from daypass.principals import Tags


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A policy that lives and dies with its user, group or role. ``document`` is the text exactly as it was sent."""

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Account(Keyed):
    """An account of this daypass: a name for people, an optional alias for sign-in pages.

    ``deactivated`` names the regions that are active by default and switched off here, ``opted_in`` those that are off
    by default and switched on (``daypass.activation``). ``global_token_version``: 1 or 2, the version of session tokens
    that the global endpoint issues.
    """

    kind: ClassVar[str] = "account"
    id: str
    name: str
    created: int
    alias: str | None = None
    deactivated: tuple[str, ...] = ()
    opted_in: tuple[str, ...] = ()
    global_token_version: int = 1


@dataclass(frozen=True, slots=True)
class User(Named):
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


@dataclass(frozen=True, slots=True)
class Group(Named):
    """An IAM group: policies for all users in it. It is no principal, and has neither tags nor a boundary."""

    kind: ClassVar[str] = "group"
    id: str
    name: str
    path: str
    created: int
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Role(Named):
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


@dataclass(frozen=True, slots=True)
class AccessKey(Keyed):
    """A long-term key of ``user_id`` (a user's unique id, or the account id for root).

    ``sealed_secret`` is the secret access key, sealed under the master key with the key id as associated data.
    """

    kind: ClassVar[str] = "access-key"
    id: str
    user_id: str
    created: int
    sealed_secret: bytes
    status: str = "Active"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version (``v1``, ``v2``, …) of a managed policy; ``document`` as sent."""

    id: str
    document: str
    created: int


@dataclass(frozen=True, slots=True)
class ManagedPolicy(Named):
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


@dataclass(frozen=True, slots=True)
class MfaDevice(Named):
    """A virtual MFA device, named by its ARN. It is assigned while ``user_id`` (as in ``AccessKey``) is set.

    ``sealed_seed`` is the shared secret of its codes, sealed under the master key with ``id`` as associated data.
    ``drift``: how many steps its clock goes ahead of ours, learnt when it was enabled or brought back in step.
    """

    kind: ClassVar[str] = "mfa"
    id: str
    name: str
    path: str
    created: int
    sealed_seed: bytes = field(repr=False)
    tags: Tags = ()
    user_id: str | None = None
    enabled: int = 0
    drift: int = 0
