"""Session policies and session tags as callers pass them, for every operation that takes them.

Source: STS API reference, AssumeRole and GetFederationToken; IAM User Guide, "Session policies".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daypass.errors import ValidationError
from daypass.operations.authorize import find_policy
from daypass.policy import Kind, check_document
from daypass.principals import Tags
from daypass.sessions.limits import check_session_policies
from daypass.snapshot import AccountSnapshot


def passed_tags(params: Mapping[str, Any]) -> Tags:
    """The tags of a call, in the order sent."""
    return tuple((tag["Key"], tag.get("Value", "")) for tag in params.get("Tags") or ())


def passed_policies(params: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The inline session policy and the ARNs of the managed ones; whether these exist is asked later.

    Raises:
        ValidationError: too many, or too long.
        MalformedPolicyDocument: the inline one is none.
    """
    policy = params.get("Policy")
    arns = tuple(given["arn"] for given in params.get("PolicyArns") or ())
    check_session_policies(policy, arns)
    if policy is not None:
        check_document(policy, Kind.SESSION)
    return policy, arns


def must_exist(arns: Sequence[str], owner: AccountSnapshot) -> None:
    """Managed session policies live in the account of the session or are AWS's.

    Raises:
        ValidationError: one does not exist there.
    """
    for arn in arns:
        if find_policy(arn, owner) is None:
            raise ValidationError(f"The policy {arn} does not exist or is not attachable.")
