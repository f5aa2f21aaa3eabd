"""Other people's programs, started for a test on a port of this machine and gone after it."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from daypass.adapters import development_ca

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Authority:
    """Who vouches for the https of the providers here, and a certificate for 127.0.0.1 with its key."""

    files: development_ca.Files

    @property
    def pem(self) -> str:
        """What whoever asks them is told to trust."""
        return self.files.authority.read_text()

    @property
    def trust(self) -> ssl.SSLContext:
        """The same for clients in this process."""
        return ssl.create_default_context(cafile=str(self.files.authority))


def new_authority(folder: Path, *names: str) -> Authority:
    """An authority for this machine and ``names``, its files in ``folder``."""
    files = development_ca.Files.of(folder)
    development_ca.make(files, names, time.time())
    return Authority(files)


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind((address, 0))
        return int(free.getsockname()[1])


@contextmanager
def started(
    command: tuple[str, ...], asked: str, *, folder: Path, seconds: float = 60, **environment: str
) -> Iterator[None]:
    """Run ``command`` until the block ends; it begins when the URL ``asked`` answers.

    Raises:
        AssertionError: it does not answer within ``seconds``; says what it printed.
    """
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await(asked, process, log, seconds)
        yield
    finally:
        # The whole group: some are started by a script that does not hand signals on.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def _await(asked: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    unverified = ssl._create_unverified_context()
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(asked, timeout=10, context=unverified):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"{process.args}: exit code {process.poll()}\n{log.read_text(errors='replace')[-4000:]}")


def filled_in(source: Path, target: Path, values: Mapping[str, str]) -> None:
    """Copy the folder ``source`` to ``target`` with each ``@NAME@`` replaced by its value."""
    for path in source.rglob("*"):
        if path.is_file():
            text = path.read_text()
            for name, value in values.items():
                text = text.replace(f"@{name}@", value)
            made = target / path.relative_to(source)
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(text)
