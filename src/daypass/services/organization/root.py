"""CreateOrganization, DeleteOrganization: the organization itself."""

from __future__ import annotations

from daypass.entities import Organization
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.services.accounts import require_operator
from daypass.services.organization.present import fresh_id, tree_of
from daypass.services.organization.refusals import AlreadyInOrganization, OrganizationNotEmpty


@operation("daypass:CreateOrganization", "changes")
def create_organization(call: Call) -> dict[str, object]:
    """Make the organization, with the operator's account as management account. All accounts stand in its root."""
    require_operator(call)
    if call.account.membership is not None or call.account.organizations:
        raise AlreadyInOrganization("This daypass has an organization already.")
    made = Organization(fresh_id(call, "o-", 10), fresh_id(call, "r-", 4), call.now)
    try:
        call.put(made)
    except AlreadyExists as error:
        raise AlreadyInOrganization("This daypass has an organization already.") from error
    return {"OrganizationId": made.id, "RootId": made.root, "ManagementAccountId": call.account.id}


@operation("daypass:DeleteOrganization", "changes")
def delete_organization(call: Call) -> dict[str, object]:
    """Take the organization away. Its units and policies must be gone, so that nothing is lost by a slip."""
    tree = tree_of(call)
    if tree.organization.units or tree.policies:
        raise OrganizationNotEmpty("Delete its units and policies first.")
    call.delete(tree.organization)
    return {"OrganizationId": tree.organization.id}
