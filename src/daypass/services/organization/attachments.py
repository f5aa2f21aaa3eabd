"""AttachPolicy, DetachPolicy: where control policies hang."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import ControlPolicy, ControlType
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.organization import FULL_ACCESS, Tree, with_attached
from daypass.services.organization.control_policies import control_type
from daypass.services.organization.present import find_policy, find_target, save, tree_of
from daypass.services.organization.refusals import (
    Constraint,
    DuplicateAttachment,
    NotAttached,
    PolicyChangesNotAllowed,
    TypeNotEnabled,
)

MOST_ATTACHED: dict[ControlType, int] = {"scp": 10, "rcp": 5}
"""Policies of a type on one root, unit or account, AWS's own included (AWS Organizations User Guide, "Quotas")."""


@operation("daypass:AttachPolicy", "changes")
def attach(call: Call) -> dict[str, object]:
    """Hang ``Policy`` on ``Target``: the root, a unit or an account, and all that is below it."""
    tree, kind = tree_of(call), control_type(call)
    if kind not in tree.organization.types:
        raise TypeNotEnabled(f"Policies of this type are off: daypass account {kind} enable")
    policy, target = (
        find_policy(tree, kind, str(call.params["Policy"])),
        find_target(call, tree, str(call.params["Target"])),
    )
    present = tree.attached(kind, target)
    if policy.id in present:
        raise DuplicateAttachment(f"{policy.name} is attached to {target} already.")
    if len(present) >= MOST_ATTACHED[kind]:
        message = f"{MOST_ATTACHED[kind]} policies of this type hang on {target} already."
        raise Constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message)
    return _attach(call, tree, policy, target, (*present, policy.id))


@operation("daypass:DetachPolicy", "changes")
def detach(call: Call) -> dict[str, object]:
    """Take ``Policy`` from ``Target``. One SCP always stays, and RCPFullAWSAccess does everywhere."""
    tree, kind = tree_of(call), control_type(call)
    policy, target = (
        find_policy(tree, kind, str(call.params["Policy"])),
        find_target(call, tree, str(call.params["Target"])),
    )
    present = tree.attached(kind, target)
    if policy.id not in present:
        raise NotAttached(f"{policy.name} is not attached to {target}.")
    if policy == FULL_ACCESS["rcp"]:
        raise PolicyChangesNotAllowed(f"{policy.name} cannot be detached.")
    if present == (policy.id,):
        message = f"{policy.name} is the last on {target}: attach another before, else nobody there could do anything."
        raise Constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message)
    return _attach(call, tree, policy, target, tuple(one for one in present if one != policy.id))


def _attach(call: Call, tree: Tree, policy: ControlPolicy, target: str, ids: tuple[str, ...]) -> dict[str, object]:
    organization = tree.organization
    if policy.type == "scp":
        save(call, replace(organization, scps=with_attached(organization.scps, target, ids, "scp")))
    else:
        save(call, replace(organization, rcps=with_attached(organization.rcps, target, ids, "rcp")))
    return {"PolicyId": policy.id, "Name": policy.name, "TargetId": target}
