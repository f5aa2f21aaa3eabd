"""PostgreSQL is frozen, killed, back: memory goes on, the rest is refused within a second, recovery is quick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daypass.adapters.storage import Storage, open_store
from daypass.ports import LastUse, NotLoaded, StoreUnavailable
from daypass.testing.backend import ACCOUNT, OTHER, access_key, answer, create, put, remove, together, until, user
from tests.postgres import PostgresServer

LIMIT = 1.0
"""Seconds in which a refusal must come."""

SLACK = 0.5
"""Seconds more that a busy machine may take until a thread runs again."""


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.new_database()


@pytest.fixture
def storage(server: PostgresServer, url: str, tmp_path: Path) -> Iterator[Storage]:
    """A store that follows, with one account in memory and one that is not."""
    with open_store(url, tmp_path, follow=False) as before:
        create(before, ACCOUNT, user("known"), access_key("x", "known"))
        create(before, OTHER, user("unknown"))
    with open_store(url, tmp_path, follow=True) as storage:
        answer(storage)
        yield storage


def refused_after(act: Callable[[], object]) -> float:
    """How long it took ``act`` to be refused for want of the store."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        act()
    return time.monotonic() - started


def test_memory_answers_and_the_rest_is_refused_within_a_second(storage: Storage, away: Callable[[bool], None]) -> None:
    """With the database away, loaded accounts are found; loading, changing and key swaps are refused in time."""
    known = storage.directory.find(ACCOUNT)
    away(True)
    acts: list[Callable[[], object]] = [
        lambda: put(storage, user("new")),
        lambda: storage.directory.load(OTHER),
        storage.sealing_keys.load,
        lambda: storage.installation.settle("fact", "value"),
        lambda: storage.last_used.find(ACCOUNT, "AKIAx"),
    ]
    for act in (*acts, *acts):
        assert refused_after(act) < LIMIT + SLACK
        assert storage.directory.find(ACCOUNT) is known
        with pytest.raises(NotLoaded):
            storage.directory.find(OTHER)


def test_many_who_wait_are_all_refused_within_a_second(storage: Storage, away: Callable[[bool], None]) -> None:
    """Thirty callers at once do not queue up behind each other's time-outs."""
    away(True)
    took = together(*[lambda: refused_after(lambda: put(storage, user("new")))] * 30)
    assert all(isinstance(seconds, float) and seconds < LIMIT + SLACK for seconds in took), took


def test_what_is_known_of_the_loss_is_told_and_forgotten(storage: Storage, away: Callable[[bool], None]) -> None:
    """Staleness grows while the database is away, and within 5 s of its return everything works again."""
    assert storage.stale_for() < LIMIT
    away(True)
    time.sleep(2)
    assert storage.stale_for() > 1.5
    away(False)
    took = until(lambda: storage.stale_for() < LIMIT, 5)
    put(storage, user("after"))
    assert took < 5
    assert set(answer(storage, OTHER).users_by_name) == {"unknown"}
    assert set(answer(storage).users_by_name) == {"known", "after"}


def test_last_uses_wait_for_the_database(storage: Storage, away: Callable[[bool], None]) -> None:
    """A flush that fails keeps what it could not write, and the next one writes it."""
    away(True)
    storage.last_used.touch(ACCOUNT, "AKIAx", LastUse(5, "eu-west-1", "sts"))
    with pytest.raises(StoreUnavailable):
        storage.last_used.flush()
    assert storage.last_used.find(ACCOUNT, "AKIAx") == LastUse(5, "eu-west-1", "sts")
    away(False)
    until(lambda: flushes(storage), 5)
    assert storage.last_used.find(ACCOUNT, "AKIAx") == LastUse(5, "eu-west-1", "sts")


def flushes(storage: Storage) -> bool:
    """Whether last uses can be written now."""
    try:
        storage.last_used.flush()
        return True
    except StoreUnavailable:
        return False


def test_a_missed_change_does_not_stop_memory_and_is_applied_at_first_contact(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    """A worker that knows it lacks a change, and cannot read it, goes on from memory until the database answers."""
    with open_store(url, tmp_path, follow=False) as storage, open_store(url, tmp_path, follow=False) as other:
        create(storage, ACCOUNT, user("known"))
        answer(storage)
        remove(other, user("known"))
        server.freeze()
        try:
            with pytest.raises(NotLoaded):
                storage.directory.find(ACCOUNT)
            stale = storage.directory.load(ACCOUNT)
            assert stale is not None
            assert storage.directory.find(ACCOUNT) is stale
            assert set(stale.users_by_name) == {"known"}
        finally:
            server.thaw()
        storage.poll()
        assert not answer(storage).users


def test_past_the_limit_memory_no_longer_answers(server: PostgresServer, url: str, tmp_path: Path) -> None:
    """A process that has learnt nothing for longer than allowed refuses, and answers again after contact."""
    with open_store(url, tmp_path, follow=True, max_stale=1.0) as storage:
        create(storage, ACCOUNT, user("known"))
        assert storage.directory.find(ACCOUNT)
        server.freeze()
        try:
            until(lambda: refuses(storage), 10)
            assert storage.stale_for() > 1.0
            assert refused_after(lambda: storage.directory.load(ACCOUNT)) < LIMIT + SLACK
        finally:
            server.thaw()
        until(lambda: not refuses(storage), 5)
        assert answer(storage).users


def refuses(storage: Storage) -> bool:
    """Whether find has stopped answering for an account that is in memory."""
    try:
        return storage.directory.find(ACCOUNT) is None
    except NotLoaded:
        return True


def test_a_demoted_primary_is_left_after_one_refusal(url: str, tmp_path: Path) -> None:
    """A connection that suddenly may only read is refused once, and the pool does not stay pinned to it."""
    with open_store(url, tmp_path, follow=False) as storage:
        create(storage)
        with storage._database._engine.connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
            connection.commit()
        with pytest.raises(StoreUnavailable, match="read-only"):
            put(storage, user("refused"))
        put(storage, user("accepted"))
        assert set(answer(storage).users_by_name) == {"accepted"}


def test_a_server_that_is_away_at_the_start_is_an_error_in_time(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    """Opening the store of a frozen server fails with StoreUnavailable, within the patience of a start."""
    server.freeze()
    try:
        assert refused_after(lambda: open_store(url, tmp_path)) < 7
    finally:
        server.thaw()
    with open_store(url, tmp_path, follow=False) as storage:
        assert storage.directory.ids() == ()
