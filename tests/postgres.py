"""A PostgreSQL server for the tests: made in a temporary directory, reached on loopback, ended with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

OWNER = "postgres"
"""Whom the server runs as when the tests run as root: it refuses to be root."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # kills of processes, not of the machine, are what the tests do
    "max_connections": "200",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


class PostgresServer:
    """One server. ``freeze`` and ``kill`` are how the tests take it away."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        self._run("initdb", "-D", str(home / "data"), "-A", "trust", "-U", OWNER, "-E", "UTF8", "-N", "--locale=C")

    def start(self) -> None:
        """Start the server and return when it answers."""
        settings = [f"-c{name}={value}" for name, value in {**_SETTINGS, "port": str(self.port)}.items()]
        command = [_program("postgres"), "-D", str(self.home / "data"), "-k", str(self.home), *settings]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **_as_owner())
        self._until_ready()

    def _until_ready(self) -> None:
        ends = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < ends, (self.home / "log").read_text()[-2000:]
                time.sleep(0.02)

    def url(self, database: str) -> str:
        """The libpq URI of a database of this server."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URI of a fresh, empty database."""
        name = f"test_{next(self._names)}"
        self.command(f"CREATE DATABASE {name}")
        return self.url(name)

    def command(self, statement: str) -> None:
        """Run one statement, as the owner of the server."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def freeze(self) -> None:
        """Stop every process of the server where it stands: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once, without a farewell to anybody."""
        pids = self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            time.sleep(0.01)

    def close(self) -> None:
        """End the server and remove its files."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.send_signal(signal.SIGQUIT)  # nothing in it is worth a checkpoint
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> list[int]:
        """Send the signal to the server and all its children; whom."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        pids = [self._process.pid, *map(int, children)]
        for pid in pids:
            with suppress(ProcessLookupError):  # a child that ended meanwhile
                os.kill(pid, number)
        return pids

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run([_program(name), *arguments], capture_output=True, check=False, text=True, **_as_owner())
        assert done.returncode == 0, done.stderr


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        pytest.fail(
            f"PostgreSQL's `{name}` is missing: install Debian's package `postgresql` (`./dev test` as root does)"
        )
    return found


def _as_owner() -> dict[str, Any]:
    environment = {**os.environ, "LC_ALL": "C"}
    if os.geteuid() != 0:
        return {"env": environment}
    owner = pwd.getpwnam(OWNER)
    return {"env": environment, "user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": "/"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_postgres() -> PostgresServer:
    """A running server of its own, for a test that takes it away; the caller closes it."""
    home = Path(tempfile.mkdtemp(prefix="daypass-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, OWNER, OWNER)
    server = PostgresServer(home)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's server; every test makes its own database in it."""
    server = start_postgres()
    yield server
    server.close()
