"""``daypass keyring``: the keys that seal session tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daypass.cli.options import data_option, example, json_option, print_json, time_text

if TYPE_CHECKING:
    from daypass.sessions.keyring import Keyring


@click.group("keyring", epilog=example("daypass keyring list", "daypass keyring rotate"))
@data_option
def command() -> None:
    """Show and rotate the keys that seal session tokens."""


@command.command("list", epilog=example("daypass keyring list --json"))
@data_option
@json_option
def list_keys(as_json: bool) -> None:
    """List the sealing keys: id, state, since when, until when. Their material never leaves the daypass."""
    from daypass.cli.opened import opened

    with opened() as daypass:
        ring = daypass.keys.ring()
    _show(ring, as_json=as_json)


@command.command("rotate", epilog=example("daypass keyring rotate"))
@data_option
@json_option
def rotate(as_json: bool) -> None:
    """Announce a new sealing key; it takes over a few minutes later, when every node knows it.

    Tokens that the old key sealed stay valid until they expire. To end sessions, revoke them.
    """
    from daypass.cli.opened import opened

    with opened() as daypass:
        daypass.operator("daypass:RotateSealingKey", {})
        ring = daypass.keys.ring()
    _show(ring, as_json=as_json)


def _show(ring: Keyring, *, as_json: bool) -> None:
    rows = [
        {
            "Id": key.id,
            "State": key.state,
            "Created": time_text(key.created),
            "ActiveFrom": time_text(key.active_from),
            "NotAfter": None if key.not_after is None else time_text(key.not_after),
        }
        for key in sorted(ring.keys, key=lambda key: (key.active_from, key.id))
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        until = f"  opens until {row['NotAfter']}" if row["NotAfter"] else ""
        click.echo(f"{row['Id']}  {row['State']:<9}  from {row['ActiveFrom']}{until}")
