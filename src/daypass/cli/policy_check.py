"""``daypass policy check``: what is wrong with a policy, told before anybody is refused by it."""

from __future__ import annotations

from typing import IO

import click

from daypass.cli.options import data_option, example, json_option, print_json

KINDS = {
    "identity": "IDENTITY_MANAGED",
    "inline": "IDENTITY_INLINE",
    "boundary": "IDENTITY_MANAGED",
    "trust": "TRUST",
    "resource": "RESOURCE",
    "session": "SESSION",
    "endpoint": "ENDPOINT",
    "scp": "SCP",
    "rcp": "RCP",
}
"""What ``--kind`` takes, and the member of ``policy.Kind`` that it is."""


@click.command("check", epilog=example("daypass policy check policy.json", "daypass policy check --kind trust -"))
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--kind", type=click.Choice(list(KINDS)), default="identity", help="What the policy is to be.")
@data_option
@json_option
def command(file: IO[str], kind: str, as_json: bool) -> int:
    """Check the policy in FILE (- reads standard input). Exit code 1: it would be refused."""
    from daypass.errors import MalformedPolicyDocument
    from daypass.policy import Kind, check_document

    try:
        check_document(file.read(), Kind[KINDS[kind]])
    except MalformedPolicyDocument as fault:
        if as_json:
            print_json({"refusal": fault.message, "detail": fault.detail})
        else:
            click.echo(f"{file.name}: refused: {fault.message}" + (f" ({fault.detail})" if fault.detail else ""))
        return 1
    if as_json:
        print_json({"refusal": None})
    return 0
