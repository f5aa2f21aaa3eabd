"""``daypass federation``: the identity providers whose people and workloads an account lets in."""

from __future__ import annotations

import click

from daypass.cli.federation import add, change, providers, trial
from daypass.cli.options import data_option, example


@click.group(
    "federation",
    epilog=example(
        "daypass federation add-oidc https://token.actions.githubusercontent.com --client-id sts.amazonaws.com",
        "daypass federation add-saml corp https://idp.example.com/metadata",
        "daypass federation list",
    ),
)
@data_option
def command() -> None:
    """Trust identity providers, and see why what they say is believed or not."""


for _each in (
    add.add_oidc,
    add.add_saml,
    change.change,
    trial.test_proof,
    providers.list_providers,
    providers.show,
    providers.remove,
    providers.metadata,
):
    command.add_command(_each)
