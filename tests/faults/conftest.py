"""The stores that a running daypass is tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.postgres import PostgresServer


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


Act = Callable[[], object]
