"""Inline policies of users, groups and roles. Putting replaces; the size limit is on the sum of all of one of them."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Group, InlinePolicy, Role, User
from daypass.errors import NoSuchEntity
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.services.iam.documents import check_inline, check_inline_sum
from daypass.services.iam.targets import GROUPS, ROLES, USERS, Kind, Named, target

Members = dict[str, object]


@operation("iam:PutUserPolicy", "changes")
def put_user_policy(call: Call) -> None:
    """Add or replace an inline policy of a user."""
    _put(call, USERS)


@operation("iam:PutGroupPolicy", "changes")
def put_group_policy(call: Call) -> None:
    """Add or replace an inline policy of a group; it binds its members at once."""
    _put(call, GROUPS)


@operation("iam:PutRolePolicy", "changes")
def put_role_policy(call: Call) -> None:
    """Add or replace an inline policy of a role."""
    _put(call, ROLES)


@operation("iam:GetUserPolicy", "reads")
def get_user_policy(call: Call) -> Members:
    """One inline policy of a user, as it was sent."""
    return _get(call, USERS)


@operation("iam:GetGroupPolicy", "reads")
def get_group_policy(call: Call) -> Members:
    """One inline policy of a group, as it was sent."""
    return _get(call, GROUPS)


@operation("iam:GetRolePolicy", "reads")
def get_role_policy(call: Call) -> Members:
    """One inline policy of a role, as it was sent."""
    return _get(call, ROLES)


@operation("iam:ListUserPolicies", "reads")
def list_user_policies(call: Call) -> Members:
    """The names of a user's inline policies."""
    return _list(call, USERS)


@operation("iam:ListGroupPolicies", "reads")
def list_group_policies(call: Call) -> Members:
    """The names of a group's inline policies."""
    return _list(call, GROUPS)


@operation("iam:ListRolePolicies", "reads")
def list_role_policies(call: Call) -> Members:
    """The names of a role's inline policies."""
    return _list(call, ROLES)


@operation("iam:DeleteUserPolicy", "changes")
def delete_user_policy(call: Call) -> None:
    """Delete an inline policy of a user."""
    _delete(call, USERS)


@operation("iam:DeleteGroupPolicy", "changes")
def delete_group_policy(call: Call) -> None:
    """Delete an inline policy of a group."""
    _delete(call, GROUPS)


@operation("iam:DeleteRolePolicy", "changes")
def delete_role_policy(call: Call) -> None:
    """Delete an inline policy of a role."""
    _delete(call, ROLES)


def _put(call: Call, kind: Kind[Named]) -> None:
    entity = target(call, kind)
    document = call.params["PolicyDocument"]
    check_inline(document)
    policy = InlinePolicy(call.params["PolicyName"], document)
    inline = tuple(sorted((*_others(entity, policy.name), policy), key=lambda each: each.name))
    check_inline_sum(inline, kind.word, entity.name)
    call.put(replace(entity, inline=inline))


def _get(call: Call, kind: Kind[Named]) -> Members:
    entity = target(call, kind)
    policy = _named(call, kind, entity)
    return {kind.member: entity.name, "PolicyName": policy.name, "PolicyDocument": policy.document}


def _list(call: Call, kind: Kind[Named]) -> Members:
    names = (policy.name for policy in target(call, kind).inline)
    return page(call, Listing.of("PolicyNames", names, lambda name: name, lambda name: name))


def _delete(call: Call, kind: Kind[Named]) -> None:
    entity = target(call, kind)
    kept = _others(entity, _named(call, kind, entity).name)
    call.put(replace(entity, inline=kept))


def _named(call: Call, kind: Kind[Named], entity: User | Group | Role) -> InlinePolicy:
    name = call.params["PolicyName"]
    for policy in entity.inline:
        if policy.name == name:
            return policy
    raise NoSuchEntity(f"The {kind.word} policy with name {name} cannot be found.")


def _others(entity: User | Group | Role, name: str) -> tuple[InlinePolicy, ...]:
    return tuple(policy for policy in entity.inline if policy.name != name)


def inline_policies(entity: User | Group | Role) -> list[Members]:
    """All inline policies with their documents, by name, as result members."""
    return [{"PolicyName": policy.name, "PolicyDocument": policy.document} for policy in entity.inline]
