"""Who can ask: the closed set of principals, the facts of a session, and the verified caller.

What every issued session makes is a named tuple: a frozen dataclass of as many fields costs four times as much to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

SessionKind = Literal["role", "user", "root", "federated", "assumed-root"]
"""role: AssumeRole*; user and root: GetSessionToken; federated: GetFederationToken; assumed-root: AssumeRoot."""

Tags = tuple[tuple[str, str], ...]
"""Tags in the order given, each a (key, value) pair. Keys compare without case and keep theirs."""

Ancestors = tuple[tuple[str, int], ...]
"""Pairs of who and when. Who: ``aws:userid`` (``AROA…:session``, ``AIDA…``, an account id), or a provider's ARN."""


class Session(NamedTuple):
    """The facts sealed into a session token. All of them are frozen at issuance (IAM User Guide, "Session tags").

    Times are epoch seconds. ``principal_id`` is the unique id that the session is bound to (``AROA…`` role,
    ``AIDA…`` user, the account id for root) and ``principal`` how it was called at issuance (``role/path/name``), so
    that a service without the accounts can name the caller. ``lineage`` holds the access key ids of the sessions this
    one descends from, oldest first, and ``ancestors`` by whom those were held, with the time the first of his was
    issued; first of all the user whose own key opened the first one, and beside whoever signed in somewhere the
    provider that vouched for him. ``transitive`` holds the keys, as spelled in ``tags``, that go on along a chain.
    """

    kind: SessionKind
    access_key_id: str
    account: str
    principal_id: str
    name: str
    issued: int
    expires: int
    region: str = ""
    token_version: int = 2
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_at: int | None = None
    federation: Tags = ()
    lineage: tuple[str, ...] = ()
    issuer_key: str = ""
    principal: str = ""
    ancestors: Ancestors = ()


@dataclass(frozen=True, slots=True)
class Root:
    """The root user of an account."""

    account: str
    partition: str = "aws"

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:root"

    @property
    def principal_arn(self) -> str:
        return self.arn

    @property
    def user_id(self) -> str:
        return self.account

    type = "Account"


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user. ``id`` is its unique id, ``path`` begins and ends with ``/``."""

    account: str
    id: str
    name: str
    path: str = "/"
    partition: str = "aws"

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:user{self.path}{self.name}"

    @property
    def principal_arn(self) -> str:
        return self.arn

    @property
    def user_id(self) -> str:
        return self.id

    type = "User"


class RoleSession(NamedTuple):
    """A role in use. Its ARN drops the role's path; ``principal_arn`` (``aws:PrincipalArn``) is the role's own."""

    account: str
    role_id: str
    role_name: str
    session_name: str
    role_path: str = "/"
    partition: str = "aws"

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{self.role_name}/{self.session_name}"

    @property
    def principal_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.role_path}{self.role_name}"

    @property
    def user_id(self) -> str:
        return f"{self.role_id}:{self.session_name}"

    @property
    def type(self) -> str:
        return "AssumedRole"


@dataclass(frozen=True, slots=True)
class FederatedUser:
    """A GetFederationToken session of ``user`` (or of root, when None)."""

    account: str
    name: str
    user: User | None = None
    partition: str = "aws"

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:sts::{self.account}:federated-user/{self.name}"

    @property
    def principal_arn(self) -> str:
        return self.arn

    @property
    def user_id(self) -> str:
        return f"{self.account}:{self.name}"

    type = "FederatedUser"


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever holds the data directory and types a ``daypass`` command there. Never comes over the network."""

    account: str
    login: str = ""
    partition: str = "aws"

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:root"

    @property
    def principal_arn(self) -> str:
        return self.arn

    @property
    def user_id(self) -> str:
        return self.account

    type = "Account"


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody: a request without a signature, on an operation that needs none."""

    account: str = "anonymous"
    partition: str = "aws"
    arn: str = ""
    principal_arn: str = ""
    user_id: str = "anonymous"

    type = "Anonymous"


Principal = Root | User | RoleSession | FederatedUser | Operator | Anonymous


@dataclass(frozen=True, slots=True)
class AwsService:
    """A service principal (``ec2.amazonaws.com``). It belongs to no account; only resource policies speak of it."""

    name: str
    account: str = ""
    partition: str = "aws"

    @property
    def arn(self) -> str:
        return self.name

    principal_arn = user_id = ""
    type = "Service"


@dataclass(frozen=True, slots=True)
class FederatedIdentity:
    """Whoever ``provider`` vouches for in AssumeRoleWithSAML or AssumeRoleWithWebIdentity: not yet anybody's session.

    ``provider`` is the provider's ARN, or the domain of a built-in one; ``name`` is what a message may call him, and
    ``qualifier`` what audit records put before it, so that it is nobody else's.
    """

    provider: str
    name: str = ""
    account: str = ""
    partition: str = "aws"
    qualifier: str = ""

    @property
    def arn(self) -> str:
        return self.name

    principal_arn = user_id = ""
    type = "FederatedIdentity"


Requester = Principal | AwsService | FederatedIdentity
"""Whoever a decision can be about."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal that verifiably asks now. Only ``operations/authenticate.py`` and ``verify_request`` make one.

    ``tags`` are the effective principal tags: the entity's own, overridden by the session's. ``derived`` memoises what
    is computed from the caller.
    """

    principal: Requester
    access_key_id: str
    session: Session | None = None
    tags: Tags = ()
    derived: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def arn(self) -> str:
        """The ARN that GetCallerIdentity and AccessDenied messages show."""
        return self.principal.arn

    @property
    def account(self) -> str:
        """The 12-digit account of the identity now acting."""
        return self.principal.account

    @property
    def holder(self) -> str:
        """The unique id of the user or role that answers for this caller, the account id for root; the provider of
        whom a provider vouches for.

        One for all its keys and sessions: whoever may make sessions is not many because of it.
        """
        if self.session is not None:
            return self.session.principal_id
        if isinstance(self.principal, FederatedIdentity):
            return self.principal.provider
        return self.principal.id if isinstance(self.principal, User) else self.account
