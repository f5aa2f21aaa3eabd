"""IAM users: made, read, renamed, deleted. A unique id stays through any renaming and is never used again."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import User
from daypass.errors import DeleteConflict, EntityAlreadyExists
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.principals import Root
from daypass.services.iam import quotas
from daypass.services.iam.boundaries import boundary_keys, boundary_member, requested_boundary
from daypass.services.iam.mfa.targets import devices_of
from daypass.services.iam.tags import WITHOUT_CASE, as_sent, in_order, merged, request_keys, request_tags
from daypass.services.iam.targets import (
    USERS,
    arn_of,
    authorize_listing,
    name_key,
    require_no_policies,
    target,
    under_prefix,
    user_or_caller,
)

Members = dict[str, object]


def members(call: Call, user: User) -> Members:
    """What every answer tells of a user."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": call.account.arn(user),
        "CreateDate": user.created,
    }


@operation("iam:CreateUser", "changes")
def create_user(call: Call) -> Members:
    """Make a user, without keys and without permissions."""
    name, path = call.params["UserName"], call.params.get("Path", "/")
    tags = request_tags(call)
    arn = arn_of(call, "user", name, path)
    call.authorize(arn, keys=boundary_keys(call) | request_keys(tags))
    if tags:
        call.authorize(arn, action="iam:TagUser", keys=request_keys(tags))
    user = User(
        call.new_id("AIDA"),
        name,
        path,
        call.now,
        tags=merged((), tags, WITHOUT_CASE),
        boundary=requested_boundary(call),
    )
    _put(call, user)
    quotas.USERS.require(len(call.account.users))
    given: Members = {"Tags": as_sent(user.tags)} if user.tags else {}
    return {"User": members(call, user) | boundary_member(user) | given}


def _put(call: Call, user: User) -> None:
    try:
        call.put(user)
    except AlreadyExists:
        raise EntityAlreadyExists(f"User with name {user.name} already exists.") from None


@operation("iam:GetUser", "reads")
def get_user(call: Call) -> Members:
    """Tell of a user; without a name, of the caller, who may be root."""
    user = user_or_caller(call)
    if isinstance(user, Root):
        root: Members = {"UserId": user.user_id, "Arn": user.arn, "CreateDate": call.account.account.created}
        return {"User": root}
    tags: Members = {"Tags": in_order(user.tags, WITHOUT_CASE)} if user.tags else {}
    return {"User": members(call, user) | boundary_member(user) | tags}


@operation("iam:ListUsers", "reads")
def list_users(call: Call) -> Members:
    """Users under a path prefix, by name."""
    authorize_listing(call, "user")
    return page(call, Listing("Users", under_prefix(call, USERS), name_key, lambda user: members(call, user)))


@operation("iam:UpdateUser", "changes")
def update_user(call: Call) -> None:
    """Give a user another name, another path, or both. The caller needs permission on the old ARN and on the new."""
    user = target(call, USERS)
    name, path = call.params.get("NewUserName", user.name), call.params.get("NewPath", user.path)
    renamed = replace(user, name=name, path=path)
    if renamed == user:
        return
    call.authorize(arn_of(call, "user", name, path), resource_tags=user.tags)
    _put(call, renamed)


@operation("iam:DeleteUser", "changes")
def delete_user(call: Call) -> None:
    """Delete a user that has nothing left."""
    user = target(call, USERS)
    require_no_policies(user)
    if user.groups:
        raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    if devices_of(call.account, user):
        raise DeleteConflict("Cannot delete entity, must delete MFA device first.")
    if any(key.user_id == user.id for key in call.account.access_keys.values()):
        raise DeleteConflict("Cannot delete entity, must delete access keys first.")
    call.delete(user)
