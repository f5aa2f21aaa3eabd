"""``daypass status``: is it up, and how is it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from daypass.cli.options import data_directory, data_option, example, json_option, print_facts, print_json, time_text

if TYPE_CHECKING:
    from daypass.cli.endpoint import Answer, Endpoint


@click.command("status", epilog=example("daypass status", "daypass status --json || echo down"))
@data_option
@json_option
def command(as_json: bool) -> int:
    """Say whether the daypass is up, at which revision, with which sealing key.

    Exits with 1 when it is not up, or up and not well.
    """
    from daypass.cli import endpoint

    data = data_directory()
    note = endpoint.noted(data)
    answer = endpoint.ask(note, "/-/health") if note else None
    facts: dict[str, object] = {"data": str(data), "up": answer is not None}
    if note and answer:
        facts |= _facts(note, answer)
    elif note and endpoint.running(data):
        facts["problem"] = f"process {note.pid} lives and {note.url} does not answer"
    if as_json:
        print_json(facts)
    else:
        print_facts({name: _shown(value) for name, value in facts.items()})
    return 0 if answer and facts.get("well", True) else 1


def _facts(note: Endpoint, answer: Answer) -> dict[str, object]:
    facts: dict[str, object] = {
        "url": note.url,
        "pid": note.pid,
        "workers": note.workers,
        "started": time_text(note.started),
        "account": note.account,
        "region": note.region,
    }
    try:
        health = json.loads(answer.body)
    except ValueError:
        # Beyond loopback the health is not told, unless the operator opens it.
        return facts
    return facts | {"well": answer.status == 200} | (health if isinstance(health, dict) else {})


def _shown(value: object) -> object:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
