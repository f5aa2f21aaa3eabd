"""IAM roles: made, read, changed, deleted. Sessions are bound to the role's unique id and die with it."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Role
from daypass.errors import EntityAlreadyExists, InvalidInput
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.services.iam import quotas, trust
from daypass.services.iam.boundaries import boundary_keys, boundary_member, requested_boundary
from daypass.services.iam.documents import check_trust, check_trust_size
from daypass.services.iam.tags import WITHOUT_CASE, as_sent, in_order, merged, request_keys, request_tags
from daypass.services.iam.targets import (
    RESERVED_PATHS,
    ROLES,
    arn_of,
    authorize_listing,
    name_key,
    require_no_policies,
    target,
    under_prefix,
)

Members = dict[str, object]


def members(call: Call, role: Role) -> Members:
    """What every answer tells of a role."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": call.account.arn(role),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": trust.shown(call, role),
    }


def _description(role: Role) -> Members:
    return {} if role.description is None else {"Description": role.description}


@operation("iam:CreateRole", "changes")
def create_role(call: Call) -> Members:
    """Make a role. The answer tells less than GetRole's, as on AWS."""
    _authorize_create(call)
    role = _requested_role(call)
    try:
        call.put(role)
    except AlreadyExists:
        raise EntityAlreadyExists(f"Role with name {role.name} already exists.") from None
    quotas.ROLES.require(len(call.account.roles))
    given: Members = {"Tags": as_sent(role.tags)} if role.tags else {}
    return {"Role": members(call, role) | boundary_member(role) | given}


def _authorize_create(call: Call) -> None:
    arn = arn_of(call, "role", call.params["RoleName"], call.params.get("Path", "/"))
    tags = request_tags(call)
    call.authorize(arn, keys=boundary_keys(call) | request_keys(tags))
    if tags:
        call.authorize(arn, action="iam:TagRole", keys=request_keys(tags))


def _requested_role(call: Call) -> Role:
    p = call.params
    path = p.get("Path", "/")
    if path.startswith(RESERVED_PATHS):
        raise InvalidInput(f"The path {path} is reserved for roles of services.")
    return Role(
        call.new_id("AROA"),
        p["RoleName"],
        path,
        call.now,
        trust=p["AssumeRolePolicyDocument"],
        trust_ids=_checked_trust(call, p["AssumeRolePolicyDocument"]),
        description=p.get("Description") or None,
        max_session_duration=p.get("MaxSessionDuration", 3600),
        tags=merged((), request_tags(call), WITHOUT_CASE),
        boundary=requested_boundary(call),
    )


def _checked_trust(call: Call, document: str) -> tuple[tuple[str, str], ...]:
    policy = check_trust(document, call.ports.shared_issuers)
    check_trust_size(document)  # before it is bound: every principal may cost the reading of an account
    return trust.bind(call, policy)


@operation("iam:GetRole", "reads", reads_store=True)
def get_role(call: Call) -> Members:
    """All there is to know of a role, its policies apart."""
    role = target(call, ROLES)
    tags: Members = {"Tags": in_order(role.tags, WITHOUT_CASE)} if role.tags else {}
    more: Members = {"MaxSessionDuration": role.max_session_duration, "RoleLastUsed": last_used(call, role)}
    return {"Role": members(call, role) | _description(role) | boundary_member(role) | more | tags}


def last_used(call: Call, role: Role) -> Members:
    """When and where a session of ``role`` last asked for anything; empty when none ever did."""
    use = call.ports.last_used.find(call.account.id, role.id)
    return {} if use is None else {"LastUsedDate": use.at, "Region": use.region}


@operation("iam:ListRoles", "reads")
def list_roles(call: Call) -> Members:
    """Roles under a path prefix, by name; without tags, boundary and last use."""
    authorize_listing(call, "role")
    return page(call, Listing("Roles", under_prefix(call, ROLES), name_key, lambda role: _listed(call, role)))


def _listed(call: Call, role: Role) -> Members:
    return members(call, role) | _description(role) | {"MaxSessionDuration": role.max_session_duration}


@operation("iam:UpdateRole", "changes")
def update_role(call: Call) -> Members:
    """Change description or longest session; what is not given stays. Running sessions are not shortened."""
    role = target(call, ROLES)
    description = call.params.get("Description", role.description) or None
    duration = call.params.get("MaxSessionDuration", role.max_session_duration)
    call.put(replace(role, description=description, max_session_duration=duration))
    return {}


@operation("iam:UpdateRoleDescription", "changes")
def update_role_description(call: Call) -> Members:
    """Change the description; the older form of UpdateRole."""
    role = replace(target(call, ROLES), description=call.params["Description"] or None)
    call.put(role)
    return {"Role": members(call, role) | _description(role)}


@operation("iam:UpdateAssumeRolePolicy", "changes")
def update_assume_role_policy(call: Call) -> None:
    """Replace the trust policy. Sessions that are out already are not affected."""
    role, document = target(call, ROLES), call.params["PolicyDocument"]
    call.put(replace(role, trust=document, trust_ids=_checked_trust(call, document)))


@operation("iam:DeleteRole", "changes")
def delete_role(call: Call) -> None:
    """Delete a role that has no policies left; its sessions end with it."""
    role = target(call, ROLES)
    require_no_policies(role)
    call.delete(role)


@operation("iam:ListInstanceProfilesForRole", "reads")
def list_instance_profiles_for_role(call: Call) -> Members:
    """No instance profiles: there are none yet."""
    target(call, ROLES)
    return page(call, Listing("InstanceProfiles", (), str, str))
