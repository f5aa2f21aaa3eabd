"""What an account holds: users, groups, roles, keys, policies, each an immutable value with all that belongs to it.

An entity is stored and replaced whole (docs/adr/0005-store.md). Times are epoch seconds, UTC. New fields are appended
with a default and never change meaning: a stored document outlives the code that wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from daypass.principals import Ancestors, Tags


class _Keyed:
    """What every entity of an account has."""

    __slots__ = ()
    id: str

    @property
    def key(self) -> str:
        """What tells it from others of its kind and account."""
        return self.id


@dataclass(frozen=True, slots=True)
class InlinePolicy:
    """A policy that lives and dies with its user, group or role. ``document`` is the text exactly as it was sent."""

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Account(_Keyed):
    """An account of this daypass: a name for people, an optional alias for sign-in pages.

    ``deactivated`` names regions that are active by default and not here, ``opted_in`` those that are the other way
    round (``daypass.activation``). ``global_token_version``: 1 or 2, of session tokens from the global endpoint.
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
class User(_Keyed):
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
class Group(_Keyed):
    """An IAM group: policies for all users in it. It is no principal, and has neither tags nor a boundary."""

    kind: ClassVar[str] = "group"
    id: str
    name: str
    path: str
    created: int
    attached: tuple[str, ...] = ()
    inline: tuple[InlinePolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Role(_Keyed):
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
class AccessKey(_Keyed):
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
class ManagedPolicy(_Keyed):
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
class MfaDevice(_Keyed):
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


ControlType = Literal["scp", "rcp"]
"""Service control policies cut what principals may do, resource control policies what may be done to resources."""

Attachments = tuple[tuple[str, tuple[str, ...]], ...]
"""Pairs of a target (root, unit, account) and the ids of the control policies attached there, sorted by target."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An organizational unit: a named place below ``parent``, which is the root or another unit."""

    id: str
    name: str
    parent: str
    created: int


RootFeature = Literal["RootCredentialsManagement", "RootSessions"]
"""Root tasks in member accounts that the management account may do (IAM API reference, ListOrganizationsFeatures)."""


@dataclass(frozen=True, slots=True)
class Organization(_Keyed):
    """The organization of one daypass, kept in its management account: a root, units below it, and who stands where.

    ``placements`` pairs an account with the root or unit it stands in, or with the empty text once it has left; an
    account that is not named stands in the root. A target that ``scps`` or ``rcps`` do not name has the policy that
    allows everything, alone. ``types`` are the kinds of policy in effect,
    ``root_features`` the root tasks that are open to the management account.
    """

    kind: ClassVar[str] = "organization"
    id: str
    root: str
    created: int
    units: tuple[Unit, ...] = ()
    placements: Tags = ()
    scps: Attachments = ()
    rcps: Attachments = ()
    types: tuple[ControlType, ...] = ("scp", "rcp")
    root_features: tuple[RootFeature, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlPolicy(_Keyed):
    """A service or resource control policy of the organization. It stands beside it in the management account."""

    kind: ClassVar[str] = "control-policy"
    id: str
    type: ControlType
    name: str
    document: str
    created: int
    updated: int
    description: str = ""


SigningAlgorithm = Literal["RS256", "ES384"]
"""RS256: RSA, PKCS 1 v1.5, SHA-256. ES384: ECDSA on P-384, SHA-384 (RFC 7518, section 3.1)."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair that signs web identity tokens. ``id`` is its ``kid``, unique in the account for all time.

    ``sealed`` is the private key (PKCS 8) under the master key, ``public`` the other half (SubjectPublicKeyInfo), both
    DER. Announced it is published, active it signs, retired it is published until ``not_after``.
    """

    id: str
    algorithm: SigningAlgorithm
    state: Literal["announced", "active", "retired"]
    sealed: bytes = field(repr=False)
    public: bytes = field(repr=False)
    created: int
    active_from: int
    not_after: int | None = None


@dataclass(frozen=True, slots=True)
class TokenIssuer(_Keyed):
    """The account as an OpenID Connect issuer: at most one. ``id`` ends in the account id, and stays for all time.

    ``enabled``: it issues tokens now; keys stay published in any case. ``next_key`` numbers the next key.
    """

    kind: ClassVar[str] = "token-issuer"
    id: str
    created: int
    enabled: bool
    keys: tuple[SigningKey, ...]
    next_key: int


@dataclass(frozen=True, slots=True)
class Revocation(_Keyed):
    """A rule that ends sessions before their time, and what descends from them unless ``only`` is set.

    It names one thing: a session by ``access_key``, or whoever holds it by ``principal`` (``aws:userid``, or the unique
    id of a role for all its sessions), or the ``provider`` (ARN) that vouched for him; with none of them all sessions
    of the account. ``issued_before`` spares younger ones; it says nothing where ``access_key`` is set. After ``until``
    the rule can hit no living session. ``shown`` is what the operator typed.
    """

    kind: ClassVar[str] = "revocation"
    id: str
    created: int
    until: int
    issued_before: int = 0
    access_key: str = ""
    principal: str = ""
    provider: str = ""
    only: bool = False
    shown: str = ""


@dataclass(frozen=True, slots=True)
class DelegationRequest(_Keyed):
    """What a service asks of an account: a session of somebody there, cut to ``policy``. It stays as it was made.

    It stands in the account that asks; its ``id`` ends in that account's. ``owner_account`` is who is asked, empty:
    whoever takes it up. ``parameters`` fill the policy of ``template``: name, type, values. ``duration`` is in seconds.
    """

    kind: ClassVar[str] = "delegation-request"
    id: str
    created: int
    owner_account: str
    description: str
    workflow: str
    channel: str
    duration: int
    template: str
    parameters: tuple[tuple[str, str, tuple[str, ...]], ...]
    policy: str
    message: str | None = None
    redirect: str | None = None
    only_send_by_owner: bool = False


DelegationState = Literal["ASSIGNED", "PENDING_APPROVAL", "ACCEPTED", "REJECTED", "FINALIZED"]


@dataclass(frozen=True, slots=True)
class Approver:
    """Who has accepted a delegation request, as a session of his will need it; see ``Session`` for the names."""

    arn: str
    principal_id: str
    principal: str
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    lineage: tuple[str, ...] = ()
    ancestors: Ancestors = ()
    federation: Tags = ()


@dataclass(frozen=True, slots=True)
class Delegation(_Keyed):
    """What an account has made of a delegation request, whose ``id`` it shares. ``owner`` is an ARN; ``sent``: when."""

    kind: ClassVar[str] = "delegation"
    id: str
    owner: str
    state: DelegationState
    updated: int
    notes: str | None = None
    reason: str | None = None
    approver: Approver | None = None
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class OidcProvider(_Keyed):
    """An OpenID Connect identity provider that the account trusts. ``url`` is its issuer without ``https://``.

    ``client_ids`` are the audiences of tokens for this account, ``thumbprints`` SHA-1 digests (hex, lower-case) of
    certificates that may stand behind its key set. Beyond AWS: ``authorities`` (PEM) are trusted for this issuer
    alone, ``allow_private`` lets it live on a private address, ``claims`` become condition keys beside the usual ones.
    """

    kind: ClassVar[str] = "oidc-provider"
    id: str
    url: str
    created: int
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: Tags = ()
    authorities: str = ""
    allow_private: bool = False
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SamlIssuer:
    """One identity provider of a metadata document: its entity id, and its signing certificates (DER), in order."""

    entity_id: str
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """A private key for encrypted assertions: PKCS 8 DER under the master key, ``id`` as associated data."""

    id: str
    sealed: bytes = field(repr=False)
    created: int


@dataclass(frozen=True, slots=True)
class SamlProvider(_Keyed):
    """A SAML identity provider that the account trusts. ``id`` is its UUID (``SAMLSP…``).

    ``metadata`` is the document as it was sent, deflated (RFC 1950); ``issuers`` is what was read from it.
    ``valid_until`` is told and has no effect. ``is_lax``: assertions are judged as AWS judges them
    (docs/differences.md), where daypass asks for more.
    """

    kind: ClassVar[str] = "saml-provider"
    id: str
    name: str
    created: int
    metadata: bytes = field(repr=False)
    issuers: tuple[SamlIssuer, ...]
    valid_until: int
    encryption: Literal["Allowed", "Required"] = "Allowed"
    keys: tuple[DecryptionKey, ...] = ()
    tags: Tags = ()
    is_lax: bool = False


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
