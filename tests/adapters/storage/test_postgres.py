"""Connections to PostgreSQL: every wait ends, and notice of changes arrives."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from daypass.adapters.storage.database import open_database
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.deadlines import within
from daypass.adapters.storage.postgres import Listener, connect
from daypass.adapters.storage.tables import CHANNEL
from tests.postgres import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.url("postgres")


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://user@127.0.0.1:{listening.getsockname()[1]}/nothing"


def test_a_statement_that_takes_too_long_ends_with_the_budget(url: str) -> None:
    """A slow answer is an OperationalError when the budget is spent, and the connection is closed."""
    connection = connect(url)
    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError, match="in time"), within(0.3):
        connection.execute("SELECT pg_sleep(5)")
    assert 0.25 < time.monotonic() - started < 1
    assert connection.closed


def test_without_a_budget_a_statement_may_take_its_time(url: str) -> None:
    """The budget belongs to a block of code; outside of it, and for a quick answer inside, nothing is cut."""
    with closing(connect(url)) as connection:
        with within(0.5):
            assert connection.execute("SELECT 1").fetchone() == (1,)
        time.sleep(0.6)
        assert connection.execute("SELECT 2 FROM pg_sleep(0.6)").fetchone() == (2,)


def test_a_server_that_says_nothing_is_given_up_in_time(silent: str) -> None:
    """Connecting to a port that accepts and is silent ends with the budget, not with libpq's two seconds."""
    started = time.monotonic()
    with pytest.raises(psycopg.OperationalError, match="in time"), within(0.4):
        connect(silent)
    assert time.monotonic() - started < 1


def test_a_writer_waits_for_a_lock_less_than_its_caller_for_it(url: str) -> None:
    """A connection gives up a held lock by itself, and one that hangs inside a transaction is ended by the server."""
    with closing(connect(url)) as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("800ms",)
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10s",)


def test_a_listener_wakes_up_for_a_notice(url: str) -> None:
    """Notice of a change ends the wait long before its time."""
    listener = Listener(url)
    listener.wait(0.01)

    def notify() -> None:
        time.sleep(0.2)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute(f"NOTIFY {CHANNEL}")

    thread = threading.Thread(target=notify)
    thread.start()
    started = time.monotonic()
    listener.wait(10)
    took = time.monotonic() - started
    thread.join()
    listener.close()
    assert took < 5


def test_a_listener_that_cannot_listen_only_waits() -> None:
    """Without a server the wait takes its time, no more and no less, and raises nothing."""
    listener = Listener("postgresql://nobody@127.0.0.1:1/nothing")
    started = time.monotonic()
    listener.wait(0.2)
    listener.wait(0.2)
    assert 0.39 < time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2%zz@h/d", "postgresql://u:hunter2 x@h/d", "postgresql://h/d?x=1"]
)
def test_what_cannot_be_read_in_a_database_url_is_not_repeated(url: str, tmp_path: Path) -> None:
    """libpq quotes what it stumbles over, and that may be the password: the refusal says what to do and no more."""
    with pytest.raises(DataDirectoryError) as refused:
        open_database(url, tmp_path)
    assert "percent-encode" in refused.value.advice
    told = "".join(traceback.format_exception(refused.value))
    assert "hunter2" not in told
