"""`./dev` and `.ci/run`: what they promise, tried in a copy with stand-ins for what they call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = ["up", "test", "fmt", "lint", "docs", "bench", "clients", "nightly", "release"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with nothing in it but the two scripts and pyproject.toml."""
    for name in ("dev", ".ci/run", "pyproject.toml"):
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path / "checkout"


def stand_in(copy: Path, name: str, script: str) -> None:
    """Put a program called ``name`` before the real one."""
    path = copy.parent / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def ran(copy: Path, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the copy with the stand-ins in front, and an empty HOME."""
    environ = {"HOME": str(copy.parent), "PATH": f"{copy.parent / 'bin'}:{os.environ['PATH']}", **environ}
    return subprocess.run(
        command, cwd=copy.parent, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_verbs_are_listed(copy: Path) -> None:
    """Without a verb it says what there is; each verb said exists."""
    said = ran(copy, str(copy / "dev"))
    assert said.returncode == 0
    assert re.findall(r"^  (\w+)  +\S", said.stdout, re.MULTILINE) == VERBS
    script = (copy / "dev").read_text()
    assert all(f"\nverb_{verb}() " in script for verb in VERBS)


def test_an_unknown_verb_exits_with_2(copy: Path) -> None:
    """And shows what there is."""
    said = ran(copy, str(copy / "dev"), "deploy")
    assert said.returncode == 2
    assert "release" in said.stdout


@pytest.mark.parametrize("root", [True, False])
def test_a_python_without_venv_is_told_with_the_line_that_helps(copy: Path, root: bool) -> None:
    """Root gets the package installed; when that fails, like anyone else, the line to type. Nothing half-made stays."""
    stand_in(copy, "half-python", 'case "$*" in *ensurepip*) exit 1;; esac; exit 0')
    stand_in(copy, "id", f"echo {0 if root else 1000}")
    stand_in(copy, "apt-get", f'echo "$@" >>{copy.parent}/asked; exit 1')
    said = ran(copy, str(copy / "dev"), "up", PYTHON="half-python")
    assert said.returncode == 1
    assert "apt-get install python3-venv" in said.stderr
    assert not (copy / ".venv").exists()
    assert (copy.parent / "asked").exists() == root


def environment_of(copy: Path, python: str) -> None:
    """A made environment whose python is ``python``."""
    folder = copy / ".venv/bin"
    folder.mkdir(parents=True)
    folder.joinpath("python").write_text(f"#!/bin/sh\n{python}\n")
    folder.joinpath("daypass").write_text('#!/bin/sh\necho "daypass $* in $(pwd)"\nexit 7\n')
    for program in folder.iterdir():
        program.chmod(0o755)


def test_up_hands_its_arguments_on_and_installs_once(copy: Path) -> None:
    """Arguments, directory and exit code are those of `daypass up`; the second start installs nothing."""
    environment_of(copy, f'echo "$@" >>{copy.parent}/calls')
    for _ in range(2):
        said = ran(copy, str(copy / "dev"), "up", "--data", "a b")
        assert said.returncode == 7
        assert said.stdout == f"daypass up --data a b in {copy.parent}\n"
    assert (copy.parent / "calls").read_text().count("-m pip install") == 1
    with (copy / "pyproject.toml").open("a") as changed:
        changed.write("# changed\n")
    ran(copy, str(copy / "dev"), "up")
    assert (copy.parent / "calls").read_text().count("-m pip install") == 2


def test_a_failed_installation_is_tried_again(copy: Path) -> None:
    """Only what succeeded is remembered."""
    environment_of(copy, f'echo "$@" >>{copy.parent}/calls; case "$*" in *"-m pip install"*) exit 1;; esac')
    for _ in range(2):
        assert ran(copy, str(copy / "dev"), "up").returncode == 1
    assert (copy.parent / "calls").read_text().count("-m pip install") == 2


def test_tests_get_their_arguments_and_give_their_code(copy: Path) -> None:
    """`./dev test` runs pytest in two processes, hands arguments on and ends as pytest did."""
    environment_of(copy, 'case "$*" in "-m pytest"*) echo "$@"; exit 5;; esac')
    stand_in(copy, "id", "echo 1000")
    said = ran(copy, str(copy / "dev"), "test", "-k", "some thing")
    assert said.returncode == 5
    assert said.stdout == "-m pytest -n 2 --dist loadfile -k some thing\n"


@pytest.mark.parametrize(
    ("lint", "tests", "code"),
    [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 5, 5)],
)
def test_continuous_integration_fails_when_either_fails(copy: Path, lint: int, tests: int, code: int) -> None:
    """Both always run, the code is not 0 unless both are, and pytest's closing line is the last of stdout."""
    stub = f'#!/bin/sh\ncase $1 in lint) echo linted; exit {lint};; test) echo "3 passed in 1s"; exit {tests};; esac\n'
    (copy / "dev").write_text(stub)
    said = ran(copy, str(copy / ".ci/run"))
    assert said.returncode == code
    assert said.stdout.splitlines() == ["linted", "3 passed in 1s"]


def test_several_verbs_run_in_a_row_until_one_fails(copy: Path) -> None:
    """`./dev docs lint` is `./dev docs && ./dev lint`."""
    environment_of(copy, 'case "$*" in *mypy*) echo mypy; exit 1;; *ruff*) echo "$@";; esac')
    said = ran(copy, str(copy / "dev"), "fmt", "lint", "fmt")
    assert said.returncode == 1
    assert said.stdout.count("ruff format .") == 1
    assert "mypy" in said.stdout


@pytest.mark.nightly
def test_a_fresh_clone_comes_up_within_a_minute(tmp_path: Path) -> None:
    """`git clone`, an empty HOME, `./dev up`: ready in 60 seconds (needs the package index)."""
    import time

    from tests.running import eventually

    subprocess.run(["git", "clone", "-q", ROOT, tmp_path / "clone"], check=True, timeout=120)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "TESTS_"))}
    environ = {**kept, "HOME": str(tmp_path), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    said = tmp_path / "said"
    began = time.monotonic()
    with said.open("w") as out:
        process = subprocess.Popen([tmp_path / "clone/dev", "up", "--listen", "127.0.0.1:0"], env=environ, stdout=out)
    try:
        assert eventually(lambda: "daypass ready" in said.read_text(), 120)
        assert time.monotonic() - began < 60
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(30)
