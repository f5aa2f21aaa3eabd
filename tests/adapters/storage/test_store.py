"""Transactions: what happens between the first statement and the answer, and what when it goes wrong there."""

from __future__ import annotations

import resource
import secrets
import sqlite3
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from daypass.adapters.storage import Storage, open_store
from daypass.ports import OutcomeUnknown, StoreUnavailable
from daypass.testing.backend import ACCOUNT, answer, create, everything, put, user


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, user("a"))
        yield storage


def failing_commit(*, invalidated: bool) -> OperationalError:
    return OperationalError(
        "COMMIT", {}, sqlite3.OperationalError("disk I/O error"), connection_invalidated=invalidated
    )


@pytest.mark.parametrize(("invalidated", "refusal"), [(False, StoreUnavailable), (True, OutcomeUnknown)])
def test_a_change_whose_commit_fails_is_not_published(
    storage: Storage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    invalidated: bool,
    refusal: type[StoreUnavailable],
) -> None:
    """A failed commit changes neither memory nor beacon; a lost connection says that nobody knows."""
    before, beacon = everything(answer(storage)), storage.directory._view[0]

    def commit(connection: object) -> None:
        raise failing_commit(invalidated=invalidated)

    monkeypatch.setattr("sqlalchemy.Connection.commit", commit)
    with pytest.raises(StoreUnavailable) as refused:
        put(storage, user("b"))
    monkeypatch.undo()
    assert type(refused.value) is refusal
    assert everything(answer(storage)) == before
    assert storage.directory._view[0] == beacon
    with open_store(None, tmp_path, follow=False) as other:
        assert everything(answer(other)) == before


def test_flush_writes_all_that_could_be_refused(storage: Storage) -> None:
    """After flush only change numbers and the commit are missing; flushing twice or without change is nothing."""
    with storage.store.transaction(ACCOUNT) as change:
        change.flush()
        change.put(user("b"))
        change.flush()
        change.flush()
        rows = change._connection.exec_driver_sql("SELECT revision FROM accounts").scalar_one()
        assert rows == change.revision == 2
        assert change._connection.exec_driver_sql("SELECT seq FROM change_head").scalar_one() == storage.revision() == 2
    assert storage.revision() == 3


def test_a_change_after_the_flush_still_counts(storage: Storage) -> None:
    """What is put after a flush is committed under the same revision."""
    with storage.store.transaction(ACCOUNT) as change:
        change.put(user("b"))
        change.flush()
        change.put(user("c"))
    assert set(answer(storage).users_by_name) == {"a", "b", "c"}
    assert answer(storage).revision == 2
    assert storage.defects() == ()


def test_putting_and_deleting_the_same_entity_leaves_its_last_state(storage: Storage) -> None:
    """One log row for each entity says how it ended, however often it was touched."""
    with storage.store.transaction(ACCOUNT) as change:
        change.put(user("b"))
        change.delete("user", "AIDAb")
        change.delete("user", "AIDAa")
        change.put(user("a", path="/back/"))
        change.put(user("a", path="/again/"))
    found = answer(storage)
    assert {name: found.users_by_name[name].path for name in found.users_by_name} == {"a": "/again/"}
    with storage._database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT id, deleted FROM change_log WHERE revision = 2").all()
    assert sorted(map(tuple, rows)) == [("AIDAa", 0), ("AIDAb", 1)]


def test_a_writer_that_hangs_makes_the_next_one_unavailable_in_time(storage: Storage, tmp_path: Path) -> None:
    """While one process sits on the write lock another is refused within a second, and readers go on."""
    with open_store(None, tmp_path, follow=False) as other, storage.store.transaction(ACCOUNT) as change:
        change.put(user("b"))
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            put(other, user("c"))
        assert time.monotonic() - started < 1.5
        assert set(answer(other).users_by_name) == {"a"}


def test_a_thread_that_hangs_makes_the_next_one_unavailable_in_time(storage: Storage) -> None:
    """The same inside one process, where threads take turns."""
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        with storage.store.transaction(ACCOUNT) as change:
            change.put(user("b"))
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=hang)
    thread.start()
    entered.wait(10)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        put(storage, user("c"))
    assert time.monotonic() - started < 1.5
    leave.set()
    thread.join()
    assert set(answer(storage).users_by_name) == {"a", "b"}


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Files of this process can grow to ``room`` bytes and no further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_refuses_changes_and_nothing_else(storage: Storage, tmp_path: Path) -> None:
    """When the database cannot grow, changes are refused whole, finding goes on, and room makes all well again."""
    wal = (tmp_path / "daypass.db-wal").stat().st_size
    done = 0
    with full_disk(wal + 200_000):
        with pytest.raises(StoreUnavailable):  # noqa: PT012 - which of them fails is the disk's choice
            for n in range(1000):
                put(storage, user(f"u{n}"))
                done = n + 1
        assert storage.directory.find(ACCOUNT) is not None
        with pytest.raises(StoreUnavailable):
            put(storage, *[user(f"many{n}") for n in range(300)])
    put(storage, user("after"))
    with open_store(None, tmp_path, follow=False) as reopened:
        names = set(answer(reopened).users_by_name)
        assert names == {"a", "after", *[f"u{n}" for n in range(done)]}
        assert everything(answer(reopened)) == everything(answer(storage))
        assert reopened.defects() == ()
    assert done > 5


def test_no_secret_stands_in_an_error_of_the_database(storage: Storage) -> None:
    """Error texts of the database, causes included, show statements and never what was bound to them."""
    secret = secrets.token_hex(8)
    with pytest.raises(StoreUnavailable) as refused, storage._database.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM absent WHERE secret = ?", (secret,))
    shown = "".join(traceback.format_exception(refused.value))
    assert "SELECT * FROM absent" in shown
    assert secret not in shown
