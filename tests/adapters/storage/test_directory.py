"""The directory of snapshots: what it answers at once, what it must learn first, and what it does when it cannot."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.adapters.storage import Storage, open_store, reads
from daypass.adapters.storage.memory import directory
from daypass.entities import User
from daypass.ports import NotLoaded, StoreUnavailable
from daypass.testing.backend import (
    ACCOUNT,
    OTHER,
    answer,
    create,
    everything,
    put,
    remove,
    role,
    together,
    until,
    user,
)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, user("a"), role("r"))
        yield storage


@pytest.fixture
def worker(storage: Storage, tmp_path: Path) -> Iterator[Storage]:
    """Another worker of the same host, which has the account in memory."""
    with open_store(None, tmp_path, follow=False) as worker:
        answer(worker)
        yield worker


def test_a_look_that_overlaps_an_own_write_does_not_forget_it(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that ends while the follower reads the log is still known afterwards: find answers without a thread."""

    def overlapped(*asked: object) -> object:
        monkeypatch.undo()
        changes = read_changes(*asked)  # type: ignore[arg-type]
        put(storage, user("meanwhile"))
        return changes

    read_changes = reads.read_changes
    monkeypatch.setattr(directory, "read_changes", overlapped)
    storage.directory.catch_up(probe=True)
    found = storage.directory.find(ACCOUNT)
    assert found is not None
    assert "meanwhile" in found.users_by_name


def test_find_never_misses_what_the_host_has_acknowledged(storage: Storage, worker: Storage) -> None:
    """While one worker changes the account without pause, no find of another is older than what was acknowledged."""
    acknowledged = 0
    ended = threading.Event()
    old: list[tuple[int, int]] = []

    def look() -> None:
        while not ended.is_set():
            least = acknowledged
            seen = int(answer(worker).users["AIDAa"].created)
            if seen < least:
                old.append((seen, least))

    def write() -> None:
        nonlocal acknowledged
        for n in range(1, 61):
            put(storage, User("AIDAa", "a", "/", n))
            acknowledged = n
        ended.set()

    answer(worker)
    put(storage, User("AIDAa", "a", "/", 0))
    assert together(write, look, look) == [None] * 3
    assert old == []
    assert answer(worker).users["AIDAa"].created == 60


