"""``daypass account``: the accounts of one daypass, and its organization."""

from __future__ import annotations

import click

from daypass.cli.account import control_policies, organization
from daypass.cli.options import (
    account_option,
    data_option,
    example,
    json_option,
    print_json,
)


@click.group("account", epilog=example("daypass account create team-a", "daypass account list"))
@data_option
def command() -> None:
    """Make and list accounts; put them into an organization and cut what they may."""


for _more in (
    organization.organization,
    organization.unit,
    organization.move,
    organization.leave,
    organization.show_tree,
    control_policies.group("scp"),
    control_policies.group("rcp"),
):
    command.add_command(_more)


@command.command("create", epilog=example("daypass account create team-a", 'eval "$(daypass env --account ID)"'))
@click.argument("name")
@data_option
@account_option
@json_option
def create(name: str, account: str | None, as_json: bool) -> None:
    """Make the account NAME with a user `admin` and its key.

    The key is printed and kept as profile NAME in DATA/credentials. With --account the id is not a random one.
    """
    from daypass.adapters.credentials_file import DEFAULT, is_profile
    from daypass.cli.opened import opened, show_key

    if not is_profile(name) or name == DEFAULT:
        raise click.BadParameter(f"`{name}`: letters, digits and . _ @ + = , - and not `{DEFAULT}`", param_hint="NAME")
    with opened() as daypass:
        made = dict(daypass.create_account(name, account))
    facts = {"AccountId": made["AccountId"], "AccountName": name}
    facts |= {member: made[member] for member in ("UserName", "AccessKeyId", "SecretAccessKey")}
    show_key(facts, name, as_json=as_json)


@command.command("list", epilog=example("daypass account list --json"))
@data_option
@json_option
def list_accounts(as_json: bool) -> None:
    """List the accounts: id, name, alias, when made."""
    from daypass.cli.opened import opened

    rows = []
    with opened() as daypass:
        directory = daypass.storage.directory
        for account_id in directory.ids():
            snapshot = directory.load(account_id)
            if snapshot is not None:
                account = snapshot.account
                is_first = account.id == daypass.default_account
                rows.append({"AccountId": account.id, "Name": account.name, "Alias": account.alias, "First": is_first})
    if as_json:
        print_json(rows)
        return
    for row in rows:
        marks = [str(row["Alias"])] if row["Alias"] else []
        marks += ["(first)"] if row["First"] else []
        click.echo("  ".join([str(row["AccountId"]), str(row["Name"]), *marks]))
