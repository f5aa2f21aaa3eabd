"""Providers that serve everybody: a role says which of their customers it trusts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.errors import MalformedPolicyDocument
from daypass.policy import Kind, check_document
from daypass.policy.parse.tenancy import CLAIMS

HOST = "token.actions.githubusercontent.com"


def trust(host: str, condition: dict[str, Any] | None, effect: str = "Allow") -> str:
    statement = {
        "Effect": effect,
        "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    return json.dumps(
        {"Version": "2012-10-17", "Statement": statement | ({"Condition": condition} if condition else {})}
    )


@pytest.mark.parametrize(("host", "claim"), CLAIMS.items())
def test_a_shared_provider_needs_its_claim(host: str, claim: str) -> None:
    """Refused without a condition, and with one on another claim; accepted with the one that names the customer."""
    other = "aud" if claim == "sub" else "sub"
    wanted = claim if claim.startswith("sts:") else f"{host}:{claim}"
    message = f"A condition on {wanted} must be present for the shared provider {host}"
    for condition in (None, {"StringEquals": {f"{host}:{other}": "a"}}):
        with pytest.raises(MalformedPolicyDocument) as refusal:
            check_document(trust(host, condition), Kind.TRUST)
        assert refusal.value.message == message
    check_document(trust(host, {"StringLike": {wanted.upper(): "repo:mine/*"}}), Kind.TRUST)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {f"{HOST}:sub": "*"}},
        {"StringLike": {f"{HOST}:sub": "?*"}},
        {"StringLike": {f"{HOST}:sub": ["repo:mine/*", "*"]}},
        {"StringEquals": {f"{HOST}:sub": []}},
        {"StringEquals": {f"{HOST}:sub": ""}},
        {"StringNotEquals": {f"{HOST}:sub": "repo:theirs/a"}},
        {"StringEqualsIfExists": {f"{HOST}:sub": "repo:mine/a"}},
        {"ForAllValues:StringEquals": {f"{HOST}:sub": "repo:mine/a"}},
        {"Null": {f"{HOST}:sub": "false"}},
    ],
)
def test_what_holds_for_strangers_is_no_condition(condition: dict[str, Any]) -> None:
    """Wildcards alone, negations, and what also holds without the claim."""
    with pytest.raises(MalformedPolicyDocument):
        check_document(trust(HOST, condition), Kind.TRUST)


def test_a_deny_and_a_provider_of_ones_own_need_none() -> None:
    """A Deny lets nobody in, and a provider of one's own has no strangers."""
    check_document(trust(HOST, None, "Deny"), Kind.TRUST)
    check_document(trust("idp.example.com", None), Kind.TRUST)
