"""``daypass config``: the settings in force and where each comes from."""

from __future__ import annotations

import os

import click

from daypass.cli.options import data_directory, data_option, example, json_option, print_json


@click.command("config", epilog=example("daypass config", "DAYPASS_WORKERS=4 daypass config --json"))
@data_option
@json_option
@click.option("--explain", is_flag=True, help="Say what each setting means and takes.")
def command(as_json: bool, explain: bool) -> None:
    """Show the settings in force and where each comes from. Passwords are hidden.

    A value is taken from the first that has one: an option of `daypass up`, the environment (DAYPASS_ and the name in
    capitals), the file daypass.toml in the data directory, the default. Whatever is not understood is an error.
    """
    from daypass.settings import describe, load

    data = data_directory()
    if explain:
        for setting in describe():
            click.echo(f"{setting.name} ({setting.kind}; default {_shown(setting.default)})\n    {setting.meaning}")
        return
    rows = list(load(data, os.environ, {}).shown())
    if as_json:
        print_json({"data": str(data), "settings": {name: {"value": v, "source": s} for name, v, s in rows}})
        return
    click.echo(f"# {data}")
    widths = max(len(name) for name, _, _ in rows), max(len(_shown(value)) for _, value, _ in rows)
    for name, value, source in rows:
        click.echo(f"{name:<{widths[0]}} = {_shown(value):<{widths[1]}}  # {source}")


def _shown(value: object) -> str:
    """As it would stand in ``daypass.toml``; a setting that is left out is a blank."""
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
