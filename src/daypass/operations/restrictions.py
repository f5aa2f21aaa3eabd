"""What each kind of session may never call, whatever policies say (STS, "Compare AWS STS credentials").

# INVARIANT: 2. a session made for less cannot reach operations that give more.
#   tests/operations/test_restrictions.py::test_every_session_kind_is_refused_what_sts_forbids_it
"""

from __future__ import annotations

from daypass.errors import INVALID_TOKEN, InvalidClientTokenId, ServiceError
from daypass.operations.authorize import denied
from daypass.principals import Session

_ISSUERS_FOR_KEYS_ONLY = frozenset({"sts:GetSessionToken", "sts:GetFederationToken"})
_FOR_USER_SESSIONS = frozenset({"sts:AssumeRole", "sts:GetCallerIdentity"})
_FOR_FEDERATED_USERS = frozenset({"sts:GetCallerIdentity"})


def refusal(operation: str, session: Session | None) -> ServiceError | None:
    """The refusal of ``operation`` (``sts:GetSessionToken``) for a caller with ``session``; None: it may go on."""
    if session is None:
        return None
    service, _, action = operation.partition(":")
    if session.kind in ("role", "assumed-root"):
        forbidden = operation in _ISSUERS_FOR_KEYS_ONLY
    elif service == "sts":
        forbidden = operation not in (_FOR_FEDERATED_USERS if session.kind == "federated" else _FOR_USER_SESSIONS)
    elif session.kind == "federated" or session.mfa_at is None:
        return InvalidClientTokenId(INVALID_TOKEN)
    else:
        forbidden = False
    return denied(f"Cannot call {action} with session credentials") if forbidden else None
