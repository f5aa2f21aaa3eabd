"""Tagging users, roles, managed policies, MFA devices. Tagging merges; untagging what is not there succeeds."""

from __future__ import annotations

from dataclasses import replace

from daypass.operations.call import Call
from daypass.operations.paging import page
from daypass.operations.registry import operation
from daypass.services.iam.arns import own_policy, policy_to_read
from daypass.services.iam.mfa_targets import device_to_use
from daypass.services.iam.tags import EXACT, WITHOUT_CASE, Keys, listing, merged, request_keys, request_tags, without
from daypass.services.iam.targets import ROLES, USERS, Kind, Principal, target


@operation("iam:TagUser", "changes")
def tag_user(call: Call) -> None:
    """Add tags to a user or replace their values."""
    _tag(call, USERS)


@operation("iam:TagRole", "changes")
def tag_role(call: Call) -> None:
    """Add tags to a role or replace their values."""
    _tag(call, ROLES)


@operation("iam:UntagUser", "changes")
def untag_user(call: Call) -> None:
    """Take tags off a user."""
    _untag(call, USERS)


@operation("iam:UntagRole", "changes")
def untag_role(call: Call) -> None:
    """Take tags off a role."""
    _untag(call, ROLES)


@operation("iam:ListUserTags", "reads")
def list_user_tags(call: Call) -> dict[str, object]:
    """A user's tags."""
    return page(call, listing(target(call, USERS).tags, WITHOUT_CASE))


@operation("iam:ListRoleTags", "reads")
def list_role_tags(call: Call) -> dict[str, object]:
    """A role's tags."""
    return page(call, listing(target(call, ROLES).tags, WITHOUT_CASE))


@operation("iam:TagPolicy", "changes")
def tag_policy(call: Call) -> None:
    """Add tags to a customer managed policy or replace their values."""
    tags = request_tags(call)
    policy = own_policy(call, "update policies", tags=tags).policy
    call.put(replace(policy, tags=merged(policy.tags, tags, EXACT)))


@operation("iam:UntagPolicy", "changes")
def untag_policy(call: Call) -> None:
    """Take tags off a customer managed policy."""
    policy = own_policy(call, "update policies", removed=call.params["TagKeys"]).policy
    call.put(replace(policy, tags=without(policy.tags, call.params["TagKeys"], EXACT)))


@operation("iam:ListPolicyTags", "reads")
def list_policy_tags(call: Call) -> dict[str, object]:
    """A managed policy's tags."""
    return page(call, listing(policy_to_read(call).policy.tags, EXACT))


@operation("iam:TagMFADevice", "changes")
def tag_mfa_device(call: Call) -> None:
    """Add tags to a virtual MFA device or replace their values."""
    tags = request_tags(call)
    device = device_to_use(call, tags=tags)
    call.put(replace(device, tags=merged(device.tags, tags, EXACT)))


@operation("iam:UntagMFADevice", "changes")
def untag_mfa_device(call: Call) -> None:
    """Take tags off a virtual MFA device."""
    device = device_to_use(call, keys=_removed(call))
    call.put(replace(device, tags=without(device.tags, call.params["TagKeys"], EXACT)))


@operation("iam:ListMFADeviceTags", "reads")
def list_mfa_device_tags(call: Call) -> dict[str, object]:
    """A virtual MFA device's tags."""
    return page(call, listing(device_to_use(call).tags, EXACT))


def _tag(call: Call, kind: Kind[Principal]) -> None:
    tags = request_tags(call)
    entity = target(call, kind, request_keys(tags))
    call.put(replace(entity, tags=merged(entity.tags, tags, WITHOUT_CASE)))


def _untag(call: Call, kind: Kind[Principal]) -> None:
    entity = target(call, kind, _removed(call))
    call.put(replace(entity, tags=without(entity.tags, call.params["TagKeys"], WITHOUT_CASE)))


def _removed(call: Call) -> Keys:
    """What policies may ask about keys to remove: ``aws:TagKeys``; none without any."""
    return {"aws:TagKeys": tuple(call.params["TagKeys"])} if call.params["TagKeys"] else {}