def test_only_what_changed_is_read(storage: Storage, worker: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign change to one entity replaces that entity; everything else is the same object as before."""
    create(storage, OTHER)
    before = answer(worker)
    monkeypatch.setattr("daypass.adapters.storage.memory.directory.read_account", None)  # no account is read whole
    put(storage, replace(user("a"), path="/new/"), user("b"))
    remove(storage, role("r"))
    after = answer(worker)
    assert everything(after) == everything(answer(storage))
    assert after.access_keys is before.access_keys
    assert after.revision == before.revision + 2


def test_after_too_many_missed_changes_memory_starts_afresh(
    storage: Storage, worker: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work to catch up is bounded: beyond it the accounts are forgotten and loaded at their next use."""
    monkeypatch.setattr(reads, "MOST_CHANGES", 3)
    for n in range(5):
        put(storage, user(f"u{n}"))
    create(storage, OTHER)
    worker.poll()
    assert worker.revision() == storage.revision()
    for account in (ACCOUNT, OTHER):
        with pytest.raises(NotLoaded):
            worker.directory.find(account)
        assert everything(answer(worker, account)) == everything(answer(storage, account))


def test_after_the_change_log_was_cut_memory_starts_afresh(
    storage: Storage, worker: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that slept for longer than the log reaches back still ends with the truth."""
    monkeypatch.setattr("daypass.adapters.storage.transaction.KEPT_CHANGES", 2)
    monkeypatch.setattr("daypass.adapters.storage.transaction._PRUNE_EVERY", 2)
    for n in range(6):
        put(storage, user(f"u{n}"))
    assert everything(answer(worker)) == everything(answer(storage))
    assert storage.defects() == ()
    with storage._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM change_log").scalar_one() < 5


def test_a_database_put_back_to_an_older_state_is_followed(storage: Storage, worker: Storage) -> None:
    """When the change number went down (a backup was restored under us), memory does not keep the future."""
    put(storage, user("future"))
    answer(worker)
    with storage._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM entities WHERE id = 'AIDAfuture'")
        connection.exec_driver_sql("DELETE FROM change_log WHERE revision = 2")
        connection.exec_driver_sql("UPDATE accounts SET revision = 1")
        connection.exec_driver_sql("UPDATE change_head SET seq = seq - 1")
        connection.commit()
    worker.poll()
    assert set(answer(worker).users_by_name) == {"a"}


def test_a_change_during_a_load_is_not_lost(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that changes between being read and being kept is read again."""
    with open_store(None, tmp_path, follow=False) as fresh:
        real, calls = reads.read_account, 0

        def read_slowly(*arguments: object) -> object:
            nonlocal calls
            calls += 1
            snapshot = real(*arguments)  # type: ignore[arg-type]
            if calls == 1:
                put(storage, user("meanwhile"))
                fresh.poll()
            return snapshot

        monkeypatch.setattr("daypass.adapters.storage.memory.directory.read_account", read_slowly)
        fresh.directory.load(ACCOUNT)
        assert calls == 2
        found = fresh.directory.find(ACCOUNT)
        assert found is not None
        assert "meanwhile" in found.users_by_name


def test_a_writer_killed_before_the_beacon_is_followed_all_the_same(storage: Storage, worker: Storage) -> None:
    """A commit that never raised the beacon was never acknowledged, and arrives with the next look."""
    storage.directory._beacon.bump = lambda: storage.directory._view[0] + 1  # type: ignore[method-assign]
    put(storage, user("silent"))
    assert "silent" not in answer(worker).users_by_name
    worker.poll()
    assert "silent" in answer(worker).users_by_name


def test_a_follower_looks_by_itself(storage: Storage, tmp_path: Path) -> None:
    """With a follower thread a silent commit arrives within a second; closing ends the thread."""
    with open_store(None, tmp_path, follow=True) as following:
        answer(following)
        storage.directory._beacon.bump = lambda: storage.directory._view[0] + 1  # type: ignore[method-assign]
        put(storage, user("silent"))
        until(lambda: "silent" in answer(following).users_by_name, 1)
    assert "daypass-follower" not in {thread.name for thread in threading.enumerate()}


def test_what_this_code_cannot_read_is_not_passed_over(storage: Storage, worker: Storage) -> None:
    """An entity that a newer daypass wrote makes the account unavailable to this one, and it says it is behind."""
    with storage.store.transaction(ACCOUNT) as change:
        change.put(user("later"))
        change._connection.exec_driver_sql("UPDATE entities SET document = x'7b7d' WHERE id = 'AIDAlater'")
    with pytest.raises(NotLoaded):
        worker.directory.find(ACCOUNT)
    stale = worker.directory.load(ACCOUNT)
    assert stale is not None
    assert stale.revision == 1
    contact = worker.stale_for()
    time.sleep(0.05)
    worker.poll()
    assert worker.stale_for() > contact
    worker.directory._residents.clear()
    with pytest.raises(StoreUnavailable):
        worker.directory.load(ACCOUNT)


def test_asking_for_accounts_that_are_not_here_takes_no_memory(storage: Storage) -> None:
    """An access key id can name any account: none but those that exist is remembered, by either way of asking."""
    assert answer(storage) is not None
    kept = set(storage.directory._recent), set(storage.directory._known), set(storage.directory._wanted)
    for number in range(50):
        assert storage.directory.load(f"{number:012d}") is None
        assert storage.directory.find(f"{number:012d}") is None
    assert (storage.directory._recent, storage.directory._known, set(storage.directory._wanted)) == kept


def test_staleness_is_measured_on_the_clock_given(storage: Storage) -> None:
    """Seconds since the last contact, never negative, on the monotonic clock."""
    now = time.monotonic()
    assert storage.stale_for(now + 100) >= 99
    assert storage.stale_for(now - 100) == 0
