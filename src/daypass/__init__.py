"""daypass: temporary security credentials, verified and decided, with or without a server.

As a library, without server and database::

    caller = verify_request(request, service="sts", regions={"us-east-1"}, find_key=…)
    decision = evaluate(RequestContext(…), PolicySet(…))
    headers = sign_request("POST", url, headers, body, …)

These names are stable; everything else may change. Each is loaded at its first use, so that importing daypass is free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daypass.arn import Arn
    from daypass.authorization_messages import encode_decision
    from daypass.credentials import Secret, TemporaryCredentials
    from daypass.entities import Revocation
    from daypass.errors import DaypassError, Malformed, ServiceError
    from daypass.exchange import RawRequest
    from daypass.policy import (
        Attached,
        Decision,
        Kind,
        Policy,
        PolicySet,
        RequestContext,
        check_document,
        evaluate,
        parse_policy,
    )
    from daypass.principals import Caller, RoleSession, Session, User
    from daypass.revocation import Revocations, is_revoked
    from daypass.sessions.keyring import Keyring, SealingKey
    from daypass.sigv4 import JSON_PROFILE, QUERY_PROFILE, S3_PROFILE, Profile, presign_request, sign_request
    from daypass.verification import open_session_token, verify_request

__all__ = [
    "JSON_PROFILE",
    "QUERY_PROFILE",
    "S3_PROFILE",
    "Arn",
    "Attached",
    "Caller",
    "DaypassError",
    "Decision",
    "Keyring",
    "Kind",
    "Malformed",
    "Policy",
    "PolicySet",
    "Profile",
    "RawRequest",
    "RequestContext",
    "Revocation",
    "Revocations",
    "RoleSession",
    "SealingKey",
    "Secret",
    "ServiceError",
    "Session",
    "TemporaryCredentials",
    "User",
    "check_document",
    "encode_decision",
    "evaluate",
    "is_revoked",
    "open_session_token",
    "parse_policy",
    "presign_request",
    "sign_request",
    "verify_request",
]

_HOMES = {
    "daypass.arn": ("Arn",),
    "daypass.authorization_messages": ("encode_decision",),
    "daypass.credentials": ("Secret", "TemporaryCredentials"),
    "daypass.entities": ("Revocation",),
    "daypass.errors": ("DaypassError", "Malformed", "ServiceError"),
    "daypass.exchange": ("RawRequest",),
    "daypass.policy": (
        "Attached",
        "Decision",
        "Kind",
        "Policy",
        "PolicySet",
        "RequestContext",
        "check_document",
        "evaluate",
        "parse_policy",
    ),
    "daypass.principals": ("Caller", "RoleSession", "Session", "User"),
    "daypass.revocation": ("Revocations", "is_revoked"),
    "daypass.sessions.keyring": ("Keyring", "SealingKey"),
    "daypass.sigv4": (
        "JSON_PROFILE",
        "QUERY_PROFILE",
        "S3_PROFILE",
        "Profile",
        "presign_request",
        "sign_request",
    ),
    "daypass.verification": ("open_session_token", "verify_request"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module `daypass` has no attribute `{name}`")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
