"""Policy documents on their way in: the grammar, then the size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from daypass.entities import InlinePolicy
from daypass.policy import Kind, Policy, check_document, check_tenancy, policy_size
from daypass.services.iam import quotas


def check_managed(text: str) -> None:
    """Refuse what cannot be a version of a managed policy.

    Raises:
        MalformedPolicyDocument: AWS's text for the first fault.
        LimitExceeded: more than 6,144 characters.
    """
    check_document(text, Kind.IDENTITY_MANAGED)
    quotas.POLICY_SIZE.require(policy_size(text))


def check_inline(text: str) -> None:
    """Refuse what cannot be an inline policy.

    Raises:
        MalformedPolicyDocument: AWS's text for the first fault.
    """
    check_document(text, Kind.IDENTITY_INLINE)


def check_inline_sum(policies: Iterable[InlinePolicy], word: str, name: str) -> None:
    """Refuse when all inline policies of one ``word`` (user, group, role) together are too long.

    Raises:
        LimitExceeded: more than 2,048 characters (user), 5,120 (group) or 10,240 (role).
    """
    quotas.INLINE_SIZE[word].require(sum(policy_size(policy.document) for policy in policies), name)


def check_trust(text: str, shared_issuers: Mapping[str, str]) -> Policy:
    """Read a role's trust policy. Whether its principals exist is ``trust.bind``'s question.

    ``shared_issuers``: the operator's own, which serve strangers, too, beside those that are known.

    Raises:
        MalformedPolicyDocument: AWS's text for the first fault.
    """
    policy = check_document(text, Kind.TRUST)
    if shared_issuers:
        check_tenancy(text, shared_issuers)
    return policy


def check_trust_size(text: str) -> None:
    """Refuse a trust policy that is too long.

    Raises:
        LimitExceeded: more than 2,048 characters.
    """
    quotas.TRUST_SIZE.require(policy_size(text))
