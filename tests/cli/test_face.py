"""The face of the command line: help, shared options, exit codes."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from daypass.cli.main import COMMANDS, cli, run
from tests.running import PROGRAM


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words, groups included."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = list(commands())
SPEAK_OF_NO_DAYPASS = {("version",)}


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_explains_itself_with_an_example(words: tuple[str, ...], command: click.Command) -> None:
    """The help of each command says what it does and shows a line to type."""
    assert command.help
    assert command.epilog
    assert f"daypass {words[0]}" in command.epilog


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_takes_the_data_directory(words: tuple[str, ...], command: click.Command) -> None:
    """Each command that speaks of one daypass has `--data`, as the program itself has."""
    assert ("--data" in {name for option in command.params for name in option.opts}) == (
        words not in SPEAK_OF_NO_DAYPASS
    )
    assert "--data" in {name for option in cli.params for name in option.opts}


PRINTING = [
    pair
    for pair in ALL
    if not isinstance(pair[1], click.Group) and pair[0] not in {("up",), ("env",), ("key", "delete")}
]


@pytest.mark.parametrize(("words", "command"), PRINTING, ids=[" ".join(words) for words, _ in PRINTING])
def test_every_command_that_prints_data_prints_json(words: tuple[str, ...], command: click.Command) -> None:
    """`--json` is there wherever a script may want the answer; `env` has it as `--format json`."""
    assert "--json" in {name for option in command.params for name in option.opts}


def test_every_command_is_found_and_has_its_one_line_help() -> None:
    """The table that the help is written from has a module for each name."""
    for name, line in COMMANDS.items():
        assert import_module(f"daypass.cli.{name}").command.name == name
        assert line


def test_the_help_is_quick() -> None:
    """`daypass --help` costs at most 150 ms of CPU: it imports no command and nothing that a command needs."""
    costs = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*PROGRAM, "--help"], capture_output=True, text=True, timeout=60, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert all(name in done.stdout for name in COMMANDS)
    assert min(costs) <= 0.150, costs


def test_the_help_imports_no_server() -> None:
    """What serves, stores or encrypts is loaded by the commands that need it."""
    code = "import sys; from daypass.cli.main import run; run(['--help']); print(sorted(sys.modules))"
    python = Path(PROGRAM[0]).with_name("python")
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert not [name for name in ("uvicorn", "sqlalchemy", "cryptography", "msgspec", "rich") if f"'{name}'" in loaded]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "{}", "config", "--json"],
        ["config", "--data", "{}", "--json"],
        ["config", "--json", "--data", "{}"],
        ["--data", "{}", "config", "--json", "--data", "{}"],
    ],
)
def test_the_data_directory_stands_before_or_after(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--data DIR` means the same before the command, between its arguments and after them."""
    assert run([argument.replace("{}", str(tmp_path)) for argument in arguments]) == 0
    assert f'"data": "{tmp_path}"' in capsys.readouterr().out


def test_the_data_directory_of_a_group_counts_for_its_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may also stand between the two words of a command."""
    assert run(["audit", "--data", str(tmp_path / "absent"), "verify"]) == 3
    assert str(tmp_path / "absent") in capsys.readouterr().err


def test_two_data_directories_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command speaks of one daypass; two that differ are a usage error and nothing is done."""
    assert run(["--data", str(tmp_path / "a"), "config", "--data", str(tmp_path / "b")]) == 2
    assert "twice" in capsys.readouterr().err


def test_the_data_directory_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--data` it is DAYPASS_DATA."""
    monkeypatch.setenv("DAYPASS_DATA", str(tmp_path))
    assert run(["config", "--json"]) == 0
    assert f'"data": "{tmp_path}"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command"),
        (["up", "--prot", "1"], "No such option"),
        (["env", "--format", "xml"], "xml"),
        (["env", "--account", "123"], "12 digits"),
        (["key", "create"], "--user"),
        (["account", "create"], "NAME"),
        (["account", "create", "default"], "default"),
        (["account", "create", "a b"], "NAME"),
        (["root", "enable", "--save", "a]b"], "--save"),
        (["root", "mfa", "create", "--name", "a/b"], "--name"),
        (["root", "mfa", "enable", "123456", "12345"], "six digits"),
        (["up", "--ephemeral", "--data", "/nowhere"], "--ephemeral"),
        (["up", "--listen", "nonsense"], "HOST:PORT"),
        (["up", "--workers", "0"], "whole number from 1"),
    ],
)
def test_what_is_not_understood_exits_with_2(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong word is told on stderr, nothing is printed on stdout and nothing is made."""
    monkeypatch.setenv("DAYPASS_DATA", str(tmp_path / "data"))
    if "--data" in arguments:
        monkeypatch.delenv("DAYPASS_DATA")
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["account", "list"],
        ["key", "create", "--user", "admin"],
        ["keyring", "list"],
        ["audit", "tail"],
        ["root", "disable"],
    ],
)
def test_a_data_directory_that_is_not_there_exits_with_3(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command beside `up` makes no data directory; it names the one it missed and the option."""
    absent = tmp_path / "absent"
    assert run([*arguments, "--data", str(absent)]) == 3
    captured = capsys.readouterr()
    assert str(absent) in captured.err
    assert "--data" in captured.err
    assert not absent.exists()


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """`daypass … | head` ends quietly when the reader has seen enough."""
    command = f"{PROGRAM[0]} config --explain --data {tmp_path} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("listen")
    assert done.stderr == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_version_is_told(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`daypass version` names daypass and Python."""
    assert run(["version", *(["--json"] if form == "json" else [])]) == 0
    said = capsys.readouterr().out
    assert "daypass" in said
    assert "python" in said
