"""``daypass policy check``: what is wrong with a policy, told before anybody is refused by it.

Needs no daypass: it works on the text alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from daypass.cli.options import data_option, example, json_option, print_json

if TYPE_CHECKING:
    from daypass.errors import MalformedPolicyDocument
    from daypass.policy import Kind
    from daypass.policy.lint import Finding, Location

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

_WORDS = {"ERROR": "error", "SECURITY_WARNING": "security warning", "WARNING": "warning", "SUGGESTION": "suggestion"}
_WIDTH = 100
_SHOWN = 3


@click.command("check", epilog=example("daypass policy check policy.json", "daypass policy check --kind trust -"))
@click.argument("file", type=click.File("rb"))
@click.option("--kind", type=click.Choice(list(KINDS)), default="identity", help="What it is to be. Default: identity.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--aws", "for_aws", is_flag=True, help="It is for AWS too, where callers have public addresses.")
@click.option("--service", "own", multiple=True, metavar="PREFIX", help="A service of your own. May be repeated.")
@data_option
@json_option
def command(file: IO[bytes], kind: str, strict: bool, for_aws: bool, own: Sequence[str], as_json: bool) -> int:
    """Check the policy in FILE; - reads standard input.

    Exit code 1: it has errors, or would be refused when it is attached; with --strict also when it has warnings.
    """
    from daypass.policy import Kind
    from daypass.policy.lint import lint

    text, meant = _read(file), Kind[KINDS[kind]]
    findings = lint(text, meant, own_services=frozenset(map(str.lower, own)), for_aws=for_aws)
    refusal = _refusal(text, meant)
    if as_json:
        print_json({"findings": [finding.shape() for finding in findings], "refusal": _shape(refusal)})
    else:
        click.echo("\n".join(_told(file.name, text, findings, refusal)))
    return 1 if refusal is not None or any(map(_counts(strict=strict).__contains__, _types(findings))) else 0


def _read(file: IO[bytes]) -> str:
    """The text, as far as a policy may be long and a little more, so that a longer one is seen to be too long."""
    from daypass.policy.parse.text import LARGEST

    data = file.read(4 * LARGEST + 1)
    try:
        return data.decode(errors="strict" if len(data) <= 4 * LARGEST else "replace")
    except UnicodeDecodeError as fault:
        raise click.BadParameter(
            f"`{file.name}` is not UTF-8: {fault.reason}, byte {fault.start}", param_hint="FILE"
        ) from None


def _refusal(text: str, kind: Kind) -> MalformedPolicyDocument | None:
    """What the API would answer to this document; None: it would take it."""
    from daypass.errors import MalformedPolicyDocument
    from daypass.policy import check_document

    try:
        check_document(text, kind)
    except MalformedPolicyDocument as fault:
        return fault
    return None


def _shape(refusal: MalformedPolicyDocument | None) -> dict[str, Any] | None:
    if refusal is None:
        return None
    return {"code": refusal.code, "message": refusal.message, "detail": refusal.detail}


def _types(findings: Iterable[Finding]) -> list[str]:
    return [finding.type.value for finding in findings]


def _counts(*, strict: bool) -> set[str]:
    """The types of findings that make the answer "no"."""
    return {"ERROR", "SECURITY_WARNING", "WARNING"} if strict else {"ERROR"}


# ── for people ───────────────────────────────────────────────────────────────────────────────────────


def _told(name: str, text: str, findings: Sequence[Finding], refusal: MalformedPolicyDocument | None) -> Iterator[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in findings:
        start = finding.locations[0].span.start
        yield f"{name}:{start.line}:{start.column + 1}: {_WORDS[finding.type.value]} {finding.code}"
        for location in finding.locations[:_SHOWN]:
            yield from _picture(lines, location)
        yield f"  {_plain(finding.details)}\n"
    if refusal is not None:
        yield f"{name}: would be refused: {refusal.code}: {_plain(refusal.message)}"
        if refusal.detail:
            yield f"  {_plain(refusal.detail)}"
    yield f"{name}: {_summary(findings)}"


def _summary(findings: Iterable[Finding]) -> str:
    counted = Counter(_types(findings))
    told = [
        f"{counted[kind]} {word}{'s' if counted[kind] > 1 else ''}" for kind, word in _WORDS.items() if counted[kind]
    ]
    return ", ".join(told) or "no findings"


def _picture(lines: Sequence[str], location: Location) -> Iterator[str]:
    """The line of a finding and, below, what is meant in it; of a long line the part around."""
    start, end = location.span
    line = _plain(lines[start.line - 1].replace("\t", " "))
    first = max(0, start.column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = line[first : first + _WIDTH]
    last = end.column if end.line == start.line else len(line.rstrip())
    width = max(1, min(last, first + _WIDTH) - start.column)
    yield f"  {start.line:>4} | {shown}"
    yield f"       | {' ' * (start.column - first)}{'^' * width}"


def _plain(text: str) -> str:
    """Without characters that a terminal would obey."""
    return "".join(character if character.isprintable() else "·" for character in text)
