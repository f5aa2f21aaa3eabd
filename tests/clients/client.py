"""What is known of one client: how its program is made, how it is pointed at daypass, what it cannot do and why."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.clients.scenarios import BY_NAME

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".work/clients"
"""Installed and built programs outlive the run, each as long as the files it is made from stay as they are."""


@dataclass(frozen=True, slots=True)
class Program:
    """How a client's program is run, and which version of the client it has."""

    command: tuple[str, ...]
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """A row of the table. ``make`` installs and builds into ``KEPT`` and says how the program is run.

    ``pointed``: how a user points it at daypass, for the page of results. ``by_name``: the scenarios for which it gets
    no endpoint. ``endpoint``: the variable by which it gets one otherwise. ``fake_clock``: it asks the C library for
    the time, so that libfaketime moves its clock. ``everyday``: part of each run of the tests; the others wait for
    ``./dev clients``. ``cannot``: scenario → why not.
    """

    name: str
    make: Callable[[], Program]
    pointed: str
    everyday: bool = False
    by_name: frozenset[str] = BY_NAME
    endpoint: str = "AWS_ENDPOINT_URL"
    fake_clock: bool = True
    cannot: Mapping[str, str] = field(default_factory=dict)


def installed(program: str) -> str:
    """Where ``program`` is.

    Raises:
        AssertionError: it is nowhere; says what to do.
    """
    found = shutil.which(program)
    assert found, f"the tests of other people's clients need {program}: as root, ./dev test installs it"
    return found


def run(*command: str, folder: Path, seconds: float = 900, **environment: str) -> str:
    """What the command prints; it must succeed, and what it complained is told when it does not."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def kept(source: str | Path, make: Callable[[Path], object]) -> Path:
    """A copy of the folder ``source`` with what ``make`` adds to it: installed packages, a built program.

    Of processes that want the same at a time, one makes it.
    """
    source = HERE / source
    files = sorted(path for path in source.rglob("*") if path.is_file())
    content = sha256(b"".join(path.name.encode() + path.read_bytes() for path in files if path.suffix != ".pyc"))
    folder = KEPT / f"{source.name}-{content.hexdigest()[:12]}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(source, unfinished)
            make(unfinished)
            unfinished.rename(folder)
    return folder


def npm_installed(source: str | Path) -> Path:
    """A copy of the folder ``source`` with the packages that its lock file names."""
    return kept(source, lambda made: run(installed("npm"), "ci", "--no-audit", "--no-fund", folder=made))


def here() -> dict[str, str]:
    """Date and machine, for the record."""
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    machine = f"{os.cpu_count()} cores {platform.machine()}, {system}"
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine}
