"""The five rings hold, and the check that says so notices a breach."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = [
    ("an engine that reads files", "sigv4/breach.py", "import pathlib"),
    ("an engine that uses another", "sessions/breach.py", "from daypass import policy"),
    ("a module without a ring", "breach.py", "import os"),
    ("a value that knows a service", "arn.py", "from daypass.services import iam"),
    ("a service that reaches for the database", "services/iam/breach.py", "from daypass.adapters import storage"),
    ("an operation that reads the clock", "operations/breach.py", "import time"),
    ("an adapter that knows an operation", "adapters/storage/breach.py", "from daypass.operations import call"),
    ("a server that goes round the operations", "server/breach.py", "from daypass.adapters import storage"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter as ``./dev lint`` does, on the tree in ``folder``."""
    code = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source tree with its contracts, free to be broken."""
    ignore = shutil.ignore_patterns("__pycache__", "*.json")
    shutil.copytree(ROOT / "src/daypass", tmp_path / "src/daypass", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rings_hold() -> None:
    """Every import contract of pyproject.toml is kept."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("why", "path", "line"), BREACHES, ids=[breach[0] for breach in BREACHES])
def test_a_breach_of_the_rings_is_noticed(copy: Path, why: str, path: str, line: str) -> None:
    """One forbidden import anywhere breaks a contract, and the answer names the module."""
    with copy.joinpath("src/daypass", path).open("a") as module:
        module.write(f"\n{line}\n")
    done = lint_imports(copy)
    assert done.returncode == 1
    assert "daypass." + path.removesuffix(".py").replace("/", ".") in done.stdout
