"""``daypass key``: access keys of users, for whoever holds the data directory; a lost admin key comes back here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from daypass.cli.options import (
    account_option,
    data_option,
    example,
    json_option,
    print_json,
    time_text,
)


@click.group("key", epilog=example("daypass key create --user admin --save"))
@data_option
def command() -> None:
    """Make, list and delete access keys of a user."""


_user_option = click.option("--user", metavar="NAME", required=True, help="The user's name.")


@command.command(
    "create", epilog=example("daypass key create --user admin --save", "daypass key create --user ci --json")
)
@_user_option
@account_option
@click.option("--save", is_flag=True, help="Keep it in DATA/credentials, where `daypass env` finds it.")
@data_option
@json_option
def create(user: str, account: str | None, save: bool, as_json: bool) -> None:
    """Make an access key of a user; the secret is printed now and never again."""
    from daypass.adapters.credentials_file import DEFAULT
    from daypass.cli.opened import hosted, opened, show_key

    with opened() as daypass:
        account = hosted(daypass, account)
        key: Mapping[str, Any] = daypass.operator("iam:CreateAccessKey", {"UserName": user}, account)["AccessKey"]
        first = account == daypass.default_account
        snapshot = daypass.storage.directory.load(account)
    facts = {name: key[name] for name in ("UserName", "AccessKeyId", "SecretAccessKey")}
    profile = DEFAULT if first or snapshot is None else snapshot.account.name
    show_key(facts, profile if save else None, as_json=as_json)


@command.command("list", epilog=example("daypass key list --user admin"))
@_user_option
@account_option
@data_option
@json_option
def list_keys(user: str, account: str | None, as_json: bool) -> None:
    """List the access keys of a user, without secrets."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        keys = daypass.operator("iam:ListAccessKeys", {"UserName": user}, hosted(daypass, account))["AccessKeyMetadata"]
    rows = [dict(key) | {"CreateDate": _shown(key["CreateDate"])} for key in keys]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['AccessKeyId']}  {row['Status']:<8}  {row['CreateDate']}")


@command.command("delete", epilog=example("daypass key delete AKIA… --user admin"))
@click.argument("access_key_id")
@_user_option
@account_option
@data_option
def delete(access_key_id: str, user: str, account: str | None) -> None:
    """Delete an access key of a user; it never works again."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        named = {"UserName": user, "AccessKeyId": access_key_id}
        daypass.operator("iam:DeleteAccessKey", named, hosted(daypass, account))
    click.echo(f"deleted {access_key_id}")


def _shown(epoch: object) -> object:
    return time_text(epoch) if isinstance(epoch, int | float) else epoch
