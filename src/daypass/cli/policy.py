"""``daypass policy``: policies looked at before they bear on anything. One module a command: ``policy_NAME``."""

from __future__ import annotations

from importlib import import_module

import click

from daypass.cli.options import data_option, example

_COMMANDS = {"check": "daypass.cli.policy_check", "test": "daypass.cli.policy_test"}


class _Lazy(click.Group):
    """Imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None when there is no such command."""
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(_COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


@click.group("policy", cls=_Lazy, epilog=example("daypass policy check policy.json", "daypass policy test cases.json"))
@data_option
def command() -> None:
    """Check policies before you attach them, and test what they decide."""
