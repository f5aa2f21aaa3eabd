"""The audit record of a call: CloudTrail's members at top level, ours under ``daypass``.

Source: CloudTrail User Guide, "CloudTrail record contents".

A record is opened before anything is trusted and closed on every exit. It never holds a secret key or a session token:
request and response members come from the service model, which knows what is sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from daypass.entities import Role
from daypass.errors import ServiceError
from daypass.exchange import RawRequest
from daypass.operations.facts import iso8601
from daypass.principals import Anonymous, Caller, FederatedIdentity, FederatedUser, Operator, RoleSession, User
from daypass.revocation import web_provider_of
from daypass.sigv4 import UnverifiedSignature
from daypass.snapshot import AccountSnapshot

EVENT_VERSION = "1.11"

_NO_HEADERS: dict[bytes, bytes] = {}

LONGEST_AGENT = 512
"""Characters of ``userAgent`` and of the host: a name has 253."""

LONGEST_CLAIM = 128
LONGEST_WORD = 32
"""Characters of the longest region name, and of what a stranger's error repeats; a secret access key has 40."""

_QUOTED = re.compile(r"'[^']*(?:'|$)").sub

LONGEST_REFUSED = 1_024
"""Characters of each request parameter that the record of a refusal keeps."""

LONGEST_MESSAGE = 1_024
"""Characters of ``errorMessage``, as CloudTrail cuts it: a validation error can echo much of a request."""


class Record:
    """One call's record while it is being written. Members are filled as they become known."""

    service = "sts"
    event: str | None = None
    region: str | None = None
    caller: Caller | None = None
    claimed: UnverifiedSignature | None = None
    account: str | None = None
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    error: ServiceError | None = None
    resources: list[dict[str, str]] | None = None
    read_only = True
    kind = "AwsApiCall"
    additional: Mapping[str, object] | None = None
    charged: Mapping[Any, Hashable] = MappingProxyType({})
    """Of whom it has taken a token, by class: ``operations/metered.py``."""

    def __init__(self, raw: RawRequest | None, time: int, request_id: str) -> None:
        self.raw = raw
        self.time = time
        self.request_id = self.event_id = request_id
        self.ours: dict[str, Any] = {}

    def note(self, error: ServiceError) -> ServiceError:
        """Remember the refusal and hand it back; its detail and decision stay on our side."""
        self.error = error
        # INVARIANT: 9. who may do nothing must not fill the disk with what he was refused.
        #   tests/operations/test_pipeline.py::test_a_refusal_keeps_the_beginning_of_long_parameters
        self.request = _shortened(self.request)
        if error.detail:
            self.ours["detail"] = _shortened(error.detail)
        decision = getattr(error, "decision", None)
        if decision is not None:
            self.ours["decision"] = decision.to_record()
        return error

    def outcome(self) -> Record:
        """The record that says that the change this one announced was committed."""
        said = Record(self.raw, self.time, self.request_id)
        said.event_id, said.service, said.event, said.region = (
            self.event_id,
            self.service,
            "ChangeCommitted",
            self.region,
        )
        said.caller, said.account, said.read_only, said.kind = self.caller, self.account, False, "AwsServiceEvent"
        said.ours = {"outcome": "committed", "of": self.request_id, "revision": self.ours.get("revision")}
        return said

    def rendered(self) -> dict[str, Any]:
        """The record as CloudTrail shapes it; absent members are null."""
        raw, error, caller = self.raw, self.error, self.caller
        if caller is None and self.claimed is not None:  # whom a stranger says he is, for those who look for him
            key, region = _told(self.claimed.access_key_id, like_a_key=True), _told(self.claimed.region)
            self.ours["claimed"] = {"accessKeyId": key, "region": region}
        headers = raw.by_name if raw else _NO_HEADERS
        return {
            "eventVersion": EVENT_VERSION,
            "userIdentity": _remembered_identity(caller) if caller else None,
            "eventTime": iso8601(self.time),
            "eventSource": _source(self.service),
            "eventName": self.event,
            "awsRegion": self.region,
            "sourceIPAddress": raw.peer if raw else "operator",
            "userAgent": _agent(headers.get(b"user-agent")),
            "errorCode": error.code if error else None,
            "errorMessage": _message(error, is_stranger=caller is None) if error else None,
            "requestParameters": self.request,
            "responseElements": self.response,
            "additionalEventData": self.additional,
            "requestID": self.request_id,
            "eventID": self.event_id,
            "readOnly": self.read_only,
            "resources": self.resources,
            "eventType": self.kind,
            "managementEvent": True,
            "recipientAccountId": self.account,
            "sharedEventID": None,
            "eventCategory": "Management",
            "tlsDetails": _tls(headers.get(b"host")),
            "daypass": self.ours,
        }


@lru_cache(maxsize=64)
def _source(service: str) -> str:
    return f"{service}.amazonaws.com"


def _agent(header: bytes | None) -> str | None:
    # INVARIANT: 9. headers are remembered as short as they are recorded.
    #   tests/operations/test_audit.py::test_long_headers_are_not_remembered
    return _short_agent(header[:LONGEST_AGENT]) if header else None


@lru_cache(maxsize=1024)
def _short_agent(header: bytes) -> str:
    return header.decode("latin-1")


