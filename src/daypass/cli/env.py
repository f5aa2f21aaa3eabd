"""``daypass env``: what a shell needs so that every AWS client in it talks to this daypass."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daypass.cli.options import account_option, data_directory, data_option, example, print_json

if TYPE_CHECKING:
    from daypass.credentials import AccessKeyPair

SERVICES = ("STS", "IAM")
"""Services of daypass, as they stand in ``AWS_ENDPOINT_URL_…`` (AWS SDKs and Tools, "Service-specific endpoints")."""

CA_FILES = ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where clients look for authorities. The AWS SDK for JavaScript knows only the second, which is Node's."""

IN_THE_WAY = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
"""Left over from other work these would override what is exported; a stale session token alone breaks every call."""


def _sh(exports: Mapping[str, str]) -> list[str]:
    return [
        f"unset {' '.join(IN_THE_WAY)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
    ]


def _fish(exports: Mapping[str, str]) -> list[str]:
    quoted = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in exports.items()}
    return [
        *(f"set -e {name};" for name in IN_THE_WAY),
        *(f"set -gx {name} '{value}';" for name, value in quoted.items()),
    ]


def _powershell(exports: Mapping[str, str]) -> list[str]:
    quoted = {name: value.replace("'", "''") for name, value in exports.items()}
    return [
        *(f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in IN_THE_WAY),
        *(f"$Env:{name} = '{value}'" for name, value in quoted.items()),
    ]


FORMATS: dict[str, Callable[[Mapping[str, str]], list[str]]] = {"sh": _sh, "fish": _fish, "powershell": _powershell}


@click.command(
    "env",
    epilog=example(
        'eval "$(daypass env)"', "daypass env --format fish | source", "daypass env --account 111122223333 --all"
    ),
)
@data_option
@account_option
@click.option("--all", "everything", is_flag=True, help="Send every AWS service here, not only those daypass has.")
@click.option("--format", "form", type=click.Choice([*FORMATS, "json"]), default="sh", help="Default: sh.")
def command(account: str | None, everything: bool, form: str) -> None:
    """Print what a shell needs to talk to this daypass: keys, region and endpoints.

    Exits with 1 when no daypass is up on the data directory.
    """
    exports = variables(data_directory(), account, everything=everything)
    if form == "json":
        print_json(exports)
    else:
        click.echo("\n".join(FORMATS[form](exports)))


def variables(data: Path, account: str | None, *, everything: bool) -> dict[str, str]:
    """The environment of a client, by variable.

    Raises:
        CommandError: daypass is not up, or holds no key of the account.
    """
    from daypass.cli import endpoint
    from daypass.cli.problems import CommandError

    running = endpoint.running(data)
    if running is None:
        raise CommandError(f"no daypass is up on {data}", f"start it: daypass up --data {shlex.quote(str(data))}")
    key = _key(data, account)
    names = ["AWS_ENDPOINT_URL"] if everything else [f"AWS_ENDPOINT_URL_{service}" for service in SERVICES]
    return {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key.reveal(),
        "AWS_REGION": running.region,
        # The AWS CLI of version 1 and botocore read only this one.
        "AWS_DEFAULT_REGION": running.region,
        **dict.fromkeys(names, running.reachable),
        **_trust(data, running.certificate),
    }


def _trust(data: Path, certificate: str | None) -> dict[str, str]:
    """What makes clients trust the authority of `daypass tls init`, where that has signed the served certificate."""
    if certificate is None:
        return {}
    from daypass.adapters import development_ca

    files = development_ca.Files.of(data)
    return dict.fromkeys(CA_FILES, str(files.authority)) if development_ca.vouches_for(files, certificate) else {}


def _key(data: Path, account: str | None) -> AccessKeyPair:
    """The key of the default profile, or of the first profile whose key belongs to ``account``."""
    from daypass.adapters import credentials_file
    from daypass.cli.problems import CommandError
    from daypass.ids import account_of

    path = data / credentials_file.NAME
    recover = "make a new one: daypass key create --user admin --save"
    try:
        profiles = credentials_file.profiles(path)
    except (OSError, ValueError) as error:
        raise CommandError(f"no keys in {path}: {error}", recover) from error
    if account is None:
        if credentials_file.DEFAULT not in profiles:
            raise CommandError(f"{path} has no profile `{credentials_file.DEFAULT}`", recover)
        return profiles[credentials_file.DEFAULT]
    for key in profiles.values():
        if account_of(key.access_key_id) == account:
            return key
    raise CommandError(f"{path} holds no key of account {account}", f"{recover} --account {account}")
