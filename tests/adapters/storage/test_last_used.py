"""Last-used times: noted for nothing, written rarely."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daypass.adapters.storage import Storage, last_used, open_store
from daypass.ports import LastUse
from daypass.testing.backend import ACCOUNT, create, remove, role


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, *[role(f"k{n}") for n in ("", *range(1_203))])
        yield storage


def rows(storage: Storage) -> int:
    with storage._database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM last_used").scalar_one())


def test_polling_writes_at_most_once_a_minute(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses are written with the first poll after a minute and not before."""
    now = time.monotonic()
    monkeypatch.setattr(last_used, "monotonic", lambda: now)
    storage.last_used.flush()
    storage.last_used.touch(ACCOUNT, "AROAk", LastUse(1, "r", "s"))
    now += 59
    storage.poll()
    assert rows(storage) == 0
    now += 1
    storage.poll()
    assert rows(storage) == 1


def test_ten_thousand_uses_of_one_key_are_one_row_of_one_size(storage: Storage) -> None:
    """However often a key is used, the store holds one row for it and writes nothing in between."""
    for at in range(10_000):
        storage.last_used.touch(ACCOUNT, "AROAk", LastUse(1_700_000_000 + at, "eu-central-1", "sts"))
    assert rows(storage) == 0
    storage.last_used.flush()
    assert rows(storage) == 1
    assert storage.last_used.find(ACCOUNT, "AROAk") == LastUse(1_700_009_999, "eu-central-1", "sts")


def test_more_uses_than_one_batch_are_all_written(storage: Storage) -> None:
    """A flush of many keys leaves none behind."""
    for n in range(1_203):
        storage.last_used.touch(ACCOUNT, f"AROAk{n}", LastUse(n, "r", "s"))
    storage.last_used.flush()
    assert rows(storage) == 1_203
    assert storage.last_used.find(ACCOUNT, "AROAk1202") == LastUse(1202, "r", "s")


def test_an_account_is_read_once_a_minute_and_own_writes_are_seen(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding a thousand roles' last use asks the store once; what this process flushed is never forgotten."""
    now = time.monotonic()
    monkeypatch.setattr(last_used, "monotonic", lambda: now)
    assert storage.last_used.find(ACCOUNT, "AROAk") is None
    storage.last_used.touch(ACCOUNT, "AROAk", LastUse(5, "r", "s"))
    storage.last_used.flush()
    monkeypatch.setattr(storage.last_used._database, "reading", None)
    assert storage.last_used.find(ACCOUNT, "AROAk") == LastUse(5, "r", "s")
    monkeypatch.undo()
    with storage._database.writing() as connection:
        connection.exec_driver_sql("UPDATE last_used SET at = 9")
        connection.commit()
    now += 61
    monkeypatch.setattr(last_used, "monotonic", lambda: now)
    assert storage.last_used.find(ACCOUNT, "AROAk") == LastUse(9, "r", "s")


def test_what_was_deleted_since_its_use_gets_no_row(storage: Storage) -> None:
    """A use that was noted before its role or key was deleted is not written afterwards."""
    for name in ("k", "k1"):
        storage.last_used.touch(ACCOUNT, f"AROA{name}", LastUse(5, "r", "s"))
    remove(storage, role("k"))
    storage.last_used.flush()
    assert rows(storage) == 1
    assert storage.last_used.find(ACCOUNT, "AROAk1") == LastUse(5, "r", "s")
