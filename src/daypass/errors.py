"""Everything daypass refuses with, as one tree.

    DaypassError
    ├── Malformed                a text that is not what it claims to be (library use)
    └── ServiceError             an answer to a client: AWS's error code and public text
        ├── AccessDenied, ValidationError, …      one class per AWS code

A ``ServiceError`` carries two texts: ``message`` is for the client, ``detail`` only for the audit record.
HTTP status and fault live in ``wire`` (modelled shapes first, then its common-error table), never here.
Denials are values (``policy.Decision``) until ``operations/authorize.py``, the only builder of ``AccessDenied``.
"""

from typing import ClassVar


class DaypassError(Exception):
    """Root of all errors that daypass raises on purpose."""


class Malformed(DaypassError):
    """A text (ARN, identifier, policy, token) does not have the form it must have."""


class ServiceError(DaypassError):
    """A refusal with AWS's error code. ``message`` may be shown to the client; ``detail`` may not."""

    code: ClassVar[str] = "InternalFailure"

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


# ── Who is asking: signature and credentials  ───────────────────────────────────────────


class MissingAuthenticationToken(ServiceError):
    """The request carries no signature although the operation needs one."""

    code = "MissingAuthenticationToken"


class IncompleteSignature(ServiceError):
    """The signature's parts are missing or cannot be read."""

    code = "IncompleteSignature"


class SignatureDoesNotMatch(ServiceError):
    """Wrong signature, stale clock, wrong scope, or a header that had to be signed and was not."""

    code = "SignatureDoesNotMatch"


INVALID_TOKEN = "The security token included in the request is invalid"
"""What STS says with ``InvalidClientTokenId``; of an unknown long-term key with a full stop behind it."""

EXPIRED_TOKEN = "The security token included in the request is expired"
"""What STS says with ``ExpiredToken``."""


class InvalidClientTokenId(ServiceError):
    """Unknown, inactive or deleted access key, or a session token that does not belong to it."""

    code = "InvalidClientTokenId"


class ExpiredToken(ServiceError):
    """The caller's own session has expired or was revoked (403; not ``ExpiredTokenException``)."""

    code = "ExpiredToken"


class MalformedQueryString(ServiceError):
    """The query string has a broken percent escape."""

    code = "MalformedQueryString"


# ── What is asked: dispatch and validation ──────────────────────


class InvalidAction(ServiceError):
    """No such operation in this version of the service's API."""

    code = "InvalidAction"


class OperationNotImplemented(ServiceError):
    """An operation that AWS has and daypass does not have yet; the conformance table lists it."""

    code = "NotImplemented"


class ValidationError(ServiceError):
    """One or more parameters break the constraints of the service model."""

    code = "ValidationError"


class MalformedInput(ServiceError):
    """A number that is not a signed 32-bit integer."""

    code = "MalformedInput"


class InvalidParameterValue(ServiceError):
    """Session tags that contradict each other."""

    code = "InvalidParameterValue"


class InvalidInput(ServiceError):
    """A value that passes the model's constraints and still makes no sense (IAM)."""

    code = "InvalidInput"


# ── May he: authorization ────────────────────────────────────────────────────────────────────────────


class AccessDenied(ServiceError):
    """The decision was not ``allowed``. Built only by ``operations/authorize.py``.

    ``decision`` is the ``policy.Decision`` behind it, for the audit record; None where a fixed rule refused.
    """

    code = "AccessDenied"
    decision: object = None


class RegionDisabled(ServiceError):
    """The account does not issue credentials in this region."""

    code = "RegionDisabledException"


class SessionDurationEscalation(ServiceError):
    """The web identity token would outlive the session that asks for it."""

    code = "SessionDurationEscalationException"


class ExpiredTradeInToken(ServiceError):
    """What a delegation request was accepted for is over."""

    code = "ExpiredTradeInTokenException"


class OutboundWebIdentityFederationDisabled(ServiceError):
    """The account issues no web identity tokens."""

    code = "OutboundWebIdentityFederationDisabledException"


class JWTPayloadSizeExceeded(ServiceError):
    """Tags, audiences and facts make a web identity token too large."""

    code = "JWTPayloadSizeExceededException"


# ── Policies and sizes ───────────────────────────────────────────────────────────────────────────────


class MalformedPolicyDocument(ServiceError):
    """A policy document is refused at write time."""

    code = "MalformedPolicyDocument"


class PackedPolicyTooLarge(ServiceError):
    """Session policies, tags and inherited facts do not fit into a session token."""

    code = "PackedPolicyTooLarge"


class InvalidIdentityToken(ServiceError):
    """A web identity token or a SAML assertion that proves nobody to this account."""

    code = "InvalidIdentityToken"


class ExpiredIdentityToken(ServiceError):
    """A web identity token or a SAML assertion that is over (400; not the caller's own session)."""

    code = "ExpiredTokenException"


class IDPRejectedClaim(ServiceError):
    """The identity provider does not stand by its token."""

    code = "IDPRejectedClaim"


class IDPCommunicationError(ServiceError):
    """The identity provider could not be asked; SDKs try again."""

    code = "IDPCommunicationError"


class InvalidAuthorizationMessage(ServiceError):
    """An encoded authorization message that this daypass did not make for this account, or that has expired."""

    code = "InvalidAuthorizationMessageException"


# ── Entities ───────────────────────────────────────────────────────────────────────


class NoSuchEntity(ServiceError):
    """The named entity does not exist."""

    code = "NoSuchEntity"


class EntityAlreadyExists(ServiceError):
    """The name is taken."""

    code = "EntityAlreadyExists"


class DeleteConflict(ServiceError):
    """Something still depends on the entity."""

    code = "DeleteConflict"


class LimitExceeded(ServiceError):
    """A quota is used up."""

    code = "LimitExceeded"


class InvalidAuthenticationCode(ServiceError):
    """The two codes that bind a device to its user are not consecutive codes of it."""

    code = "InvalidAuthenticationCode"


class UnmodifiableEntity(ServiceError):
    """The entity belongs to a service and is only changed by it."""

    code = "UnmodifiableEntity"


class FeatureEnabled(ServiceError):
    """What is to be switched on is on."""

    code = "FeatureEnabled"


class FeatureDisabled(ServiceError):
    """What is asked about or to be switched off is off."""

    code = "FeatureDisabled"


class PolicyNotAttachable(ServiceError):
    """The policy may be attached to service-linked roles only."""

    code = "PolicyNotAttachable"


# ── Ours to answer for ───────────────────────────────────────────────────────────────────────────────


class ServiceUnavailable(ServiceError):
    """daypass cannot do this now and nothing was done: no database, no room for the audit record."""

    code = "ServiceUnavailable"


class Throttling(ServiceError):
    """Too many of this caller's requests are under way."""

    code = "Throttling"


class InternalFailure(ServiceError):
    """A defect of daypass. The client sees a request id, the audit record sees the cause."""

    code = "InternalFailure"
