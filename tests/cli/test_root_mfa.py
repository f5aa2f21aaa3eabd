"""`daypass root mfa`, as a person types it."""

from __future__ import annotations

import json
import time
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from daypass.cli.main import run
from daypass.testing.local import LocalDaypass
from daypass.totp import code_of, step_at


@pytest.fixture
def daypass(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        monkeypatch.setenv("DAYPASS_DATA", str(local.data))
        yield local


def test_root_gets_a_second_factor_from_the_operator(
    daypass: LocalDaypass, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made with a picture for its owner's eyes only, enabled by two codes, listed, deleted."""

    def typed(*words: str, code: int = 0) -> str:
        assert run(["root", "mfa", *words]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    picture = tmp_path / "root.png"
    made = json.loads(typed("create", "--qr", str(picture), "--json"))
    assert made["SerialNumber"] == f"arn:aws:iam::{daypass.account}:mfa/root-account-mfa-device"
    assert picture.read_bytes().startswith(b"\x89PNG\r\n")
    assert picture.stat().st_mode & 0o777 == 0o600
    assert "cannot be made: File exists" in typed("create", "--name", "other", "--qr", str(picture), code=2)
    seed, step = b32decode(made["Base32StringSeed"]), step_at(int(time.time()))
    assert "Authentication code for device is not valid" in typed("enable", "000000", "000000", code=1)
    assert typed("list") == "there is none\n"
    assert made["SerialNumber"] in typed("enable", code_of(seed, step - 1), code_of(seed, step))
    assert typed("list") == f"{made['SerialNumber']}\n"
    assert json.loads(typed("delete", "--json")) == {"SerialNumber": made["SerialNumber"]}
    assert json.loads(typed("list", "--json")) == {"SerialNumbers": []}


def test_a_picture_is_not_left_behind_for_a_device_that_was_not_made(
    daypass: LocalDaypass, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is taken is refused, and the file for its picture is gone."""
    assert run(["root", "mfa", "create"]) == 0
    picture = tmp_path / "root.png"
    assert run(["root", "mfa", "create", "--qr", str(picture)]) == 1
    assert "MFA device already exists" in capsys.readouterr().err
    assert not picture.exists()
