"""``daypass issuer``: the keys that sign web identity tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daypass.cli.options import data_option, example, json_option, print_json, time_text

if TYPE_CHECKING:
    from daypass.app import Daypass


@click.group("issuer", epilog=example("daypass issuer list", "daypass issuer rotate"))
@data_option
def command() -> None:
    """Show and rotate the keys that sign web identity tokens.

    An account has them from its first `aws iam enable-outbound-web-identity-federation` on.
    """


@command.command("list", epilog=example("daypass issuer list --json"))
@click.option("--account", metavar="ID", help="Account id; default: the first account.")
@data_option
@json_option
def list_keys(account: str | None, as_json: bool) -> None:
    """List an issuer's keys: id, algorithm, state, since when, until when. No private half ever leaves the daypass."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        rows = _rows(daypass, hosted(daypass, account))
    _show(rows, as_json=as_json)


@command.command("rotate", epilog=example("daypass issuer rotate", "daypass issuer rotate --at-once"))
@click.option("--account", metavar="ID", help="Account id; default: the first account.")
@click.option("--at-once", is_flag=True, help="Replace all keys now: for keys that somebody else may have.")
@data_option
@json_option
def rotate(account: str | None, at_once: bool, as_json: bool) -> None:
    """Publish new keys; they sign two hours later, when every copy of the key set has them.

    Tokens that the old keys signed stay valid until they expire; with --at-once they end as soon as those who verify
    them read the key set again, within an hour.
    """
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        period = daypass.settings.issuer_key_seconds
        daypass.operator(
            "daypass:RotateIssuerKeys",
            {"OnDemand": True, "AtOnce": at_once, "Period": period},
            hosted(daypass, account),
        )
        rows = _rows(daypass, hosted(daypass, account))
    _show(rows, as_json=as_json)


def _rows(daypass: Daypass, account: str) -> list[dict[str, str | None]]:
    snapshot = daypass.storage.directory.load(account)
    issuer = snapshot.issuer if snapshot else None
    return [
        {
            "Id": key.id,
            "Algorithm": key.algorithm,
            "State": key.state,
            "Created": time_text(key.created),
            "ActiveFrom": time_text(key.active_from),
            "NotAfter": None if key.not_after is None else time_text(key.not_after),
        }
        for key in (issuer.keys if issuer else ())
    ]


def _show(rows: list[dict[str, str | None]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    for row in rows:
        until = f"  published until {row['NotAfter']}" if row["NotAfter"] else ""
        click.echo(f"{row['Id']:<7} {row['Algorithm']}  {row['State']:<9}  from {row['ActiveFrom']}{until}")
