"""Options that many commands share, and what they mean."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_DATA = "daypass.data"


def _remember_data(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    path = Path(value).absolute()
    if context.meta.setdefault(_DATA, path) != path:
        raise click.UsageError(f"--data is given twice: {context.meta[_DATA]} and {path}")


def data_option(command: F) -> F:
    """Take ``--data DIR``; ``data_directory`` says what it came to. It may stand before the command or after it."""
    return click.option(
        "--data",
        metavar="DIR",
        callback=_remember_data,
        expose_value=False,
        help="The data directory. Default: DAYPASS_DATA, else the user data directory.",
    )(command)


def json_option(command: F) -> F:
    """Take ``--json``; the command gets ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def account_option(command: F) -> F:
    """Take ``--account ID``; the command gets ``account``, None for the first one."""
    return click.option("--account", metavar="ID", callback=_account, help="Account id. Default: the first account.")(
        command
    )


def optional_account_option(command: F) -> F:
    """Take ``--account ID``; the command gets ``account``, None where none is named."""
    return click.option("--account", metavar="ID", callback=_account, help="Account id.")(command)


def _account(_context: click.Context, _: click.Parameter, value: str | None) -> str | None:
    from daypass.arn import is_account

    if value is not None and not is_account(value):
        raise click.BadParameter(f"`{value}` is no account id; it has 12 digits")
    return value


def given_data() -> Path | None:
    """The directory that ``--data`` named on this command line, if it did."""
    path: Path | None = click.get_current_context().meta.get(_DATA)
    return path


def data_directory() -> Path:
    """The data directory that this command speaks of.

    Raises:
        SettingsError: none is given and there is no default.
    """
    from daypass.settings import data_directory as default

    return given_data() or default(os.environ)


def example(*lines: str) -> str:
    """The epilog of a command's help: its example, line by line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


# INVARIANT: 7. what somebody else has said moves no cursor, and adds no line to what a command says.
#   tests/cli/test_output.py::test_a_text_is_one_line_of_letters
def plain(text: str) -> str:
    """``text`` on one line, without characters that a terminal obeys."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "�" for letter in text)


def json_text(value: object, indent: int | None = None) -> str:
    """``value`` as JSON in which all letters are letters: what a terminal would obey is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return _ODD.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


_ODD = re.compile(r"[^\n -~]")


def print_json(value: object) -> None:
    """Print one JSON document on stdout."""
    click.echo(json_text(value, indent=2))


def time_text(epoch: float) -> str:
    """``2026-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def print_facts(facts: dict[str, object]) -> None:
    """Print names and values in two columns."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        click.echo(plain(f"{name:<{width}}  {value}"))
