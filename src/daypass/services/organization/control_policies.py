"""PutControlPolicy, DeleteControlPolicy: the texts of service and resource control policies."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import ControlPolicy, ControlType
from daypass.errors import MalformedPolicyDocument
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.organization import FULL_ACCESS, Tree
from daypass.policy import Kind, check_document
from daypass.services.organization.present import find_policy, fresh_id, name_of, tree_of
from daypass.services.organization.refusals import (
    Constraint,
    InvalidInput,
    MalformedPolicy,
    PolicyChangesNotAllowed,
    PolicyInUse,
)

LARGEST: dict[ControlType, int] = {"scp": 10_240, "rcp": 5_120}
"""Characters of a policy, white space included (AWS Organizations User Guide, "Quotas")."""

MOST_POLICIES = 1_000
"""Policies of one type in an organization."""

LONGEST_DESCRIPTION = 512
_KINDS: dict[ControlType, Kind] = {"scp": Kind.SCP, "rcp": Kind.RCP}


def control_type(call: Call) -> ControlType:
    """The type of policy that the call is about."""
    kind = call.params["Type"]
    if kind not in FULL_ACCESS:
        raise InvalidInput("A control policy is an scp or an rcp.")
    found: ControlType = kind
    return found


@operation("daypass:PutControlPolicy", "changes")
def put_policy(call: Call) -> dict[str, object]:
    """Make the policy ``Name`` with the text ``Content``, or give it this text if it exists; it acts where it hangs.

    Raises:
        MalformedPolicy: the text is no policy of this type.
    """
    tree, kind = tree_of(call), control_type(call)
    name, content = name_of(str(call.params["Name"]), "policy"), str(call.params["Content"])
    description = str(call.params.get("Description") or "")
    if name == FULL_ACCESS[kind].name:
        raise PolicyChangesNotAllowed(f"{name} is AWS's own policy.")
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidInput(f"A description has {LONGEST_DESCRIPTION} characters at most.")
    if len(content) > LARGEST[kind]:
        message = f"The policy has {len(content)} characters, white space included; {LARGEST[kind]} are allowed."
        raise Constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message)
    _check(content, kind)
    policy = _changed(call, tree, kind, name, content)
    call.put(replace(policy, description=description) if description else policy)
    return {"PolicyId": policy.id, "Name": name, "Type": kind}


def _check(content: str, kind: ControlType) -> None:
    """AWS's message, and after it what is wrong: the operator may know."""
    try:
        check_document(content, _KINDS[kind])
    except MalformedPolicyDocument as fault:
        raise MalformedPolicy(f"{fault.message} ({fault.detail})") from fault


def _changed(call: Call, tree: Tree, kind: ControlType, name: str, content: str) -> ControlPolicy:
    same_type = [policy for policy in tree.policies.values() if policy.type == kind]
    present = next((policy for policy in same_type if policy.name == name), None)
    if present is not None:
        return replace(present, document=content, updated=call.now)
    if len(same_type) >= MOST_POLICIES:
        raise Constraint("POLICY_NUMBER_LIMIT_EXCEEDED", f"There are {MOST_POLICIES} policies of a type at most.")
    return ControlPolicy(fresh_id(call, "p-", 8), kind, name, content, call.now, call.now)


@operation("daypass:DeleteControlPolicy", "changes")
def delete_policy(call: Call) -> dict[str, object]:
    """Take ``Policy`` away; it must not be attached anywhere."""
    tree, kind = tree_of(call), control_type(call)
    policy = find_policy(tree, kind, str(call.params["Policy"]))
    if policy == FULL_ACCESS[kind]:
        raise PolicyChangesNotAllowed(f"{policy.name} is AWS's own policy.")
    organization = tree.organization
    targets = [target for target, ids in (*organization.scps, *organization.rcps) if policy.id in ids]
    if targets:
        raise PolicyInUse(f"It is attached to {', '.join(targets[:5])}; detach it first.")
    call.delete(policy)
    return {"PolicyId": policy.id, "Name": policy.name, "Type": kind}
