"""A real ``daypass up`` in a process of its own, for tests that drive the product from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = (str(Path(sys.executable).with_name("daypass")),)
READY = re.compile(r"^daypass ready (https?://\S+)$", re.MULTILINE)


def run(*arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one ``daypass`` command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Running:
    """A daypass that has said it is ready. ``log`` is what it has printed on stderr so far."""

    process: subprocess.Popen[str]
    data: Path
    url: str
    said: str
    _log: Path = field(repr=False)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def command(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a ``daypass`` command on this daypass's data directory."""
        return run(*arguments, "--data", str(self.data), env=env)

    def environment(self, *arguments: str) -> dict[str, str]:
        """This process's environment with what ``daypass env`` adds to it."""
        import json

        done = self.command("env", "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return {**os.environ, **json.loads(done.stdout)}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait for its end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def up(
    data: Path,
    *options: str,
    env: Mapping[str, str] | None = None,
    program: tuple[str, ...] = PROGRAM,
    named: bool = True,
) -> Iterator[Running]:
    """Start ``daypass up`` on ``data`` and a free port, wait until it is ready, kill it at the end.

    ``named``: give it ``--data``; without, ``options`` say where its data is.
    """
    log = data.parent / f"{data.name}.log"
    listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
    place = ("--data", str(data)) if named else ()
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [*program, "up", *place, *listen, *options],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        said = _until_ready(process, log)
        yield Running(process, data, READY.search(said)[1], said, log)  # type: ignore[index]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def _until_ready(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if READY.match(line):
            return said
    process.wait(30)
    raise AssertionError(f"exit code {process.returncode} before it was ready:\n{said}\n{log.read_text()[-4000:]}")


def eventually(true: object, seconds: float = 10.0) -> bool:
    """Whether ``true()`` becomes true within ``seconds``."""
    assert callable(true)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.005)
    return False
