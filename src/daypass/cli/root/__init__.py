"""``daypass root``: access keys and second factors of an account's root user, which has none at first."""

from __future__ import annotations

import click

from daypass.cli.options import (
    account_option,
    data_option,
    example,
    json_option,
    print_json,
)
from daypass.cli.root import mfa


@click.group("root", epilog=example("daypass root enable --account 111122223333", "daypass root disable"))
@data_option
def command() -> None:
    """Make and remove root credentials of an account, and its second factors."""


command.add_command(mfa.command)


@command.command("enable", epilog=example("daypass root enable --account 111122223333 --save root-a"))
@account_option
@click.option("--save", "profile", metavar="PROFILE", help="Keep it as this profile in DATA/credentials.")
@data_option
@json_option
def enable(account: str | None, profile: str | None, as_json: bool) -> None:
    """Make an access key of the account's root user; the secret is printed now and never again.

    Needs the setting `root_credentials = true`: nothing can be denied to root within its account.
    """
    from daypass.adapters.credentials_file import is_profile
    from daypass.cli.opened import hosted, opened, show_key
    from daypass.cli.problems import CommandError

    if profile is not None and not is_profile(profile):
        raise click.BadParameter(f"`{profile}`: letters, digits and . _ @ + = , -", param_hint="--save")
    with opened() as daypass:
        if not daypass.settings.root_credentials:
            advice = (
                "set root_credentials = true in DATA/daypass.toml (or DAYPASS_ROOT_CREDENTIALS=true) for this command"
            )
            raise CommandError("root credentials are off", advice)
        account = hosted(daypass, account)
        key = daypass.operator("daypass:CreateRootAccessKey", {}, account)["AccessKey"]
        facts = {
            "AccountId": account,
            "AccessKeyId": key["AccessKeyId"],
            "SecretAccessKey": key["SecretAccessKey"],
        }
    show_key(facts, profile, as_json=as_json)


@command.command("disable", epilog=example("daypass root disable --account 111122223333"))
@account_option
@data_option
@json_option
def disable(account: str | None, as_json: bool) -> None:
    """Delete all access keys of the account's root user."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        gone = list(daypass.operator("daypass:DeleteRootAccessKeys", {}, hosted(daypass, account))["AccessKeyIds"])
    if as_json:
        print_json({"AccessKeyIds": gone})
    else:
        click.echo("\n".join(f"deleted {key}" for key in gone) or "there was none")
