"""``daypass policy check``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daypass.cli.main import run
from daypass.cli.policy.check import KINDS
from daypass.policy import Kind

CLEAN = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no data directory, and none may be made."""
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


def written(path: Path, **members: Any) -> str:
    """A file with one statement."""
    target = path / "policy.json"
    target.write_text(json.dumps({"Version": "2012-10-17", "Statement": CLEAN | members}, indent=2))
    return str(target)


def test_a_clean_policy_is_told_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0; nothing is written anywhere."""
    assert run(["policy", "check", written(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("policy.json: no findings\n")
    assert [path.name for path in tmp_path.iterdir()] == ["policy.json"]


def test_an_error_is_shown_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line and column as editors count them, the line, a mark below, and what to do."""
    name = written(tmp_path, Action="s3:GetObejct")
    assert run(["policy", "check", name]) == 1
    assert capsys.readouterr().out.splitlines()[:4] == [
        f"{name}:5:15: error INVALID_ACTION",
        '     5 |     "Action": "s3:GetObejct",',
        "       |               ^^^^^^^^^^^^^^",
        "  `s3:GetObejct` does not exist; perhaps `s3:GetObject` is meant.",
    ]


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 1)])
def test_warnings_count_when_they_shall(tmp_path: Path, options: list[str], code: int) -> None:
    """A security warning leaves the exit code at 0, but with --strict."""
    name = written(tmp_path, Action="iam:PassRole", Resource="*")
    assert run(["policy", "check", *options, name]) == code


def test_suggestions_never_count(tmp_path: Path) -> None:
    """They change nothing."""
    assert run(["policy", "check", "--strict", written(tmp_path, Sid="")]) == 0


def test_what_would_be_refused_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The API's own answer is there, also where the linter sees no error: this document may stand inline only."""
    target = tmp_path / "old.json"
    target.write_text(json.dumps({"Version": "2008-10-17", "Statement": CLEAN}))
    assert run(["policy", "check", str(target)]) == 1
    refused = "would be refused: MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater."
    assert refused in capsys.readouterr().out
    assert run(["policy", "check", "--kind", "inline", str(target)]) == 0


def test_json_has_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The findings as ValidatePolicy has them, and the refusal."""
    assert run(["policy", "check", "--json", written(tmp_path, Principal="*")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [finding["issueCode"] for finding in told["findings"]] == ["UNSUPPORTED_PRINCIPAL"]
    assert told["refusal"]["message"] == "Policy document should not specify a principal."


def test_a_terminal_is_told_nothing_but_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a policy are shown as dots, in the line and in the sentence."""
    name = written(tmp_path, Action="s3:\x1b[2J")
    text = Path(name).read_text()
    Path(name).write_text(text.replace("\\u001b[2J", "\\u001b[2J\u009b\u202e"))
    run(["policy", "check", name])
    shown = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in shown)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b""])
def test_odd_files_are_answered(tmp_path: Path, content: bytes) -> None:
    """Bytes that are no UTF-8 are a usage error, an empty file is no policy; neither is a traceback."""
    target = tmp_path / "odd.json"
    target.write_bytes(content)
    assert run(["policy", "check", str(target)]) == (2 if content else 1)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2."""
    assert run(["policy", "check", str(tmp_path / "none.json")]) == 2


def test_a_huge_file_is_read_as_far_as_a_policy_may_be(tmp_path: Path) -> None:
    """Ten megabytes are refused at once."""
    target = tmp_path / "huge.json"
    target.write_bytes(b'"' + b"\xc3\xa4" * 5_000_000 + b'"')
    assert run(["policy", "check", str(target)]) == 1


def test_a_long_line_is_shown_around_the_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy on one line of thousands of characters still shows what is meant."""
    target = tmp_path / "line.json"
    actions = [f"s3:GetObject{'*' * 3}"] * 300 + ["s3:GetObejct"]
    target.write_text(json.dumps({"Version": "2012-10-17", "Statement": CLEAN | {"Action": actions}}))
    assert run(["policy", "check", str(target)]) == 1
    lines = capsys.readouterr().out.splitlines()
    place = next(number for number, line in enumerate(lines) if "INVALID_ACTION" in line)
    mark = lines[place + 2].index("^")
    assert lines[place + 1][mark : mark + 14] == '"s3:GetObejct"'
    assert all(len(line) < 200 for line in lines[place : place + 3])


def test_every_kind_of_policy_can_be_named() -> None:
    """A kind that the engine knows can be checked."""
    assert {Kind[name] for name in KINDS.values()} == set(Kind)
