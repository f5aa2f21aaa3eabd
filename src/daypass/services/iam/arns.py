"""Managed-policy ARNs as parameters: parsing, finding, and the refusals that differ from operation to operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from daypass.arn import Arn, is_account
from daypass.entities import ManagedPolicy
from daypass.errors import Malformed, NoSuchEntity, PolicyNotAttachable, ValidationError
from daypass.operations.authorize import denied, find_policy
from daypass.operations.call import Call
from daypass.principals import Tags
from daypass.services.iam.tags import Keys, readings, request_keys

Write = Literal["update policies", "delete policies", "delete policy versions for policies"]


@dataclass(frozen=True, slots=True)
class Found:
    """A managed policy, the caller's own or AWS's, and its ARN."""

    arn: str
    policy: ManagedPolicy


def is_policy_arn(text: str) -> bool:
    """Whether ``text`` has the form of a managed policy's ARN."""
    try:
        arn = Arn.parse(text)
    except Malformed:
        return False
    owner = arn.account == "aws" or is_account(arn.account)
    named = arn.resource.startswith("policy/") and not arn.resource.endswith("/")
    return arn.service == "iam" and not arn.region and owner and named


def policy_arn(call: Call) -> str:
    """The call's ``PolicyArn``, well-formed.

    Raises:
        ValidationError: it is not the ARN of a managed policy.
    """
    arn: str = call.params["PolicyArn"]
    if not is_policy_arn(arn):
        raise ValidationError(f"ARN {arn} is not valid.")
    return arn


def require_attachable(policy: ManagedPolicy, word: str) -> None:
    """Refuse what only roles of services may have. ``word``: what would have it.

    Raises:
        PolicyNotAttachable: it is such a policy.
    """
    if policy.path.startswith("/aws-service-role/"):
        raise PolicyNotAttachable(f"Cannot attach a Service Role Policy to a Customer {word.title()}.")


def not_attachable(arn: str) -> NoSuchEntity:
    """What attaching says of a policy that does not exist."""
    return NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")


def not_found(arn: str) -> NoSuchEntity:
    """What most operations say of a policy that does not exist, or is not attached where it should be."""
    return NoSuchEntity(f"Policy {arn} was not found.")


def no_version(arn: str, version: str) -> NoSuchEntity:
    """What operations on a version say, be it the policy or the version that is missing."""
    return NoSuchEntity(f"Policy {arn} version {version} does not exist or is not attachable.")


def policy_to_read(call: Call, missing: NoSuchEntity | None = None) -> Found:
    """The policy that the call names, own or AWS's, once the caller may do this to it.

    Raises:
        ValidationError: no ARN of a managed policy.
        AccessDenied: he may not.
        NoSuchEntity: there is none; ``missing`` where the text is not `Policy … was not found.`
    """
    return _authorized(call, policy_arn(call), missing)


def own_policy(
    call: Call, write: Write, *, tags: Tags = (), keys: Keys | None = None, missing: NoSuchEntity | None = None
) -> Found:
    """Like ``policy_to_read``, for changing the policy: it must be the caller's account's own.

    ``tags`` and ``keys``: what the request adds, for policies to ask about.

    Raises:
        AccessDenied: also when it is AWS's or another account's, whatever policies say.
    """
    arn = policy_arn(call)
    if Arn.parse(arn).account != call.account.id:
        raise denied(f"Cannot {write} outside your own account.")
    return _authorized(call, arn, missing, tags, keys)


def _authorized(call: Call, arn: str, missing: NoSuchEntity | None, tags: Tags = (), keys: Keys | None = None) -> Found:
    policy = find_policy(arn, call.account)
    authorize_tagged(call, arn, f"policy {arn}", tags=tags, resource_tags=policy.tags if policy else (), keys=keys)
    if policy is None:
        raise missing or not_found(arn)
    return Found(arn, policy)


def authorize_tagged(
    call: Call,
    arn: str,
    shown: str,
    *,
    action: str = "",
    tags: Tags = (),
    resource_tags: Tags = (),
    keys: Keys | None = None,
) -> None:
    """Refuse unless the caller may do this to a resource whose tag keys know case: a managed policy, an MFA device.

    He must be allowed under every reading of its tags and the request's.

    # INVARIANT: 2. a second tag key in another case cannot hide the first from a condition.
    #   tests/services/iam/test_policy_tags.py::test_a_tag_in_another_case_hides_nothing_from_a_condition
    """
    asked = keys or ({"aws:TagKeys": tuple(key for key, _ in tags)} if tags else {})
    for requested in readings(tags):
        for owned in readings(resource_tags):
            call.authorize(arn, action=action, keys=request_keys(requested) | asked, resource_tags=owned, shown=shown)
