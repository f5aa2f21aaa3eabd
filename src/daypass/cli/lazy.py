"""Groups of commands that are imported when they are used, so that ``--help`` and the quick commands are quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose command ``NAME`` is ``command`` in the module ``NAME`` of ``package``.

    ``summaries``: every command with its one-line help, so that the list of them need not import any.
    """

    def __init__(self, *args: Any, package: str, summaries: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._package, self._summaries = package, summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of ``summaries``."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; None when there is no such command."""
        if cmd_name not in self._summaries:
            return None
        command = import_module(f"{self._package}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))
