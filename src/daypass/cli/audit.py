"""``daypass audit``: the audit trail of one daypass, verified and read from its files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from daypass.cli.options import data_directory, data_option, example, json_option, json_text, plain, print_json

FOLDER = "audit"


@click.group("audit", epilog=example("daypass audit verify", "daypass audit tail -f"))
@data_option
def command() -> None:
    """Verify and read the audit trail."""


@command.command("verify", epilog=example("daypass audit verify", "daypass audit verify --json"))
@data_option
@json_option
def verify(as_json: bool) -> int:
    """Check every record of the trail against its chain.

    Exits with 1 and names the place when a record was edited, removed, moved or inserted.
    """
    from daypass.adapters.audit import verify as check

    folder = trail_folder()
    if sys.stderr.isatty():
        click.echo(f"checking {sum(1 for _ in folder.glob('*.jsonl'))} files in {folder} …", err=True)
    report = check(folder)
    first = report.first_break
    if as_json:
        facts = {"ok": report.ok, "files": report.files, "records": report.records, "torn": list(report.torn)}
        place = first and {"file": first.file, "line": first.line, "reason": first.reason}
        print_json(facts | {"firstBreak": place})
        return 0 if report.ok else 1
    for file in report.torn:
        click.echo(f"{file}: the last line was cut short by a crash; nothing in it had been acknowledged")
    counted = f"{report.records} records in {report.files} files"
    click.echo(f"broken at {first.file}:{first.line}: {first.reason}" if first else f"unbroken: {counted}")
    return 0 if report.ok else 1


@command.command("tail", epilog=example("daypass audit tail -n 20", "daypass audit tail -f --json | jq .eventName"))
@click.option("-f", "--follow", is_flag=True, help="Go on with new records as they come.")
@click.option("-n", "--lines", "count", type=click.IntRange(min=0), default=10, show_default=True, help="How many.")
@data_option
@json_option
def tail(follow: bool, count: int, as_json: bool) -> None:
    """Print the newest records, one a line: when, who, what, from where, and the error if it was refused.

    With --json each line is the record as it stands in the trail.
    """
    from daypass.adapters.audit import tail as read

    for record in read(trail_folder(), follow=follow, count=count):
        click.echo(json_text(record) if as_json else _line(record))
        sys.stdout.flush()


def trail_folder() -> Path:
    """Where the trail of this command's data directory lies.

    Raises:
        CommandError: there is none.
    """
    from daypass.cli.problems import CANNOT, CommandError

    folder = data_directory() / FOLDER
    if not folder.is_dir():
        raise CommandError(
            f"there is no audit trail in {folder.parent}", "name the data directory with --data DIR", CANNOT
        )
    return folder


def _line(record: dict[str, object]) -> str:
    who = record.get("userIdentity")
    arn = who.get("arn") or who.get("userName") or who.get("type") if isinstance(who, dict) else None
    source = str(record.get("eventSource") or "").partition(".")[0]
    parts = [record.get("eventTime"), f"{source}:{record.get('eventName')}", arn, record.get("sourceIPAddress")]
    if record.get("errorCode"):
        parts.append(f"{record['errorCode']}: {record.get('errorMessage') or ''}")
    ours = record.get("daypass")
    if isinstance(ours, dict) and "refusalsNotShown" in ours:
        parts.append(f"{ours['refusalsNotShown']} more refusals")
    return plain("  ".join(str(part or "-") for part in parts))
