"""Permissions boundaries: the managed policy that caps a user or role (IAM User Guide, "Permissions boundaries")."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Role, User
from daypass.errors import InvalidInput, NoSuchEntity
from daypass.operations.authorize import find_policy
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.iam.arns import is_policy_arn, require_attachable
from daypass.services.iam.tags import Keys
from daypass.services.iam.targets import ROLES, USERS, Kind, Principal, target


# INVARIANT: 2. whoever may do something under a certain boundary only cannot do it under another or without one.
#   tests/security/test_delegation.py::test_no_series_of_attempts_leads_out
def boundary_keys(call: Call) -> Keys:
    """``iam:PermissionsBoundary`` of a request that sets one; absent when it does not."""
    return (
        {"iam:PermissionsBoundary": call.params["PermissionsBoundary"]} if "PermissionsBoundary" in call.params else {}
    )


def requested_boundary(call: Call) -> str | None:
    """The boundary that the call sets, or None when it brings none.

    Raises:
        InvalidInput: no ARN of a managed policy.
        NoSuchEntity: there is no such policy in the account or among AWS's.
        PolicyNotAttachable: it is one for roles of services.
    """
    arn: str | None = call.params.get("PermissionsBoundary")
    if arn is None:
        return None
    if not is_policy_arn(arn):
        raise InvalidInput(f"ARN {arn} is not valid.")
    policy = find_policy(arn, call.account)
    if policy is None:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    require_attachable(policy, "role" if "RoleName" in call.params else "user")
    return arn


def boundary_member(entity: User | Role) -> dict[str, object]:
    """The ``PermissionsBoundary`` member of an answer, when there is one.

    Its type is ``Policy`` on AWS's wire, although the service model lists another word.
    """
    if entity.boundary is None:
        return {}
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": entity.boundary}}


@operation("iam:PutUserPermissionsBoundary", "changes")
def put_user_permissions_boundary(call: Call) -> None:
    """Set or replace a user's boundary."""
    _put(call, USERS)


@operation("iam:PutRolePermissionsBoundary", "changes")
def put_role_permissions_boundary(call: Call) -> None:
    """Set or replace a role's boundary; it binds running sessions at once."""
    _put(call, ROLES)


@operation("iam:DeleteUserPermissionsBoundary", "changes")
def delete_user_permissions_boundary(call: Call) -> None:
    """Take a user's boundary away."""
    _delete(call, USERS)


@operation("iam:DeleteRolePermissionsBoundary", "changes")
def delete_role_permissions_boundary(call: Call) -> None:
    """Take a role's boundary away."""
    _delete(call, ROLES)


def _put(call: Call, kind: Kind[Principal]) -> None:
    entity = target(call, kind, boundary_keys(call))
    call.put(replace(entity, boundary=requested_boundary(call)))


def _delete(call: Call, kind: Kind[Principal]) -> None:
    entity = target(call, kind)
    if entity.boundary is None:
        raise NoSuchEntity(f"The {kind.word} with name {entity.name} does not have a permissions boundary.")
    call.put(replace(entity, boundary=None))
