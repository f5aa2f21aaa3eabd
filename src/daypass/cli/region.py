"""``daypass region``: where an account issues credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daypass.cli.options import account_option, data_option, example, json_option, print_json

if TYPE_CHECKING:
    from daypass.snapshot import AccountSnapshot


@click.group("region", epilog=example("daypass region list", "daypass region enable af-south-1"))
@data_option
def command() -> None:
    """Show and choose the regions in which an account issues credentials.

    Those that AWS opened since 2019 must be enabled first; the others are active until they are disabled.
    """


@command.command("list", epilog=example("daypass region list --json"))
@account_option
@data_option
@json_option
def list_regions(account: str | None, as_json: bool) -> None:
    """List the regions of the account's partition: whether active, and why."""
    from daypass.cli.opened import hosted_snapshot, opened

    with opened() as daypass:
        rows = _rows(hosted_snapshot(daypass, account), daypass.region)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['Region']:<15} {'active' if row['Active'] else 'inactive':<9} {_WHY[str(row['Default'])]}")


@command.command("enable", epilog=example("daypass region enable af-south-1"))
@click.argument("region")
@account_option
@data_option
@json_option
def enable(region: str, account: str | None, as_json: bool) -> None:
    """Let the account issue credentials in REGION."""
    _change("daypass:EnableRegion", region, account, as_json=as_json)


@command.command("disable", epilog=example("daypass region disable eu-west-3 --account 123456789012"))
@click.argument("region")
@account_option
@data_option
@json_option
def disable(region: str, account: str | None, as_json: bool) -> None:
    """Issue no more credentials of the account in REGION. Those that are out stay good until they expire."""
    _change("daypass:DisableRegion", region, account, as_json=as_json)


_WHY = {"Always": "cannot be disabled", "Active": "by default", "Inactive": "must be enabled first"}


def _rows(snapshot: AccountSnapshot, pinned: str | None) -> list[dict[str, object]]:
    from daypass.activation import ALWAYS, BY_DEFAULT, is_active
    from daypass.regions import REGIONS

    fixed = ALWAYS | {pinned}
    return [
        {
            "Region": region,
            "Active": is_active(snapshot.account, region),
            "Default": "Always" if region in fixed else "Active" if region in BY_DEFAULT else "Inactive",
        }
        for region in sorted({*REGIONS[snapshot.partition], *snapshot.account.opted_in})
    ]


def _change(operation: str, region: str, account: str | None, *, as_json: bool) -> None:
    from daypass.activation import is_active
    from daypass.cli.opened import hosted, hosted_snapshot, opened
    from daypass.regions import REGIONS

    with opened() as daypass:
        account = hosted(daypass, account)
        changed = daypass.operator(operation, {"Region": region}, account)["Changed"]
        snapshot = hosted_snapshot(daypass, account)
    active = is_active(snapshot.account, region)
    if region not in REGIONS[snapshot.partition]:
        click.echo(f"daypass: this version knows of no region {region}; see daypass region list", err=True)
    if as_json:
        print_json({"AccountId": account, "Region": region, "Active": active, "Changed": changed})
    else:
        click.echo(f"{region} {'is now' if changed else 'was'} {'active' if active else 'inactive'} in {account}")
