"""``daypass revocations``: the rules in force, and taking one back."""

from __future__ import annotations

import time

import click

from daypass.cli.options import account_option, data_option, example, json_option, print_facts, print_json
from daypass.cli.revoke import shown


@click.group("revocations", epilog=example("daypass revocations list", "daypass revocations lift rv-0123456789abcdef0"))
@data_option
def command() -> None:
    """Show what was revoked in an account, and take it back."""


@command.command("list", epilog=example("daypass revocations list --json"))
@account_option
@data_option
@json_option
def list_rules(account: str | None, as_json: bool) -> None:
    """List the revocations in force, oldest first. Each ends by itself with the last session it could end."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        snapshot = daypass.storage.directory.load(hosted(daypass, account))
    held = snapshot.revoked if snapshot is not None else ()
    rules = sorted((rule for rule in held if rule.until > time.time()), key=lambda rule: (rule.created, rule.id))
    if as_json:
        print_json([shown(rule) for rule in rules])
        return
    for rule in rules:
        facts = shown(rule)
        older = f"  issued before {facts['IssuedBefore']}" if "IssuedBefore" in facts else ""
        spared = "  descendants spared" if rule.only else ""
        click.echo(f"{rule.id}  {facts['Revoked']}{older}{spared}  until {facts['KeptUntil']}")


@command.command("lift", epilog=example("daypass revocations lift rv-0123456789abcdef0"))
@click.argument("revocation_id", metavar="ID")
@account_option
@data_option
@json_option
def lift(revocation_id: str, account: str | None, as_json: bool) -> None:
    """Take a revocation back: sessions that it ended and that are not over live again."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        rule = daypass.operator("daypass:LiftRevocation", {"Id": revocation_id}, hosted(daypass, account))["Revocation"]
    print_json(shown(rule)) if as_json else print_facts(shown(rule))
