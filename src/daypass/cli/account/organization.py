"""``daypass account organization``, ``unit``, ``move``, ``leave``, ``tree``: one organization for all accounts here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from daypass.cli.options import data_option, example, json_option, print_facts, print_json

if TYPE_CHECKING:
    from daypass.app import Daypass
    from daypass.organization import Tree


def change(operation: str, **params: object) -> Mapping[str, Any]:
    """Run one operation on the organization.

    Raises:
        CommandError: there is no organization.
        ServiceError: the operation refused.
    """
    from daypass.cli.opened import opened

    with opened() as daypass:
        return daypass.operator(f"daypass:{operation}", params, tree_of(daypass).management)


def tree_of(daypass: Daypass) -> Tree:
    """The organization.

    Raises:
        CommandError: there is none.
    """
    from daypass.cli.problems import CommandError

    tree = daypass.storage.directory.tree
    if tree is None:
        raise CommandError("there is no organization yet", "make it: daypass account organization create")
    return tree


def told(facts: Mapping[str, Any], as_json: bool) -> None:
    """Print what an operation answered."""
    print_json(facts) if as_json else print_facts(dict(facts))


# ── the organization ─────────────────────────────────────────────────────────────────────────────────


@click.group("organization", epilog=example("daypass account organization create"))
@data_option
def organization() -> None:
    """Make and delete the organization of this daypass."""


@organization.command("create", epilog=example("daypass account organization create"))
@data_option
@json_option
def create_organization(as_json: bool) -> None:
    """Make the organization; the first account is its management account.

    All accounts, also later ones, stand in its root. Control policies never restrict the management account.
    """
    from daypass.cli.opened import opened

    with opened() as daypass:
        facts = daypass.operator("daypass:CreateOrganization", {})
    told(facts, as_json)


@organization.command("delete", epilog=example("daypass account organization delete"))
@data_option
@json_option
def delete_organization(as_json: bool) -> None:
    """Delete the organization, once its units and policies are gone."""
    told(change("DeleteOrganization"), as_json)


# ── units and who stands in them ─────────────────────────────────────────────────────────────────────


@click.group("unit", epilog=example("daypass account unit create workloads"))
@data_option
def unit() -> None:
    """Make, rename and delete organizational units.

    A unit is named by its id, by its name, or by its path from the root: workloads/prod.
    """


@unit.command("create", epilog=example("daypass account unit create prod --parent workloads"))
@click.argument("name")
@click.option("--parent", metavar="UNIT", default="root", help="The unit to make it in. Default: the root.")
@data_option
@json_option
def create_unit(name: str, parent: str, as_json: bool) -> None:
    """Make the unit NAME."""
    told(change("CreateOrganizationalUnit", Name=name, Parent=parent), as_json)


@unit.command("rename", epilog=example("daypass account unit rename prod production"))
@click.argument("unit_", metavar="UNIT")
@click.argument("name")
@data_option
@json_option
def rename_unit(unit_: str, name: str, as_json: bool) -> None:
    """Call UNIT by another NAME; its id stays."""
    told(change("UpdateOrganizationalUnit", Unit=unit_, Name=name), as_json)


@unit.command("delete", epilog=example("daypass account unit delete workloads/prod"))
@click.argument("unit_", metavar="UNIT")
@data_option
@json_option
def delete_unit(unit_: str, as_json: bool) -> None:
    """Delete UNIT, in which no account and no unit may be left."""
    told(change("DeleteOrganizationalUnit", Unit=unit_), as_json)


@click.command("move", epilog=example("daypass account move 111122223333 --to workloads/prod"))
@click.argument("account")
@click.option("--to", "place", metavar="UNIT", required=True, help="A unit, or `root`.")
@data_option
@json_option
def move(account: str, place: str, as_json: bool) -> None:
    """Put ACCOUNT into a unit or the root; one that has left comes back."""
    told(change("MoveAccount", AccountId=account, Destination=place), as_json)


@click.command("leave", epilog=example("daypass account leave 111122223333"))
@click.argument("account")
@data_option
@json_option
def leave(account: str, as_json: bool) -> None:
    """Take ACCOUNT out of the organization; nothing of it restricts the account any more."""
    told(change("RemoveAccountFromOrganization", AccountId=account), as_json)


# ── the tree ─────────────────────────────────────────────────────────────────────────────────────────


@click.command("tree", epilog=example("daypass account tree", "daypass account tree --json"))
@data_option
@json_option
def show_tree(as_json: bool) -> None:
    """Show units, accounts and what is attached to them; of policies only what is not everywhere."""
    from daypass.cli.opened import opened

    with opened() as daypass:
        tree, names = tree_of(daypass), _names(daypass)
    shown = _described(tree, names)
    if as_json:
        print_json(shown)
        return
    types = [kind.upper() for kind in ("scp", "rcp") if kind not in tree.organization.types]
    click.echo(f"{shown['OrganizationId']}{''.join(f'  ({kind}s are off)' for kind in types)}")
    for line in _lines(shown["Root"], 0):
        click.echo(line)
    for account in shown["Outside"]:
        click.echo(f"outside: {account['AccountId']}  {account['Name']}")


def _names(daypass: Daypass) -> dict[str, str]:
    directory = daypass.storage.directory
    found = ((account, directory.load(account)) for account in directory.ids())
    return {account: snapshot.account.name for account, snapshot in found if snapshot is not None}


def _described(tree: Tree, names: Mapping[str, str]) -> dict[str, Any]:
    """The whole organization as plain values."""
    accounts: dict[str | None, list[dict[str, Any]]] = {}
    for account, name in names.items():
        facts = {"AccountId": account, "Name": name, "Management": account == tree.management}
        place = tree.place(account)
        accounts.setdefault(place, []).append(facts | (_attached(tree, account) if place else {}))
    return {
        "OrganizationId": tree.organization.id,
        "ManagementAccountId": tree.management,
        "PolicyTypes": list(tree.organization.types),
        "Root": _place(tree, tree.organization.root, "root", accounts),
        "Outside": accounts.get(None, []),
    }


def _place(tree: Tree, place: str, name: str, accounts: Mapping[str | None, list[dict[str, Any]]]) -> dict[str, Any]:
    units = [_place(tree, unit.id, unit.name, accounts) for unit in tree.units.values() if unit.parent == place]
    inside = {"Accounts": accounts.get(place, []), "Units": sorted(units, key=lambda unit: str(unit["Name"]))}
    return {"Id": place, "Name": name, **_attached(tree, place), **inside}


def _attached(tree: Tree, target: str) -> dict[str, Any]:
    from daypass.organization import FULL_ACCESS

    known = {policy.id: policy.name for policy in (*FULL_ACCESS.values(), *tree.policies.values())}
    return {
        "Scps": [known.get(one, one) for one in tree.attached("scp", target)],
        "Rcps": [known.get(one, one) for one in tree.attached("rcp", target)],
    }


def _lines(place: Mapping[str, Any], depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}{place['Name']}  {place['Id']}{_policies(place)}"
    for account in place["Accounts"]:
        mark = "  (management)" if account["Management"] else ""
        yield f"{'  ' * (depth + 1)}{account['AccountId']}  {account['Name']}{mark}{_policies(account)}"
    for below in place["Units"]:
        yield from _lines(below, depth + 1)


def _policies(target: Mapping[str, Any]) -> str:
    parts = []
    if target["Scps"] != ["FullAWSAccess"]:
        parts.append(f"  scp: {', '.join(target['Scps'])}")
    if target["Rcps"] != ["RCPFullAWSAccess"]:
        parts.append(f"  rcp: {', '.join(target['Rcps'])}")
    return "".join(parts)
