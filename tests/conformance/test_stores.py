"""Both stores keep what every store must keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from daypass.testing.storage import Backend, StorageConformance
from tests.postgres import PostgresServer


def _directories(tmp_path: Path) -> tuple[Path, Path]:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir(0o700)
    elsewhere.mkdir(0o700)
    return here, elsewhere


class TestSqlite(StorageConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        here, elsewhere = _directories(tmp_path)
        return Backend(None, here, f"sqlite:///{here}/daypass.db", elsewhere)


class TestPostgres(StorageConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path, postgres: PostgresServer) -> Backend:
        here, elsewhere = _directories(tmp_path)
        url = postgres.new_database()
        return Backend(url, here, url, elsewhere)