def _tls(host: bytes | None) -> dict[str, str] | None:
    if not host:
        return None
    if len(host) <= LONGEST_AGENT:
        return _details(host)
    return {"clientProvidedHostHeader": host[:LONGEST_AGENT].decode("latin-1")}


@lru_cache(maxsize=256)
def _details(host: bytes) -> dict[str, str]:
    return {"clientProvidedHostHeader": host.decode("latin-1")}


def _told(claim: str, *, like_a_key: bool = False) -> str:
    """What a stranger wrote where an access key id or a region belongs, or ``…`` where it may be something else.

    # INVARIANT: 7. whoever mixes up the two halves of his credentials does not find the secret one in the trail.
    #   tests/security/test_canaries.py::test_a_secret_sent_in_the_wrong_place_is_not_kept
    """
    if not like_a_key:
        return claim if len(claim) <= LONGEST_WORD else "…"
    return claim if len(claim) <= LONGEST_CLAIM and claim.isalnum() and claim.isupper() else "…"


def _message(error: ServiceError, *, is_stranger: bool) -> str:
    """The error's text; of a stranger's, what it repeats of his request is left out unless it is short."""
    text = error.message[:LONGEST_MESSAGE]
    if not is_stranger or "'" not in text:
        return text
    return _QUOTED(lambda quoted: quoted[0] if len(quoted[0]) <= LONGEST_WORD + 2 else "'…'", text)


def _shortened(value: Any) -> Any:
    """``value`` with the beginning of each long text in it."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_REFUSED else f"{value[:LONGEST_REFUSED]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {name: _shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return value


def role_resource(role: Role, snapshot: AccountSnapshot) -> list[dict[str, str]]:
    """The ``resources`` member of a call about a role."""
    return [resource("AWS::IAM::Role", snapshot.arn(role), snapshot)]


def resource(kind: str, arn: str, snapshot: AccountSnapshot) -> dict[str, str]:
    """An entry of ``resources``: something that the account has."""
    return {"accountId": snapshot.id, "type": kind, "ARN": arn}


def _remembered_identity(caller: Caller) -> dict[str, Any]:
    """The identity, made once for each caller; nobody changes it."""
    known: dict[str, Any] | None = caller.derived.get("identity")
    if known is None:
        known = caller.derived["identity"] = user_identity(caller)
    return known


def user_identity(caller: Caller) -> dict[str, Any]:
    """CloudTrail's ``userIdentity`` of a verified caller (CloudTrail User Guide, "userIdentity element")."""
    who = caller.principal
    if isinstance(who, Operator):
        return {"type": "AWSService", "invokedBy": "daypass", "accountId": who.account, "userName": who.login or None}
    if isinstance(who, Anonymous):
        return {"type": "Unknown"}
    if isinstance(who, FederatedIdentity):
        return _vouched_identity(who)
    identity: dict[str, Any] = {
        "type": _TYPES[who.type],
        "principalId": who.user_id,
        "arn": who.arn,
        "accountId": who.account,
        "accessKeyId": caller.access_key_id,
    }
    if isinstance(who, User):
        identity["userName"] = who.name
    if caller.session is not None:
        identity["sessionContext"] = _session_context(caller)
    return identity


def _vouched_identity(who: FederatedIdentity) -> dict[str, Any]:
    """Whoever a provider vouches for. CloudTrail calls a SAML provider by its name qualifier here."""
    is_saml = ":saml-provider/" in who.provider
    return {
        "type": "SAMLUser" if is_saml else "WebIdentityUser",
        "principalId": f"{who.qualifier}:{who.name}",
        "userName": who.name,
        "identityProvider": who.qualifier if is_saml else who.provider,
    }


_TYPES = {"Account": "Root", "User": "IAMUser", "AssumedRole": "AssumedRole", "FederatedUser": "FederatedUser"}


def _session_context(caller: Caller) -> dict[str, Any]:
    session, who = caller.session, caller.principal
    assert session is not None
    context: dict[str, Any] = {
        "attributes": {
            "creationDate": iso8601(session.issued),
            "mfaAuthenticated": "true" if session.mfa_at is not None else "false",
        }
    }
    if isinstance(who, RoleSession):
        context["sessionIssuer"] = {
            "type": "Role",
            "principalId": who.role_id,
            "arn": who.principal_arn,
            "accountId": who.account,
            "userName": who.role_name,
        }
        provider = web_provider_of(session)
        context["webIdFederationData"] = {"federatedProvider": provider, "attributes": {}} if provider else {}
    elif isinstance(who, FederatedUser) and who.user is not None:
        context["sessionIssuer"] = {
            "type": "IAMUser",
            "principalId": who.user.id,
            "arn": who.user.arn,
            "accountId": who.account,
            "userName": who.user.name,
        }
    if session.kind == "assumed-root":
        context["assumedRoot"] = "true"
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    return context


def cloudtrail_time(epoch: int) -> str:
    """CloudTrail's way to write the expiry of credentials: ``Jul 18, 2014, 4:07:39 PM``."""
    at = datetime.fromtimestamp(epoch, UTC)
    hour = at.hour % 12 or 12
    return f"{at:%b} {at.day}, {at.year}, {hour}:{at:%M:%S} {at:%p}"
