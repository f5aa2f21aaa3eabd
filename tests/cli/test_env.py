"""`daypass env` in every shell's words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.adapters.credentials_file import put_profile
from daypass.adapters.development_ca import Files, make
from daypass.cli import endpoint
from daypass.cli.env import CA_FILES, FORMATS, IN_THE_WAY
from daypass.cli.main import run
from daypass.credentials import AccessKeyPair, Secret
from daypass.ids import access_key_id

NASTY = "wJalr'XUtnFEMI/K7MDENG$HOME`id`\"\\+EXAMPLEKEY="
FIRST = access_key_id("AKIA", "111122223333", b"123456")
SECOND = access_key_id("AKIA", "444455556666", b"123456")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose daypass is up: this process stands in for it."""
    put_profile(tmp_path / "credentials", "default", AccessKeyPair(FIRST, Secret(NASTY)))
    put_profile(tmp_path / "credentials", "team-b", AccessKeyPair(SECOND, Secret("second")))
    note = endpoint.Endpoint(
        url="http://0.0.0.0:7177",
        pid=os.getpid(),
        started=int(time.time()),
        workers=1,
        account="111122223333",
        region="eu-central-1",
    )
    endpoint.write(tmp_path, note)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `daypass env` prints."""
    assert run(["env", *arguments]) == 0
    return capsys.readouterr().out


def test_json_is_one_object_from_variable_to_value(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys, both region variables and an endpoint for each service that daypass has."""
    assert json.loads(printed(capsys, "--data", str(data), "--format", "json")) == {
        "AWS_ACCESS_KEY_ID": FIRST,
        "AWS_SECRET_ACCESS_KEY": NASTY,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:7177",
        "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:7177",
    }


@pytest.mark.parametrize("signed", [True, False])
def test_the_authority_is_told_of_where_it_has_signed_what_is_served(
    data: Path,
    signed: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever serves another certificate has told clients of it himself."""
    ours, other = Files.of(data), Files.of(data / "other")
    other.folder.parent.mkdir()
    for files in (ours, other):
        make(files, [], time.time())
    note = endpoint.noted(data)
    assert note
    endpoint.write(data, replace(note, certificate=str((ours if signed else other).certificate)))
    exports = json.loads(printed(capsys, "--data", str(data), "--format", "json"))
    assert [exports.get(name) for name in CA_FILES] == [str(ours.authority) if signed else None] * 2


def test_all_sends_every_service_here(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--all` sets the one variable that every SDK applies to every service."""
    exports = json.loads(printed(capsys, "--data", str(data), "--format", "json", "--all"))
    assert exports["AWS_ENDPOINT_URL"] == "http://127.0.0.1:7177"


def test_an_account_is_chosen_by_its_id(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--account` takes the key that belongs to it, whatever its profile is called."""
    exports = json.loads(printed(capsys, "--data", str(data), "--format", "json", "--account", "444455556666"))
    assert exports["AWS_ACCESS_KEY_ID"] == SECOND


@pytest.mark.parametrize("shell", [shell for shell in ("sh", "bash", "zsh", "fish", "pwsh") if shutil.which(shell)])
def test_a_shell_reads_exactly_what_was_meant(data: Path, shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Evaluated by the shell itself, every value arrives whole and leftovers of other work are gone."""
    form = {"fish": "fish", "pwsh": "powershell"}.get(shell, "sh")
    script = printed(capsys, "--data", str(data), "--format", form)
    expected = json.loads(printed(capsys, "--data", str(data), "--format", "json"))
    environ = {"PATH": os.environ["PATH"], "HOME": str(data), **dict.fromkeys(IN_THE_WAY, "stale")}
    done = subprocess.run([shell, "-c", f"{script}\nenv -0"], env=environ, capture_output=True, timeout=60, check=True)
    seen = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)
    assert {name: seen.get(name) for name in expected} == expected
    assert not set(IN_THE_WAY) & set(seen)


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("powershell", "$Env:AWS_SECRET_ACCESS_KEY = '" + NASTY.replace("'", "''") + "'"),
        ("fish", "set -gx AWS_SECRET_ACCESS_KEY '" + NASTY.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    ],
)
def test_quotes_are_written_as_the_shell_wants_them(
    data: Path, form: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """PowerShell doubles a quote, fish puts a backslash before it; neither expands anything else in single quotes."""
    assert line in [
        printed_line.rstrip(";") for printed_line in printed(capsys, "--data", str(data), "--format", form).splitlines()
    ]


def test_every_format_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names each format there is."""
    said = printed(capsys, "--help")
    assert all(name in said for name in [*FORMATS, "json"])


def test_a_daypass_that_is_not_up_exits_with_1_and_prints_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`eval` gets nothing to run, and the person gets the command that starts it."""
    assert run(["env", "--data", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"daypass up --data {tmp_path}" in captured.err


def test_a_note_left_by_a_killed_daypass_does_not_count(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After `kill -9` the file is still there; nobody is sent to a dead address."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    endpoint.write(data, endpoint.Endpoint("http://127.0.0.1:9", dead.pid, 0, 1, "111122223333", "us-east-1"))
    assert run(["env", "--data", str(data)]) == 1
    assert "no daypass is up" in capsys.readouterr().err


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"url": "x"}', b"\xff"])
def test_a_note_that_cannot_be_read_does_not_count(data: Path, note: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken note is no endpoint and no traceback."""
    data.joinpath("endpoint.json").write_bytes(note)
    assert run(["env", "--data", str(data)]) == 1
    assert "no daypass is up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lost", "arguments"),
    [("file", []), ("default", []), ("account", ["--account", "999999999999"]), ("format", [])],
)
def test_a_lost_key_is_told_with_the_command_that_makes_a_new_one(
    lost: str, arguments: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever holds the machine gets back in; the error says how."""
    path = data / "credentials"
    if lost == "file":
        path.unlink()
    elif lost == "default":
        path.write_text(path.read_text().replace("[default]", "[other]"))
    elif lost == "format":
        path.write_text("nonsense")
    assert run(["env", "--data", str(data), *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "daypass key create --user admin --save" in captured.err
