"""``daypass version``."""

from __future__ import annotations

import click

from daypass.cli.options import example, json_option, print_json


@click.command("version", epilog=example("daypass version --json"))
@json_option
def command(as_json: bool) -> None:
    """Print the version of daypass and of the Python that runs it."""
    import platform
    from importlib.metadata import version

    facts = {"daypass": version("daypass"), "python": platform.python_version()}
    if as_json:
        print_json(facts)
    else:
        click.echo(" ".join(f"{name} {value}" for name, value in facts.items()))
