"""Managed policies on users, groups and roles: attached, detached, listed. Attaching twice is one attachment."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Group, Role, User
from daypass.operations.authorize import find_policy
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.services.iam import quotas
from daypass.services.iam.arns import not_attachable, not_found, policy_arn, require_attachable
from daypass.services.iam.targets import GROUPS, ROLES, USERS, Kind, Named, target

Members = dict[str, object]


@operation("iam:AttachUserPolicy", "changes")
def attach_user_policy(call: Call) -> None:
    """Attach a managed policy to a user."""
    _attach(call, USERS)


@operation("iam:AttachGroupPolicy", "changes")
def attach_group_policy(call: Call) -> None:
    """Attach a managed policy to a group; its members have it at once."""
    _attach(call, GROUPS)


@operation("iam:AttachRolePolicy", "changes")
def attach_role_policy(call: Call) -> None:
    """Attach a managed policy to a role."""
    _attach(call, ROLES)


@operation("iam:DetachUserPolicy", "changes")
def detach_user_policy(call: Call) -> None:
    """Detach a managed policy from a user."""
    _detach(call, USERS)


@operation("iam:DetachGroupPolicy", "changes")
def detach_group_policy(call: Call) -> None:
    """Detach a managed policy from a group; its members lose it at once."""
    _detach(call, GROUPS)


@operation("iam:DetachRolePolicy", "changes")
def detach_role_policy(call: Call) -> None:
    """Detach a managed policy from a role."""
    _detach(call, ROLES)


@operation("iam:ListAttachedUserPolicies", "reads")
def list_attached_user_policies(call: Call) -> Members:
    """The managed policies of a user, by name."""
    return _list(call, USERS)


@operation("iam:ListAttachedGroupPolicies", "reads")
def list_attached_group_policies(call: Call) -> Members:
    """The managed policies of a group, by name."""
    return _list(call, GROUPS)


@operation("iam:ListAttachedRolePolicies", "reads")
def list_attached_role_policies(call: Call) -> Members:
    """The managed policies of a role, by name."""
    return _list(call, ROLES)


def _attach(call: Call, kind: Kind[Named]) -> None:
    arn = policy_arn(call)
    entity = target(call, kind, {"iam:PolicyARN": arn})
    policy = find_policy(arn, call.account)
    if policy is None:
        raise not_attachable(arn)
    require_attachable(policy, kind.word)
    if arn in entity.attached:
        return
    quotas.ATTACHED[kind.word].require(len(entity.attached) + 1)
    call.put(replace(entity, attached=(*entity.attached, arn)))


def _detach(call: Call, kind: Kind[Named]) -> None:
    arn = policy_arn(call)
    entity = target(call, kind, {"iam:PolicyARN": arn})
    if arn not in entity.attached:
        raise not_found(arn)
    kept = tuple(other for other in entity.attached if other != arn)
    call.put(replace(entity, attached=kept))


def _list(call: Call, kind: Kind[Named]) -> Members:
    entity = target(call, kind)
    prefix = call.params.get("PathPrefix", "/")
    arns = (arn for arn in entity.attached if _path_and_name(arn).startswith(prefix))
    return page(call, Listing.of("AttachedPolicies", arns, _order, _members))


def attached_policies(entity: User | Group | Role) -> list[Members]:
    """All attached policies as result members, by name."""
    return [_members(arn) for arn in sorted(entity.attached, key=_order)]


def _path_and_name(arn: str) -> str:
    return arn.partition(":policy")[2]


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _order(arn: str) -> str:
    return f"{_name(arn).lower()} {arn}"


def _members(arn: str) -> Members:
    return {"PolicyName": _name(arn), "PolicyArn": arn}
