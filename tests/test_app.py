"""The composition root: what it refuses to put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from daypass.adapters.storage import DataDirectoryError
from daypass.testing.local import LocalDaypass


def test_a_lost_database_is_told_and_not_made_anew(tmp_path: Path) -> None:
    """A used directory without its database refuses to start, and nothing is made in it."""
    data = tmp_path / "data"
    with LocalDaypass(data) as daypass:
        account = daypass.account
    kept = {file: file.read_bytes() for file in data.glob("daypass.db*")}
    for file in kept:
        file.unlink()
    before = sorted(path.name for path in data.iterdir())
    with pytest.raises(DataDirectoryError, match="is missing"), LocalDaypass(data):
        pass
    assert sorted(path.name for path in data.iterdir()) == before
    for file, content in kept.items():
        file.write_bytes(content)
        file.chmod(0o600)
    with LocalDaypass(data) as daypass:
        assert daypass.account == account
