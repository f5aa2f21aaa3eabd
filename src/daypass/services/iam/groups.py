"""IAM groups and who is in them. A group is no principal: it is a place to hang policies that its members have.

Membership stands in the user and names the group's unique id, so that both may be renamed, and a group that is made
anew under an old name has nothing of the old one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from daypass.entities import Group, User
from daypass.errors import DeleteConflict, EntityAlreadyExists
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.services.iam import quotas, users
from daypass.services.iam.targets import (
    GROUPS,
    USERS,
    arn_of,
    authorize_listing,
    authorize_on,
    by_name,
    name_key,
    require_no_policies,
    target,
    under_prefix,
)

Members = dict[str, object]


def members(call: Call, group: Group) -> Members:
    """What every answer tells of a group."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": call.account.arn(group),
        "CreateDate": group.created,
    }


def groups_of(call: Call, user: User) -> list[Group]:
    """The groups that ``user`` is in, by name."""
    return sorted((call.account.groups[group] for group in user.groups), key=name_key)


def _users_in(call: Call, group: Group) -> Sequence[User]:
    """The users in ``group``, by name; found for all groups at once, once per snapshot."""
    derived = call.account.derived
    found: Mapping[str, list[User]] | None = derived.get("users by group")  # type: ignore[assignment]  # nothing else is kept there
    if found is None:
        found = {group_id: [] for group_id in call.account.groups}
        for user in by_name(call, USERS):
            for group_id in user.groups:
                found[group_id].append(user)
        derived["users by group"] = found
    return found[group.id]


@operation("iam:CreateGroup", "changes")
def create_group(call: Call) -> Members:
    """Make a group, without users and without policies."""
    name, path = call.params["GroupName"], call.params.get("Path", "/")
    call.authorize(arn_of(call, "group", name, path))
    group = Group(call.new_id("AGPA"), name, path, call.now)
    _put(call, group)
    quotas.GROUPS.require(len(call.account.groups))
    return {"Group": members(call, group)}


def _put(call: Call, group: Group) -> None:
    try:
        call.put(group)
    except AlreadyExists:
        raise EntityAlreadyExists(f"Group with name {group.name} already exists.") from None


@operation("iam:GetGroup", "reads")
def get_group(call: Call) -> Members:
    """Tell of a group and, page by page, of the users in it."""
    group = target(call, GROUPS)
    listing = Listing("Users", _users_in(call, group), name_key, lambda user: users.members(call, user))
    return {"Group": members(call, group)} | page(call, listing)


@operation("iam:ListGroups", "reads")
def list_groups(call: Call) -> Members:
    """Groups under a path prefix, by name."""
    authorize_listing(call, "group")
    return page(call, Listing("Groups", under_prefix(call, GROUPS), name_key, lambda group: members(call, group)))


@operation("iam:ListGroupsForUser", "reads")
def list_groups_for_user(call: Call) -> Members:
    """The groups that a user is in, by name."""
    user = target(call, USERS)
    return page(call, Listing("Groups", groups_of(call, user), name_key, lambda group: members(call, group)))


@operation("iam:UpdateGroup", "changes")
def update_group(call: Call) -> None:
    """Give a group another name, another path, or both. The caller needs permission on the old ARN and on the new."""
    group = target(call, GROUPS)
    name, path = call.params.get("NewGroupName", group.name), call.params.get("NewPath", group.path)
    renamed = replace(group, name=name, path=path)
    if renamed == group:
        return
    call.authorize(arn_of(call, "group", name, path))
    _put(call, renamed)


@operation("iam:DeleteGroup", "changes")
def delete_group(call: Call) -> None:
    """Delete a group that has no policies and no users left."""
    group = target(call, GROUPS)
    require_no_policies(group)
    if _users_in(call, group):
        raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    call.delete(group)


@operation("iam:AddUserToGroup", "changes")
def add_user_to_group(call: Call) -> None:
    """Put a user into a group: from the next request on he has its policies. Who is in it already stays in it."""
    user, group = _user_and_group(call)
    if group.id in user.groups:
        return
    quotas.GROUPS_OF_USER.require(len(user.groups) + 1)
    call.put(replace(user, groups=(*user.groups, group.id)))


@operation("iam:RemoveUserFromGroup", "changes")
def remove_user_from_group(call: Call) -> None:
    """Take a user out of a group: from the next request on he has its policies no more."""
    user, group = _user_and_group(call)
    if group.id in user.groups:
        call.put(replace(user, groups=tuple(other for other in user.groups if other != group.id)))


def _user_and_group(call: Call) -> tuple[User, Group]:
    """Both, once the caller may do this to the group. AWS misses the user first."""
    authorize_on(call, GROUPS)
    return USERS.existing(call), GROUPS.existing(call)
