"""Change numbers become visible in their order, so that whoever has seen one has seen all below it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from daypass.adapters.storage import open_store
from daypass.testing.backend import ACCOUNT, OTHER, answer, create, everything, put, user
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/daypass.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def test_a_later_number_is_not_seen_before_an_earlier_one(url: str, tmp_path: Path) -> None:
    """While one writer hesitates between numbering and commit, another account's writer waits, and a follower misses
    neither.
    """
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with (
        open_store(url, tmp_path, follow=False) as slow,
        open_store(url, tmp_path, follow=False) as quick,
        open_store(url, elsewhere, follow=False) as follower,
    ):
        create(slow, ACCOUNT)
        create(slow, OTHER)
        follower.poll()
        for account in (ACCOUNT, OTHER):
            answer(follower, account)
        numbered, commit = threading.Event(), slow._database.commit

        def hesitate(connection: object) -> None:
            numbered.set()
            time.sleep(0.4)
            commit(connection)  # type: ignore[arg-type]

        slow._database.commit = hesitate  # type: ignore[method-assign]
        first = threading.Thread(target=lambda: put(slow, user("first")))
        first.start()
        assert numbered.wait(5)
        put(quick, user("second"), account=OTHER)
        follower.poll()
        first.join()
        follower.poll()
        for account in (ACCOUNT, OTHER):
            assert everything(answer(follower, account)) == everything(answer(slow, account))
        assert follower.revision() == 4
