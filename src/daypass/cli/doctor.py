"""``daypass doctor``: looks at a data directory from every side and says what is wrong and what to do."""

from __future__ import annotations

import click

from daypass.cli.options import data_directory, data_option, example, json_option, print_json


@click.command("doctor", epilog=example("daypass doctor", "daypass doctor --json"))
@data_option
@json_option
def command(as_json: bool) -> int:
    """Check settings, files, modes, lock, clock, disk, database, disk snapshot, keys, credentials, port, audit trail.

    Works beside a running daypass and changes nothing. Exits with 1 when there is a finding.
    """
    from daypass.cli.checks import CHECKS, Patient, findings

    patient = Patient(data_directory())
    found = 0
    rows = []
    for name in CHECKS:
        here = list(findings(name, patient))
        found += len(here)
        rows.append({"check": name, "findings": [{"problem": one.problem, "advice": one.advice} for one in here]})
        if not as_json:
            click.echo(f"{'BAD' if here else 'ok ':<4} {name}")
            for one in here:
                click.echo(f"       {one.problem}\n       → {one.advice}")
    if as_json:
        print_json({"data": str(patient.data), "healthy": not found, "checks": rows})
    return 1 if found else 0
