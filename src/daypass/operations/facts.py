"""What the server itself knows about a request: the global condition keys.

Source: IAM User Guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys".

Keys are computed when a condition asks for one, never before: most requests ask for none. A key that AWS leaves out for
this kind of caller is None here, which policies read as absent. Which has which is written down, key by key and caller
by caller, in ``tests/cases/context/global-keys.json``; docs/reference/condition-keys.md is made from it.

# INVARIANT: 1. no header, parameter or tag sets or shadows a key; a proxy's word for the address counts only where a
#   setting names the proxy. tests/operations/test_shadowing.py::test_nothing_that_is_sent_sets_a_key_that_is_absent
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from daypass.exchange import RawRequest
from daypass.organization import Membership
from daypass.policy import Attached
from daypass.principals import Anonymous, AwsService, Caller, FederatedIdentity, User
from daypass.regions import GLOBAL_REGION
from daypass.revocation import web_provider_of

Value = str | tuple[str, ...] | None

LONGEST_HEADER = 1_024
"""Characters of ``aws:UserAgent`` and ``aws:Referer`` that conditions see: unsigned text must not cost much."""

_PRINCIPAL_TAG = "aws:principaltag/"
_NO_PROVIDERS = ("aws:", "iam:", "sts:")


class RequestFacts(NamedTuple):
    """Answers for one request. ``now`` is in epoch seconds; ``raw`` is None for an operator's command.

    ``endpoint`` is the policy that guards this node, ``membership`` the place of the caller's account in the
    organization. ``mfa_at``: when this very call proved a second factor.
    """

    caller: Caller
    now: int
    region: str
    service: str
    raw: RawRequest | None = None
    is_global: bool = False
    endpoint: Attached | None = None
    membership: Membership | None = None
    mfa_at: int | None = None

    def find(self, key: str) -> Value:
        """The value of the global condition key ``key`` (lower-case), or None when the request has none."""
        source = _SOURCES.get(key)
        if source is not None:
            return source(self)
        if key.startswith(_PRINCIPAL_TAG):
            wanted = key[len(_PRINCIPAL_TAG) :]
            return next((value for tag, value in self.caller.tags if tag.lower() == wanted), None)
        return None if key.startswith(_NO_PROVIDERS) else self._said_by_provider(key)

    def _said_by_provider(self, key: str) -> Value:
        """What the identity provider's word is that a role session was opened on (``saml:sub``), as sealed in it."""
        session = self.caller.session
        if session is None or not session.federation:
            return None
        values = tuple([value for name, value in session.federation if name.lower() == key])
        return values[0] if len(values) == 1 else values or None


@lru_cache(maxsize=1024)
def iso8601(epoch: int) -> str:
    """``2026-01-31T12:00:00Z``. Remembered, since most callers ask for the present second or a common expiry."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_aws_service(facts: RequestFacts) -> Value:
    """Absent on calls without a signature."""
    principal = facts.caller.principal
    if isinstance(principal, Anonymous | FederatedIdentity):
        return None
    return "true" if isinstance(principal, AwsService) else "false"


def _principal_type(facts: RequestFacts) -> Value:
    """AWS names no type for services; a federated identity is no principal before its session exists."""
    principal = facts.caller.principal
    return None if isinstance(principal, AwsService | FederatedIdentity) else principal.type


def _service_name(facts: RequestFacts) -> Value:
    principal = facts.caller.principal
    return principal.name if isinstance(principal, AwsService) else None


def _service_names(facts: RequestFacts) -> Value:
    principal = facts.caller.principal
    return (principal.name,) if isinstance(principal, AwsService) else None


def _assumed_root(facts: RequestFacts) -> Value:
    session = facts.caller.session
    return "true" if session is not None and session.kind == "assumed-root" else None


def _federated_provider(facts: RequestFacts) -> Value:
    """The OpenID Connect provider behind a role session, or behind the call that opens one; SAML's are not told."""
    principal, session = facts.caller.principal, facts.caller.session
    if isinstance(principal, FederatedIdentity):
        return None if ":saml-provider/" in principal.provider else principal.provider
    if session is None or session.kind != "role":
        return None
    return web_provider_of(session)


def _username(facts: RequestFacts) -> Value:
    principal = facts.caller.principal
    return principal.name if isinstance(principal, User) else None


def _token_issue_time(facts: RequestFacts) -> Value:
    return iso8601(facts.caller.session.issued) if facts.caller.session else None


def _mfa_present(facts: RequestFacts) -> Value:
    """Absent with long-term keys, unless the call itself has a code; a role session says ``false`` even when MFA was
    given to assume it.
    """
    if facts.mfa_at is not None:
        return "true"
    session = facts.caller.session
    if session is None or session.kind == "federated":
        return None
    return "true" if session.kind in ("user", "root") and session.mfa_at is not None else "false"


def _mfa_age(facts: RequestFacts) -> Value:
    if facts.mfa_at is not None:
        return str(max(0, facts.now - facts.mfa_at))
    session = facts.caller.session
    if session is None or session.mfa_at is None or session.kind not in ("user", "root"):
        return None
    return str(max(0, facts.now - session.mfa_at))


def _header(name: bytes) -> Callable[[RequestFacts], Value]:
    def read(facts: RequestFacts) -> Value:
        value = facts.raw.header(name) if facts.raw else None
        return value[:LONGEST_HEADER].decode("latin-1") if value is not None else None

    return read


def _requested_region(facts: RequestFacts) -> Value:
    partition = facts.caller.principal.partition
    return GLOBAL_REGION[partition] if facts.is_global or facts.service == "iam" else facts.region


_SOURCES: dict[str, Callable[[RequestFacts], Value]] = {
    "aws:assumedroot": _assumed_root,
    "aws:currenttime": lambda facts: iso8601(facts.now),
    "aws:epochtime": lambda facts: str(facts.now),
    "aws:federatedprovider": _federated_provider,
    "aws:multifactorauthage": _mfa_age,
    "aws:multifactorauthpresent": _mfa_present,
    "aws:principalaccount": lambda facts: facts.caller.account or None,
    "aws:principalarn": lambda facts: facts.caller.principal.principal_arn or None,
    "aws:principalisawsservice": _is_aws_service,
    "aws:principalorgid": lambda facts: facts.membership.organization if facts.membership else None,
    "aws:principalorgpaths": lambda facts: (facts.membership.path,) if facts.membership else None,
    "aws:principalservicename": _service_name,
    "aws:principalservicenameslist": _service_names,
    "aws:principaltype": _principal_type,
    "aws:referer": _header(b"referer"),
    "aws:requestedregion": _requested_region,
    "aws:securetransport": lambda facts: "true" if facts.raw is None or facts.raw.secure else "false",
    "aws:sourceidentity": lambda facts: facts.caller.session.source_identity if facts.caller.session else None,
    "aws:sourceip": lambda facts: facts.raw.peer or None if facts.raw else None,
    "aws:tokenissuetime": _token_issue_time,
    "aws:useragent": _header(b"user-agent"),
    "aws:userid": lambda facts: facts.caller.principal.user_id or None,
    "aws:username": _username,
    "aws:viaawsservice": lambda facts: "false",
}

NAMES = frozenset(_SOURCES)
"""The global condition keys, in lower case, that a request can have; tags have theirs beside them."""
