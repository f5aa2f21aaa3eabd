"""EnablePolicyType, DisablePolicyType: whether a type of control policy has any effect."""

from __future__ import annotations

from dataclasses import replace

from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.organization.control_policies import control_type
from daypass.services.organization.present import save, tree_of
from daypass.services.organization.refusals import TypeAlreadyEnabled, TypeNotEnabled


@operation("daypass:EnablePolicyType", "changes")
def enable(call: Call) -> dict[str, object]:
    """Let policies of ``Type`` act. What was attached before they were turned off acts again."""
    tree, kind = tree_of(call), control_type(call)
    organization = tree.organization
    if kind in organization.types:
        raise TypeAlreadyEnabled("Policies of this type are on already.")
    save(call, replace(organization, types=(*organization.types, kind)))
    return {"Type": kind, "Status": "enabled"}


@operation("daypass:DisablePolicyType", "changes")
def disable(call: Call) -> dict[str, object]:
    """Let policies of ``Type`` have no effect, wherever they hang. They stay attached."""
    tree, kind = tree_of(call), control_type(call)
    organization = tree.organization
    if kind not in organization.types:
        raise TypeNotEnabled("Policies of this type are off already.")
    save(call, replace(organization, types=tuple(one for one in organization.types if one != kind)))
    return {"Type": kind, "Status": "disabled"}
