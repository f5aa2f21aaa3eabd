"""One call of one operation: all a handler may see and do.

A handler never touches headers, the clock, XML, the comparison of secrets or connections. It reads ``params`` (typed
and bounded by the service model), asks ``authorize``, changes entities through ``put`` and ``delete`` or ``mint``s
credentials, and returns the result members as a mapping. Denials and refusals are raised as ``ServiceError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from daypass.activation import ALL_REGIONS, BY_DEFAULT, is_active
from daypass.credentials import TemporaryCredentials
from daypass.entities import Entity
from daypass.errors import RegionDisabled
from daypass.ids import RANDOM_BYTES, access_key_id, unique_id
from daypass.operations import authorize
from daypass.operations.audit import Record
from daypass.operations.facts import RequestFacts
from daypass.operations.registry import Operation
from daypass.ports import NotLoaded, Ports, Transaction
from daypass.principals import Ancestors, Caller, Session, SessionKind, Tags
from daypass.revocation import ancestors_of, provider_of
from daypass.sessions.token import NONCE_BYTES, seal
from daypass.snapshot import AccountSnapshot


class NewSession(NamedTuple):
    """What a minting operation decides about a session; the rest follows from the call.

    ``principal_id`` is the unique id of the entity that it is bound to, ``principal`` the resource part of that
    entity's ARN (``role/path/name``), ``owner`` its account. ``lineage`` and ``ancestors`` are those that come on top
    of the caller's own. The other fields are as in ``Session``.
    """

    kind: SessionKind
    owner: AccountSnapshot
    principal_id: str
    principal: str
    name: str = ""
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_at: int | None = None
    federation: Tags = ()
    lineage: tuple[str, ...] = ()
    ancestors: Ancestors = ()


class Call:
    """The caller, what is asked, the account it is about, and the few verbs a handler has."""

    __slots__ = (
        "_find_account",
        "_snapshot",
        "caller",
        "facts",
        "operation",
        "params",
        "ports",
        "record",
        "transaction",
    )

    def __init__(
        self,
        operation: Operation,
        params: Mapping[str, Any],
        snapshot: AccountSnapshot | None,
        ports: Ports,
        facts: RequestFacts,
        record: Record,
        find_account: Callable[[str], AccountSnapshot | None],
        transaction: Transaction | None = None,
    ) -> None:
        self.operation = operation
        self.params = params
        self.ports = ports
        self.facts = facts
        self.caller: Caller = facts.caller
        self.record = record
        self.transaction = transaction
        self._snapshot = snapshot
        self._find_account = find_account

    @property
    def now(self) -> int:
        """The time of the audit record: epoch seconds, cut to whole ones."""
        return self.facts.now

    @property
    def region(self) -> str:
        """The region the request was made to."""
        return self.facts.region

    @property
    def account(self) -> AccountSnapshot:
        """The caller's account: inside a change as the transaction sees it, else as of the newest revision."""
        if self.transaction is not None:
            return self.transaction.account
        assert self._snapshot is not None
        return self._snapshot

    def find_account(self, account: str) -> AccountSnapshot | None:
        """Another account's snapshot (or this one's), None when daypass does not host it."""
        if account == self.caller.account and (self._snapshot is not None or self.transaction is not None):
            return self.account
        return self._find_account(account)  # nobody has an account, and may ask for one of that name

    def wait_for_store(self) -> None:
        """Return if this call may wait for the store. For inline operations that sometimes need to; call it first.

        Raises:
            NotLoaded: this is the event loop; the call is run again on a thread.
        """
        if self._find_account != self.ports.directory.load:
            raise NotLoaded(self.operation.name)

    def tell(self, step: str, *seen: object) -> None:
        """Take note of a step (``federation.steps``): nothing in a real call; a trial collects them."""

    def put(self, entity: Entity) -> None:
        """Add or replace an entity of the caller's account; only in operations that change."""
        assert self.transaction is not None, "put outside a change"
        self.transaction.put(entity)

    def delete(self, entity: Entity) -> None:
        """Remove an entity of the caller's account; only in operations that change."""
        assert self.transaction is not None, "delete outside a change"
        self.transaction.delete(entity.kind, entity.key)

    def new_id(self, family: str) -> str:
        """A fresh unique id (``AIDA``, ``AGPA``, ``AROA``, ``ANPA``) in the caller's account."""
        return unique_id(family, self.caller.account, self.ports.entropy.bytes(RANDOM_BYTES))

    def new_access_key_id(self, family: str) -> str:
        """A fresh access key id (``AKIA``) in the caller's account."""
        return access_key_id(family, self.caller.account, self.ports.entropy.bytes(RANDOM_BYTES))

    def authorize(
        self,
        resource: str = "*",
        *,
        action: str = "",
        keys: Mapping[str, str | tuple[str, ...]] | None = None,
        resource_tags: Tags = (),
        shown: str | None = None,
    ) -> None:
        """Refuse unless the caller may do ``action`` (default: this operation) on ``resource`` of its own account.

        ``keys`` are condition keys of this request (``iam:PolicyARN``, ``aws:RequestTag/team``); ``resource_tags``
        become ``aws:ResourceTag/…`` and ``iam:ResourceTag/…``; ``shown`` replaces the resource in the message where
        AWS words it differently (``policy arn:…``; empty: no resource clause).

        Raises:
            AccessDenied: with AWS's wording and reason.
        """
        action = action or self.operation.name
        known = authorize.request_keys(keys, resource, resource_tags, self.account)
        policies = authorize.caller_policies(self.caller, self.account)
        decision = authorize.decide(
            self.facts, policies, action, resource, resource_account=self.caller.account, keys=known
        )
        if not decision.allowed:
            where = resource if shown is None else shown
            raise authorize.refuse(self.facts, decision, action, f" on resource: {where}" if where else "")

    def pass_endpoint(self) -> None:
        """Refuse unless this node's endpoint policy lets the operation through: for those that need no permission.

        Raises:
            AccessDenied: with AWS's wording and reason.
        """
        if self.facts.endpoint is not None:
            action, keys = self.operation.name, authorize.request_keys(None, "*", (), self.account)
            decision = authorize.decide(
                self.facts, authorize.UNLIMITED, action, "*", resource_account=self.account.id, keys=keys
            )
            if decision.layer == "endpoint" and not decision.allowed:
                raise authorize.refuse(self.facts, decision, action, "")

    def mint(self, wanted: NewSession, duration: int, least_size: int = 0) -> TemporaryCredentials:
        """Temporary credentials for a session that begins now and lasts ``duration`` seconds.

        The session descends from the caller's own, if it has one. They leave only after the record is written.
        The token has ``least_size`` characters at least.

        Raises:
            PackedPolicyTooLarge: the session does not fit into a token.
            RegionDisabled: the session's account issues nothing in this region, or the caller's has not opted into it.
        """
        assert self.operation.effect == "mints", "mint outside a minting operation"
        (kind, owner, principal_id, principal, name, policy, policy_arns, tags, transitive, identity, mfa_at,
         said, older, elders) = wanted  # fmt: skip
        facts = self.facts
        if facts.region not in owner.usual_regions:
            self._require_active(owner)
        account = owner.account.id
        version = owner.account.global_token_version if facts.is_global else ALL_REGIONS
        issuer = self.caller.session
        entropy = self.ports.entropy.bytes(RANDOM_BYTES + NONCE_BYTES)
        lineage = (*issuer.lineage, issuer.access_key_id) if issuer else ()
        begins = facts.now
        key = access_key_id("ASIA", account, entropy[:RANDOM_BYTES])
        above = ancestors_of(issuer) if issuer else self._opener(principal_id, begins)
        if elders:
            lineage, above = (*older, *lineage), (*elders, *above)
        session = Session(
            kind, key, account, principal_id, name, begins, begins + duration, facts.region, version, policy,
            policy_arns, tags, transitive, identity, mfa_at, said, lineage, self.caller.access_key_id, principal, above,
        )  # fmt: skip
        token, secret = seal(session, self.ports.keys.ring(), entropy[RANDOM_BYTES:], least_size)
        self.record.ours["session"] = _noted(session)
        return TemporaryCredentials(key, secret, token, begins + duration)

    # INVARIANT: 10. in a region where an account has switched credentials off, nobody gets credentials of it.
    #   tests/security/test_regions.py::test_no_action_issues_credentials_in_a_region_that_is_not_active
    def _require_active(self, owner: AccountSnapshot) -> None:
        """Refuse to issue credentials of ``owner`` in a region that is not active there.

        A region that must be opted into must be so in the caller's account too (IAM User Guide, "Manage AWS STS in an
        AWS Region"); of one that is active by default, the account of the credentials decides alone.

        Raises:
            RegionDisabled: naming the account whose administrator can change it.
        """
        region, mine = self.facts.region, self._snapshot
        if not is_active(owner.account, region):
            raise _disabled(owner)
        if mine is not None and region not in BY_DEFAULT and not is_active(mine.account, region):
            raise _disabled(mine)

    def _opener(self, principal_id: str, now: int) -> Ancestors:
        """The ancestors of a session that a long-term key opens: its user or root, unless the session is theirs."""
        who = self.caller.principal.user_id
        return ((who, now),) if self.caller.access_key_id and who != principal_id else ()


def _disabled(account: AccountSnapshot) -> RegionDisabled:
    return RegionDisabled(
        f"STS is not activated in this region for account:{account.id}. "
        "Your account administrator can activate STS in this region using the IAM Console."
    )


def _noted(session: Session) -> dict[str, object]:
    """What the record keeps of a new session."""
    return {
        "accessKeyId": session.access_key_id,
        "lineage": session.lineage,
        "ancestors": session.ancestors,
        "kind": session.kind,
        "principalId": session.principal_id,
        "name": session.name,
        "expires": session.expires,
        "provider": provider_of(session) if session.federation else None,
    }


def shape(credentials: TemporaryCredentials) -> dict[str, object]:
    """The ``Credentials`` member of a result, secrets included."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration,
    }
