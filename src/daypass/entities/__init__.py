"""What an account holds: users, groups, roles, keys, policies, each an immutable value with all that belongs to it.

An entity is stored and replaced whole (docs/adr/0005-store.md). Times are epoch seconds, UTC. New fields are appended
with a default and never change meaning: a stored document outlives the code that wrote it.
"""

from __future__ import annotations

from daypass.entities.delegations import Approver, Delegation, DelegationRequest, DelegationState
from daypass.entities.iam import (
    AccessKey,
    Account,
    Group,
    InlinePolicy,
    ManagedPolicy,
    MfaDevice,
    PolicyVersion,
    Role,
    User,
)
from daypass.entities.organization import Attachments, ControlPolicy, ControlType, Organization, RootFeature, Unit
from daypass.entities.providers import DecryptionKey, OidcProvider, SamlIssuer, SamlProvider
from daypass.entities.sessions import Revocation, SigningAlgorithm, SigningKey, TokenIssuer

__all__ = [
    "KINDS",
    "AccessKey",
    "Account",
    "Approver",
    "Attachments",
    "ControlPolicy",
    "ControlType",
    "DecryptionKey",
    "Delegation",
    "DelegationRequest",
    "DelegationState",
    "Entity",
    "Group",
    "InlinePolicy",
    "ManagedPolicy",
    "MfaDevice",
    "OidcProvider",
    "Organization",
    "PolicyVersion",
    "Revocation",
    "Role",
    "RootFeature",
    "SamlIssuer",
    "SamlProvider",
    "SigningAlgorithm",
    "SigningKey",
    "TokenIssuer",
    "Unit",
    "User",
]


Entity = (
    Account
    | User
    | Group
    | Role
    | AccessKey
    | ManagedPolicy
    | Organization
    | ControlPolicy
    | TokenIssuer
    | Revocation
    | MfaDevice
    | DelegationRequest
    | Delegation
    | OidcProvider
    | SamlProvider
)

KINDS: dict[str, type[Entity]] = {
    kind.kind: kind
    for kind in (
        Account,
        User,
        Group,
        Role,
        AccessKey,
        ManagedPolicy,
        Organization,
        ControlPolicy,
        TokenIssuer,
        Revocation,
        MfaDevice,
        DelegationRequest,
        Delegation,
        OidcProvider,
        SamlProvider,
    )
}
