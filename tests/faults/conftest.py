"""The stores that a running daypass is tried on, and how one is taken away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.cold_start import Node
from daypass.adapters.storage.disk_snapshot import DiskSnapshot
from daypass.settings import load
from tests.postgres import PostgresServer, start_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The options of ``daypass up`` that choose the store."""
    if request.param == "sqlite":
        return ()
    server: PostgresServer = request.getfixturevalue("postgres")
    return ("--database", server.new_database())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where a daypass may keep its data."""
    return tmp_path / "data"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of its own, since it is taken away."""
    server = start_postgres()
    yield server
    server.close()


@pytest.fixture(params=["frozen", "killed"])
def away(request: pytest.FixtureRequest, server: PostgresServer) -> Iterator[Callable[[bool], None]]:
    """``away(True)`` takes the database away, ``away(False)`` brings it back."""
    gone = False

    def turn(wanted: bool) -> None:
        nonlocal gone
        if wanted == gone:
            return
        gone = wanted
        if request.param == "frozen":
            (server.freeze if wanted else server.thaw)()
        else:
            (server.kill if wanted else server.start)()

    yield turn
    turn(False)


def node_of(data: Path, **other: Any) -> Node:
    """The node in ``data`` with default settings, or ``other`` ones."""
    settings = load(data, {}, {}).settings
    stated = {"max_stale": 90_000, "snapshot_bytes": 64 << 20, "now": time.time}
    return Node(settings.database, data, **{**stated, **other})


def snapshot_of(data: Path) -> DiskSnapshot:
    """The disk snapshot in ``data``, which must be fit for a start."""
    held = node_of(data).snapshot()
    assert held is not None
    return held


Act = Callable[[], object]
