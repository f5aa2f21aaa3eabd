"""What an organization puts above its accounts, as the engine takes it: control policies, and the keys it brings.

Source: AWS Organizations User Guide, "SCP evaluation" and "RCP evaluation"; IAM User Guide, "AWS global condition
context keys".

Compiled once per snapshot. An account without restrictions costs one look at an attribute.
"""

from __future__ import annotations

from daypass.entities import ControlPolicy, ControlType
from daypass.errors import InternalFailure, Malformed
from daypass.operations.compiled import compiled
from daypass.organization import FULL_ACCESS, Membership
from daypass.policy import Attached, Decision, Kind
from daypass.principals import Caller, Operator, RoleSession
from daypass.snapshot import AccountSnapshot

Levels = tuple[tuple[Attached, ...], ...]

GUARDS = frozenset({"scp", "rcp", "endpoint"})
"""Layers that never grant; what they refuse is no secret of the resource's owner."""

_KINDS: dict[ControlType, Kind] = {"scp": Kind.SCP, "rcp": Kind.RCP}
_PATHS: dict[ControlType, str] = {"scp": "service_control_policy", "rcp": "resource_control_policy"}
_SERVICE_LINKED = "/aws-service-role/"


# INVARIANT: 2. a member account's users, roles and root are cut by its SCPs, what it owns is cut by its RCPs for
#   everybody. tests/story/test_organization.py::test_a_unit_is_cut_at_once_on_every_worker
def control_policies(caller: Caller, snapshot: AccountSnapshot, owner: AccountSnapshot) -> tuple[Levels, Levels]:
    """SCPs of the caller's account ``snapshot`` and RCPs of the account that owns the resource, level by level.

    Neither restricts service-linked roles, nor whoever operates the machine: he could not undo them otherwise.
    """
    principal = caller.principal
    if isinstance(principal, Operator):
        return (), ()
    if isinstance(principal, RoleSession) and principal.role_path.startswith(_SERVICE_LINKED):
        return (), ()
    return _levels("scp", snapshot), _levels("rcp", owner)


def _levels(kind: ControlType, snapshot: AccountSnapshot) -> Levels:
    membership = snapshot.membership
    if membership is None:
        return ()
    stored = membership.scps if kind == "scp" else membership.rcps
    if not stored:
        return ()
    found = snapshot.derived.get(kind)
    if found is None:
        found = snapshot.derived[kind] = tuple(
            tuple(_attached(policy, membership, snapshot) for policy in level) for level in stored
        )
    assert isinstance(found, tuple)
    return found


def _attached(policy: ControlPolicy, membership: Membership, snapshot: AccountSnapshot) -> Attached:
    try:
        found = compiled(policy.document, snapshot, _KINDS[policy.type])
    except Malformed as error:
        raise InternalFailure(detail=f"control policy {policy.id} is attached and cannot be read: {error}") from error
    return Attached(found, policy.name, control_policy_arn(policy, membership, snapshot.partition))


def control_policy_arn(policy: ControlPolicy, membership: Membership, partition: str) -> str:
    """The ARN of a policy of the organization, or of AWS's own."""
    path = f"{_PATHS[policy.type]}/{policy.id}"
    if policy.id == FULL_ACCESS[policy.type].id:
        return f"arn:{partition}:organizations::aws:policy/{path}"
    return f"arn:{partition}:organizations::{membership.management}:policy/{membership.organization}/{path}"


def owner_keys(membership: Membership) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that a resource has because its owner is in an organization; names lower-case."""
    return {"aws:resourceorgid": membership.organization, "aws:resourceorgpaths": (membership.path,)}


def tells_why(decision: Decision, caller: AccountSnapshot, owner: AccountSnapshot) -> bool:
    """Whether a refusal of AssumeRole says why: a guard's does, within one account or organization.

    What a trust policy or the caller's own policies say of a role is not told (see ``assume_role``).
    """
    if decision.layer not in GUARDS:
        return False
    ours, theirs = caller.membership, owner.membership
    joined = ours is not None and theirs is not None and ours.organization == theirs.organization
    return joined or caller.id == owner.id
