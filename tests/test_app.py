"""The composition root: what it refuses to put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from daypass.adapters.storage import DataDirectoryError
from daypass.settings import SettingsError
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


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (None, 0, "cannot be read"),
        ("", 0o600, "endpoint_policy: "),
        ("{}", 0o600, "endpoint_policy: "),
        ('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}', 0o600, "Missing required field Principal"),
        ('{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}', 0o600, "names no resource"),
        ('{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}', 0o602, "written by everybody"),
    ],
)
def test_an_endpoint_policy_that_cannot_be_used_refuses_to_start(
    tmp_path: Path, text: str | None, mode: int, said: str
) -> None:
    """A file that is missing, empty, malformed or open to everybody is an error, and no node comes up without it."""
    file = tmp_path / "endpoint.json"
    if text is not None:
        file.write_text(text)
        file.chmod(mode)
    with (
        pytest.raises(SettingsError, match=said) as refused,
        LocalDaypass(tmp_path / "data", endpoint_policy=str(file)),
    ):
        pass
    assert refused.value.advice
