"""``daypass federation test``: why a token or an assertion is accepted or refused, step by step."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import click

from daypass.cli.files import read_bytes
from daypass.cli.options import data_option, example, json_option, plain, print_json


@click.command(
    "test",
    epilog=example(
        "daypass federation test token.jwt --role arn:aws:iam::111122223333:role/ci",
        "daypass federation test response.xml --role arn:aws:iam::111122223333:role/staff --json",
    ),
)
@click.argument("file", metavar="FILE")
@click.option("--role", "role", metavar="ARN", required=True, help="The role that is to be opened.")
@click.option("--provider", metavar="ARN", help="The SAML provider. Default: the one that the response names.")
@click.option("--session-name", metavar="NAME", help="RoleSessionName that is asked for with a token. Default: trial.")
@click.option("--duration", metavar="SECONDS", type=int, help="DurationSeconds that are asked for.")
@data_option
@json_option
def test_proof(
    file: str, role: str, provider: str | None, session_name: str | None, duration: int | None, as_json: bool
) -> None:
    """Explain whether the token or SAML response in FILE (`-`: stdin) would open a role, and why not.

    It is verified by the same functions as in a real call, but no credentials are made, and a response can still be
    used. A response may be XML or base64. What depends on the caller's address, or on the endpoint policy of a node, is
    not tested. Exits with 1 when it would be refused.
    """
    from daypass.cli.opened import hosted, opened
    from daypass.credentials import Secret

    proof = read_proof(file)
    if provider is not None and proof.count(".") == 2:
        raise click.UsageError("a token names its issuer itself; --provider is for SAML responses")
    params = {
        "Proof": Secret(proof),
        "RoleArn": role,
        "PrincipalArn": provider,
        "RoleSessionName": session_name,
        "DurationSeconds": duration,
    }
    with opened() as daypass:
        found = daypass.operator("daypass:TryFederatedRole", params, hosted(daypass, _account(role)))
    print_json(found) if as_json else click.echo("\n".join(map(plain, told(found))))
    if not found["Accepted"]:
        raise click.exceptions.Exit(1)


def read_proof(file: str) -> str:
    """What the file holds: a token as it is, a response in base64.

    Raises:
        CommandError: it cannot be read, or is neither.
    """
    from daypass.cli.problems import USAGE, CommandError

    data = read_bytes(file).strip()
    if data.startswith(b"<"):
        data = b64encode(data)
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        advice = "give a token (three parts with dots between), or a SAML response as XML or base64"
        raise CommandError(f"{file} holds neither a token nor a SAML response", advice, USAGE) from None


def told(found: Mapping[str, Any]) -> list[str]:
    """The outcome as text: a numbered line for each step, and below it the facts that the step looked at."""
    lines = []
    for number, step in enumerate(found["Steps"], 1):
        lines.append(f"{number:>2} {step['name']:<22} {'ok' if step['passed'] else 'REFUSED'}")
        lines += [f"     {line}" for name, value in step["facts"].items() for line in _fact(name, value)]
    error = found["Error"]
    if error is None:
        return [*lines, f"accepted: {found['Action']} would answer with credentials"]
    detail = [f"  because {error['Detail']}"] if error["Detail"] else []
    return [*lines, f"refused: {error['Code']}: {error['Message']}", *detail]


def _fact(name: str, value: object) -> list[str]:
    if value is None or value in ([], {}):
        return []
    if name == "explanation":
        return [f"  {line}" for line in value] if isinstance(value, list) else []
    if isinstance(value, dict):
        return [f"{name}:", *(f"  {key} = {_plain(one)}" for key, one in value.items())]
    return [f"{name}: {_plain(value)}"]


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _account(role: str) -> str:
    """The account of the role called ``role``.

    Raises:
        UsageError: it is no ARN.
    """
    from daypass.arn import Arn
    from daypass.errors import Malformed

    try:
        return Arn.parse(role).account
    except Malformed:
        raise click.BadParameter(f"`{role}` is no ARN", param_hint="--role") from None
