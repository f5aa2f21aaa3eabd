"""The terminals a reader has open while following a page: one to type into, others in which a daypass runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

BIN = Path(sys.executable).parent
SECONDS = 60.0
"""How long one block may take."""

_SECRET_ACCESS_KEY = re.compile(rb"(?<![\w/+.-])[A-Za-z0-9/+]{40}(?![\w/+=.-])")
_READY = re.compile(r"^daypass ready (\S+)$", re.MULTILINE)


class Terminals:
    """A home directory of the reader's own, one shell for all blocks of a page, and the daypasses the page starts.

    Every daypass listens on a port of its own, since the usual one may be taken; what was printed shows the usual one.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._count = 0
        self._servers: list[subprocess.Popen[str]] = []
        self._environment = {
            **os.environ,
            "HOME": str(home),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "DAYPASS_LISTEN": "127.0.0.1:0",
        }
        self._log = home.joinpath(".shell.log")
        self._shell = self._start(["bash", "--noprofile", "--norc"], self._log.open("w"), stdin=subprocess.PIPE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        for process in (self._shell, *self._servers):
            self._end(process)

    def _start(self, command: list[str], out: IO[str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        with out:
            return subprocess.Popen(
                command,
                cwd=self._home,
                env=self._environment,
                stdin=stdin,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                umask=0o022,
            )

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        """Ask the whole group to stop, as closing the window does."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def save(self, name: str, text: str) -> None:
        """A file that the page tells the reader to make."""
        path = self._home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def type(self, text: str, *, fails: bool = False) -> str:
        """Run a block in the shell and return what it printed. ``fails``: its last command must not succeed."""
        mark = f"-- end of block {self._count} --"
        name = self._keep(text)
        before = self._log.stat().st_size
        strict, lax = ("", "") if fails else ("set -eo pipefail\n", "set +eo pipefail\n")
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{strict}. {name}\nstatus=$?\n{lax}printf '\\n%s %d\\n' '{mark}' $status\n")
        self._shell.stdin.flush()
        said = self._until(before, mark)
        output, _, status = said.partition(f"\n{mark}")
        assert status, f"the shell ended:\n{output}"
        assert bool(int(status)) == fails, f"exit code {status.strip()}:\n{output}"
        return _with_usual_port(output)

    def exposed(self) -> list[str]:
        """The files with a secret access key in them that others on the reader's machine could read."""
        found = []
        for folder, below, names in os.walk(self._home):
            below[:] = [name for name in below if Path(folder, name).stat().st_mode & 0o011]
            paths = [Path(folder, name) for name in names if not name.startswith((".block-", ".shell.", ".terminal-"))]
            found += [path.name for path in paths if path.is_file() and _is_exposed(path)]
        return found

    def _until(self, offset: int, mark: str) -> str:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with self._log.open() as log:
                log.seek(offset)
                said = log.read()
            if f"{mark} " in said and said.endswith("\n"):
                return said
            if self._shell.poll() is not None:
                return said
            time.sleep(0.02)
        raise AssertionError(f"no end after {SECONDS:.0f} s:\n{said}")

    def open_another(self, text: str) -> str:
        """Run a block in a terminal of its own until its daypass is ready; what it printed until then."""
        log = self._home / f".terminal-{self._count}.log"
        process = self._start(["bash", "-e", str(self._keep(text))], log.open("w"))
        self._servers.append(process)
        end = time.monotonic() + SECONDS
        while not _READY.search(log.read_text()):
            assert process.poll() is None, f"exit code {process.returncode}:\n{log.read_text()}"
            assert time.monotonic() < end, f"not ready:\n{log.read_text()}"
            time.sleep(0.02)
        return _with_usual_port(log.read_text())

    def _keep(self, text: str) -> Path:
        self._count += 1
        path = self._home / f".block-{self._count}.sh"
        path.write_text(text)
        return path


def _is_exposed(path: Path) -> bool:
    if not path.stat().st_mode & 0o044:
        return False
    words = _SECRET_ACCESS_KEY.findall(path.read_bytes())
    words = [word for word in words if not word.endswith(b"EXAMPLEKEY")]  # the one that AWS's own pages print
    return any(re.search(rb"\d", word) and re.search(rb"[a-z]", word) and re.search(rb"[A-Z]", word) for word in words)


def _with_usual_port(text: str) -> str:
    return re.sub(r"(https?://127\.0\.0\.1):\d+", r"\1:7177", text)
