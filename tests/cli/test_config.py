"""`daypass config` shows what is in force, where it comes from, and no password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daypass.cli.main import run
from daypass.settings import Settings


def test_every_setting_is_shown_with_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, variable and default each stand beside the value they gave."""
    tmp_path.joinpath("daypass.toml").write_text("workers = 2\n")
    monkeypatch.setenv("DAYPASS_THREADS", "5")
    assert run(["config", "--json", "--data", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert list(shown) == list(Settings.__struct_fields__)
    assert shown["workers"] == {"value": 2, "source": str(tmp_path / "daypass.toml")}
    assert shown["threads"] == {"value": 5, "source": "DAYPASS_THREADS"}
    assert shown["log_level"] == {"value": "info", "source": "default"}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_database_password_is_hidden(
    form: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A screen or a ticket may show the settings."""
    monkeypatch.setenv("DAYPASS_DATABASE", "postgresql://u:hunter2@db/daypass")
    assert run(["config", "--data", str(tmp_path), *form]) == 0
    said = capsys.readouterr().out
    assert "postgresql://u:…@db/daypass" in said
    assert "hunter2" not in said


def test_an_unknown_setting_is_told_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt variable exits with 2 and names its neighbour."""
    monkeypatch.setenv("DAYPASS_LISTN", "127.0.0.1:1")
    assert run(["config", "--data", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "DAYPASS_LISTN" in captured.err
    assert "`listen`" in captured.err
    assert captured.out == ""


def test_every_setting_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--explain` says for each what it means and takes."""
    assert run(["config", "--explain", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert all(f"{name} (" in said for name in Settings.__struct_fields__)


def test_what_is_shown_is_valid_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines can be copied into daypass.toml and mean the same there."""
    assert run(["config", "--data", str(tmp_path)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if " = - " not in line]
    tmp_path.joinpath("daypass.toml").write_text("\n".join(lines))
    assert run(["config", "--json", "--data", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert {name: entry["value"] for name, entry in shown.items()} == {
        name: list(value) if isinstance(value := getattr(Settings(), name), tuple) else value
        for name in Settings.__struct_fields__
    }
