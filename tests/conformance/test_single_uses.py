"""Marks of single use, on both stores: of any number of tries one counts, and it stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from daypass.adapters.storage import Storage
from daypass.adapters.storage.database import open_database
from daypass.adapters.storage.single_uses import SWEEP_EVERY, SingleUseTable
from daypass.ports import StoreUnavailable
from daypass.testing.backend import Backend, refused, together
from tests.postgres import PostgresServer

TRIES, CONNECTIONS = 1_000, 3
NOW = 1_800_000_000


def digest(name: str) -> bytes:
    """What stands for an assertion called so."""
    return sha256(name.encode()).digest()


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Storage]]:
    """Three connections to one database; on PostgreSQL of two hosts."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir(0o700)
    elsewhere.mkdir(0o700)
    if request.param == "sqlite":
        backend = Backend(None, here, f"sqlite:///{here}/daypass.db", elsewhere)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
        backend = Backend(url, here, url, elsewhere)
    with ExitStack() as stack:
        opened = [backend.open, backend.open_elsewhere, backend.open_elsewhere]
        yield [stack.enter_context(each()) for each in opened[:CONNECTIONS]]


def test_of_many_uses_at_once_one_counts(stores: list[Storage], cases: Callable[[int], int]) -> None:
    """A thousand tries on three connections: one success, however they meet; who waits too long has used nothing."""
    count = cases(TRIES)
    threads = 12

    def tries(number: int) -> list[bool]:
        uses = stores[number % CONNECTIONS].single_uses
        return [_use(uses.use) for _ in range(count // threads + 1)]

    made = together(*[lambda number=number: tries(number) for number in range(threads)])
    outcomes = [outcome for each in made if isinstance(each, list) for outcome in each]
    assert len(outcomes) >= count, made
    assert outcomes.count(True) == 1


def _use(use: Callable[[str, bytes, int, int], bool]) -> bool:
    try:
        return use("assertion", digest("one"), NOW + 600, NOW)
    except StoreUnavailable:  # it waited behind the others for as long as anybody may
        return False


def test_every_connection_learns_of_a_use(stores: list[Storage]) -> None:
    """At once, and each kind and each name counts for itself."""
    first, second, third = (store.single_uses for store in stores)
    assert first.use("assertion", digest("a"), NOW + 600, NOW)
    assert not second.use("assertion", digest("a"), NOW + 600, NOW)
    assert third.is_used("assertion", digest("a"))
    assert not third.is_used("assertion", digest("b"))
    assert second.use("assertion", digest("b"), NOW + 600, NOW)
    assert third.use("token", digest("a"), NOW + 600, NOW)


def test_a_mark_stays_until_it_is_over(stores: list[Storage]) -> None:
    """Later ones take it away when it is over, and not a second before."""
    uses = stores[0].single_uses
    assert uses.use("assertion", digest("a"), NOW + 600, NOW)
    assert uses.use("assertion", digest("b"), NOW + 1_200, NOW + 600)
    assert not uses.use("assertion", digest("a"), NOW + 600, NOW + 600)
    assert uses.use("assertion", digest("c"), NOW + 1_300, NOW + 700)
    assert not uses.is_used("assertion", digest("a"))
    assert uses.is_used("assertion", digest("b"))


def test_a_use_that_fails_is_none(stores: list[Storage], monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be committed was not used, and is told as such."""
    uses = stores[0].single_uses

    def fail(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken, refused(StoreUnavailable):
        if uses._database._lone is None:
            broken.setattr(uses._database, "commit", fail)
        else:
            broken.setattr(uses._database._lone, "execute", fail)
        uses.use("assertion", digest("a"), NOW + 600, NOW)
    assert stores[1].single_uses.use("assertion", digest("a"), NOW + 600, NOW)


def test_a_use_counts_although_older_marks_cannot_be_removed(
    stores: list[Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go with a later one; whoever has used something is not told that he has not."""
    uses = stores[0].single_uses
    assert uses.use("assertion", digest("old"), NOW + 600, NOW)

    def fail(*_: object) -> None:
        raise StoreUnavailable("busy")

    later = NOW + 600 + SWEEP_EVERY
    with monkeypatch.context() as broken:
        broken.setattr(uses._database, "commit", fail)
        broken.setattr(uses, "_mark", lambda *_: True)  # on PostgreSQL the mark is committed in the same way
        assert uses.use("assertion", digest("a"), later + 600, later)
    assert uses.is_used("assertion", digest("old"))


def test_a_file_that_is_no_database_marks_nothing(tmp_path: Path) -> None:
    """It is the store that fails, whatever its driver calls that."""
    (tmp_path / "daypass.db").write_bytes(b"not a database" * 100)
    database = open_database(None, tmp_path)
    with refused(StoreUnavailable):
        SingleUseTable(database).use("assertion", digest("a"), NOW + 600, NOW)
    database.close()


def test_looking_uses_nothing(stores: list[Storage]) -> None:
    """What was looked at can still be used; what was used is seen by every node, and only under its own kind."""
    first, second = stores[0].single_uses, stores[1].single_uses
    assert not first.is_used("assertion", digest("looked at"))
    assert not second.is_used("assertion", digest("looked at"))
    assert first.use("assertion", digest("looked at"), NOW + 600, NOW)
    assert second.is_used("assertion", digest("looked at"))
    assert not second.is_used("another", digest("looked at"))
