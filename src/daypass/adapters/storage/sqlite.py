"""SQLite as the store: one private file in WAL mode, durable at every commit, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.pool import QueuePool

from daypass.adapters.storage.deadlines import PATIENCE, remaining

_PAUSE = 0.002
"""Seconds between two tries to become the writer. SQLite's own handler waits up to 100 ms and starves under load."""

_PRAGMAS = (
    "journal_mode=WAL",
    # INVARIANT: 3. an acknowledged write survives kill -9 and power loss: the WAL is synced at every commit.
    # tests/faults/test_kill.py::test_no_acknowledged_write_is_lost_when_the_writer_is_killed.
    "synchronous=FULL",
    "busy_timeout=900",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)


def sqlite_engine(path: Path) -> Engine:
    """An engine on ``path``, which is made with mode 0600 when absent (SQLite gives its side files the same mode)."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: _connect(path),
        pool_size=8,
        max_overflow=24,
        pool_timeout=PATIENCE,
        poolclass=QueuePool,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level None: the driver begins nothing by itself; `_begin` below says what kind of transaction it is.
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


def _begin(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    if connection.get_execution_options().get("writes"):
        _become_writer(driver, time.monotonic() + remaining(PATIENCE))
    else:
        driver.execute("BEGIN").close()


def _become_writer(driver: sqlite3.Connection, ends: float) -> None:
    driver.execute("PRAGMA busy_timeout=0").close()
    try:
        while not _is_writer(driver, last=time.monotonic() >= ends):
            time.sleep(_PAUSE)
    finally:
        driver.execute("PRAGMA busy_timeout=900").close()


def _is_writer(driver: sqlite3.Connection, *, last: bool) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE").close()
        return True
    except sqlite3.OperationalError as error:
        if last or not _is_busy(error):
            raise
        return False


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def spelled(statement: ClauseElement) -> str:
    """``statement`` in SQLite's words, its parameters by name."""
    return str(statement.compile(dialect=SQLiteDialect(paramstyle="named")))


class LoneStatements:
    """A connection for statements that are a transaction each: a third of the work of one that is begun and committed.

    One thread at a time may use it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._driver: sqlite3.Connection | None = None

    def execute(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        """The rows that ``statement`` returns, durable as all commits are.

        Raises:
            sqlite3.OperationalError: nothing was changed; another process was the writer for too long, or the disk
                refuses.
        """
        driver = self._driver or self._open()
        ends = time.monotonic() + remaining(PATIENCE)
        while True:
            try:
                return driver.execute(statement, parameters).fetchall()  # it is over with the last row, not before
            except sqlite3.OperationalError as error:
                if time.monotonic() >= ends or not _is_busy(error):
                    raise
            time.sleep(_PAUSE)

    def _open(self) -> sqlite3.Connection:
        driver = self._driver = _connect(self._path)
        driver.execute("PRAGMA busy_timeout=0").close()
        return driver

    def close(self) -> None:
        """Close the connection; the next statement opens another."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None
