"""What a kind of session may never call."""

from __future__ import annotations

import pytest

from daypass.operations.restrictions import refusal
from daypass.principals import Session, SessionKind

CANNOT, INVALID, MAY = "AccessDenied", "InvalidClientTokenId", None

TABLE: list[tuple[SessionKind, bool, str, str | None]] = [
    ("role", False, "sts:AssumeRole", MAY),
    ("role", False, "sts:GetSessionToken", CANNOT),
    ("role", False, "sts:GetFederationToken", CANNOT),
    ("role", False, "iam:CreateUser", MAY),
    ("user", False, "sts:AssumeRole", MAY),
    ("user", False, "sts:GetCallerIdentity", MAY),
    ("user", False, "sts:GetSessionToken", CANNOT),
    ("user", False, "sts:GetAccessKeyInfo", CANNOT),
    ("user", False, "iam:CreateAccessKey", INVALID),
    ("user", True, "iam:CreateAccessKey", MAY),
    ("user", True, "sts:GetFederationToken", CANNOT),
    ("root", False, "iam:CreateAccessKey", INVALID),
    ("role", False, "sts:AssumeRoot", MAY),
    ("user", True, "sts:AssumeRoot", CANNOT),
    ("user", True, "sts:DecodeAuthorizationMessage", CANNOT),
    ("assumed-root", False, "sts:GetFederationToken", CANNOT),
    ("assumed-root", False, "sts:GetSessionToken", CANNOT),
    ("federated", False, "sts:GetFederationToken", CANNOT),
    ("federated", False, "sts:AssumeRoot", CANNOT),
    ("federated", False, "sts:DecodeAuthorizationMessage", CANNOT),
    ("federated", True, "iam:GetUser", INVALID),
    ("federated", False, "sts:AssumeRole", CANNOT),
    ("federated", False, "sts:GetCallerIdentity", MAY),
]


@pytest.mark.parametrize(("kind", "mfa", "operation", "code"), TABLE)
def test_every_session_kind_is_refused_what_sts_forbids_it(
    kind: SessionKind, mfa: bool, operation: str, code: str | None
) -> None:
    """A session reaches exactly the operations that its kind may call."""
    session = Session(kind, "ASIA", "123456789012", "AROA", "n", 0, 900, mfa_at=0 if mfa else None)
    refused = refusal(operation, session)
    assert (refused.code if refused else None) == code


def test_long_term_keys_have_no_restriction_of_kind() -> None:
    """Without a session only policies restrict."""
    assert refusal("sts:GetSessionToken", None) is None
