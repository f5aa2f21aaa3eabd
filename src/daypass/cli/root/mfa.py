"""``daypass root mfa``: second factors of an account's root user."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daypass.cli.options import account_option, data_option, example, json_option, print_facts, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.app import Daypass

USUAL_NAME = "root-account-mfa-device"
"""What AWS's console calls the device of root."""


@click.group("mfa", epilog=example("daypass root mfa create --qr root.png", "daypass root mfa list"))
@data_option
def command() -> None:
    """Make, enable, list and delete MFA devices of the root user."""


def _name(_context: click.Context, _: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_+=,.@-]{1,200}", value):
        raise click.BadParameter(f"`{value}`: letters, digits and _ + = , . @ -, at most 200")
    return value


def _code(_context: click.Context, _: click.Parameter, value: str) -> str:
    if not (len(value) == 6 and value.isascii() and value.isdigit()):
        raise click.BadParameter("a code has six digits")
    return value


@command.command("create", epilog=example("daypass root mfa create --qr root.png"))
@click.option("--name", metavar="NAME", default=USUAL_NAME, show_default=True, callback=_name)
@click.option("--qr", type=click.Path(dir_okay=False, path_type=Path), help="Write the QR code into this new PNG file.")
@account_option
@data_option
@json_option
def create(name: str, qr: Path | None, account: str | None, as_json: bool) -> None:
    """Make a device; its seed is printed now and never again. It counts once it is enabled."""
    from daypass.cli.opened import hosted, opened

    picture = _new_private_file(qr) if qr is not None else None
    try:
        with opened() as daypass:
            account = hosted(daypass, account)
            answer = daypass.operator("iam:CreateVirtualMFADevice", {"VirtualMFADeviceName": name}, account)
    except BaseException:
        if qr is not None:
            qr.unlink()
        raise
    device = answer["VirtualMFADevice"]
    facts: dict[str, object] = {
        "SerialNumber": device["SerialNumber"],
        "Base32StringSeed": device["Base32StringSeed"].decode("ascii"),
    }
    if picture is not None:
        with os.fdopen(picture, "wb") as file:
            file.write(device["QRCodePNG"])
        facts["QRCode"] = str(qr)
    print_json(facts) if as_json else print_facts(facts)


def _new_private_file(path: Path) -> int:
    """A new file of mode 0600, opened before the seed exists that it is for."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise click.BadParameter(f"`{path}` cannot be made: {error.strerror}", param_hint="--qr") from error


@command.command("enable", epilog=example("daypass root mfa enable 123456 654321"))
@click.argument("first", metavar="CODE", callback=_code)
@click.argument("second", metavar="CODE", callback=_code)
@click.option("--name", metavar="NAME", default=USUAL_NAME, show_default=True, callback=_name)
@account_option
@data_option
@json_option
def enable(first: str, second: str, name: str, account: str | None, as_json: bool) -> None:
    """Bind the device to the root user, by two codes that it showed one after the other."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        account = hosted(daypass, account)
        serial = _serial(daypass, account, name)
        codes = {"AuthenticationCode1": first, "AuthenticationCode2": second}
        daypass.operator("daypass:EnableRootMFADevice", {"SerialNumber": serial, **codes}, account)
    _say("enabled", serial, as_json=as_json)


@command.command("list", epilog=example("daypass root mfa list --account 111122223333"))
@account_option
@data_option
@json_option
def list_devices(account: str | None, as_json: bool) -> None:
    """The devices that count for the root user."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        account = hosted(daypass, account)
        found = [device["SerialNumber"] for device in _devices(daypass, account)]
    if as_json:
        print_json({"SerialNumbers": found})
    else:
        click.echo("\n".join(found) or "there is none")


def _devices(daypass: Daypass, account: str) -> list[Mapping[str, str]]:
    """Root's own; an account has few devices of users beside them."""
    found: list[Mapping[str, str]] = []
    params: dict[str, object] = {"AssignmentStatus": "Assigned", "MaxItems": 1_000}
    while True:
        answer = daypass.operator("iam:ListVirtualMFADevices", params, account)
        found += [device for device in answer["VirtualMFADevices"] if device["User"]["UserId"] == account]
        if not answer["IsTruncated"]:
            return found
        params["Marker"] = answer["Marker"]


@command.command("delete", epilog=example("daypass root mfa delete"))
@click.option("--name", metavar="NAME", default=USUAL_NAME, show_default=True, callback=_name)
@account_option
@data_option
@json_option
def delete(name: str, account: str | None, as_json: bool) -> None:
    """Take a device from the root user, and delete it. One that was never enabled is deleted too."""
    from daypass.cli.opened import hosted, opened

    with opened() as daypass:
        account = hosted(daypass, account)
        serial = _serial(daypass, account, name)
        if any(device["SerialNumber"] == serial for device in _devices(daypass, account)):
            daypass.operator("iam:DeactivateMFADevice", {"SerialNumber": serial}, account)
        daypass.operator("iam:DeleteVirtualMFADevice", {"SerialNumber": serial}, account)
    _say("deleted", serial, as_json=as_json)


def _serial(daypass: Daypass, account: str, name: str) -> str:
    return f"arn:{daypass.installation.partition}:iam::{account}:mfa/{name}"


def _say(done: str, serial: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"SerialNumber": serial})
    else:
        click.echo(f"{done} {serial}")
