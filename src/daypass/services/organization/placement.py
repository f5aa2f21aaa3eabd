"""MoveAccount, RemoveAccountFromOrganization: where accounts stand."""

from __future__ import annotations

from dataclasses import replace

from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.organization import Tree
from daypass.services.organization.present import find_account, find_place, save, tree_of
from daypass.services.organization.refusals import AccountNotFound, DuplicateAccount, ManagementCannotLeave


@operation("daypass:MoveAccount", "changes")
def move_account(call: Call) -> dict[str, object]:
    """Put ``AccountId`` into the root or unit ``Destination``. An account that has left comes back so."""
    tree = tree_of(call)
    account, place = (
        find_account(call, str(call.params["AccountId"])),
        find_place(tree, str(call.params["Destination"])),
    )
    if tree.place(account) == place:
        raise DuplicateAccount(f"Account {account} stands there already.")
    _place(call, tree, account, place)
    return {"AccountId": account, "ParentId": place}


@operation("daypass:RemoveAccountFromOrganization", "changes")
def remove_account(call: Call) -> dict[str, object]:
    """Take ``AccountId`` out of the organization. What was attached to the account itself waits for its return."""
    tree = tree_of(call)
    account = find_account(call, str(call.params["AccountId"]))
    if account == tree.management:
        raise ManagementCannotLeave("The management account stays as long as the organization does.")
    if tree.place(account) is None:
        raise AccountNotFound(f"Account {account} is outside the organization.")
    _place(call, tree, account, "")
    return {"AccountId": account}


def _place(call: Call, tree: Tree, account: str, place: str) -> None:
    organization = tree.organization
    placements = dict(organization.placements) | {account: place}
    if place == organization.root:
        del placements[account]
    save(call, replace(organization, placements=tuple(sorted(placements.items()))))
