"""``daypass policy``: policies looked at before they are attached. One module a command."""

from __future__ import annotations

import click

from daypass.cli.lazy import LazyGroup
from daypass.cli.options import data_option, example


@click.group(
    "policy",
    cls=LazyGroup,
    package=__name__,
    summaries={"check": "say what is wrong with a policy", "test": "run the cases of a file against its policies"},
    epilog=example("daypass policy check policy.json", "daypass policy test cases.json"),
)
@data_option
def command() -> None:
    """Check policies before you attach them, and test what they decide."""
