"""PostgreSQL as the store, through psycopg 3: no wait without an end, and notice of foreign changes.

libpq has no time limit for an answer, and a server that is stopped or unreachable gives none. So every wait of a
connection ends with the budget of its thread (``deadlines``); the connection is then closed, because nobody knows what
it would answer.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from daypass.adapters.storage import deadlines
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.deadlines import PATIENCE
from daypass.adapters.storage.tables import CHANNEL

RV = TypeVar("RV")

_INTERVAL = 0.05
"""Seconds after which psycopg resumes a wait to see whether it should go on."""


class _Late(Exception):
    """The thread's budget ran out while waiting."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose waits end with the thread's budget."""

    def wait(self, gen: PQGen[RV], interval: float = _INTERVAL, timeout: float | None = None) -> RV:
        """Consume ``gen`` as psycopg does, no longer than the budget.

        Raises:
            psycopg.OperationalError: it took longer; the connection is closed.
        """
        limits = {} if timeout is None else {"timeout": timeout}  # psycopg 3.2 does not know it, and does not use it
        end = deadlines.ends()
        if end is None:
            return super().wait(gen, interval, **limits)
        try:
            return super().wait(_until(gen, end), _INTERVAL, **limits)
        except _Late:
            self.close()
            raise psycopg.OperationalError("the server did not answer in time") from None


def _until(gen: PQGen[RV], end: float) -> PQGen[RV]:
    """``gen``, ending with ``_Late`` once it is resumed after ``end``; psycopg resumes it every ``_INTERVAL``."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if time.monotonic() >= end:
                gen.close()
                raise _Late
            wanted = gen.send(ready)
    except StopIteration as done:
        result: RV = done.value
        return result


def postgres_engine(url: str) -> Engine:
    """An engine on the libpq URI ``url`` (several hosts allowed; the one that takes writes is chosen).

    Raises:
        DataDirectoryError: libpq cannot read ``url``.
    """
    _check_form(url)
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(url),
        poolclass=QueuePool,
        hide_parameters=True,
        pool_size=8,
        max_overflow=24,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,
        use_native_hstore=False,
    )


def whereabouts(url: str) -> str:
    """Which database on which server ``url`` names; neither who asks nor how.

    Raises:
        DataDirectoryError: libpq cannot read ``url``.
    """
    _check_form(url)
    given = psycopg.conninfo.conninfo_to_dict(url)
    server = (str(given.get(name) or "") for name in ("service", "host", "hostaddr", "port"))
    return f"{':'.join(part for part in server if part)}/{given.get('dbname') or ''}"


def _check_form(url: str) -> None:
    # INVARIANT: 7. libpq quotes what it cannot read, and that may be the password; its words are told to nobody.
    # tests/adapters/storage/test_postgres.py::test_what_cannot_be_read_in_a_database_url_is_not_repeated.
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise DataDirectoryError(
            "the database URL cannot be read",
            "percent-encode what is special in user and password (@ is %40, % is %25), and check the parameters",
        ) from None


def connect(url: str) -> BoundedConnection:
    """A new connection, within the thread's budget.

    Raises:
        psycopg.OperationalError: refused, or no answer in time.
    """
    # libpq counts connection time-outs in whole seconds, two at least: a thread of its own may take its time.
    pending: Future[BoundedConnection] = Future()
    threading.Thread(target=_connect_for, args=(pending, url), name="daypass-connect", daemon=True).start()
    try:
        return pending.result(deadlines.remaining(PATIENCE))
    except NotInTime:
        pending.add_done_callback(_discard)
        raise psycopg.OperationalError("the server did not accept a connection in time") from None


def _connect_for(pending: Future[BoundedConnection], url: str) -> None:
    try:
        pending.set_result(_connect(url))
    except Exception as error:  # noqa: BLE001 - raised again where the result is asked for
        pending.set_exception(error)


def _connect(url: str) -> BoundedConnection:
    given: dict[str, Any] = dict(psycopg.conninfo.conninfo_to_dict(url))
    # A writer that hangs must not hold an account; who waits for it gives up before its caller does.
    limits = "-c lock_timeout=800 -c idle_in_transaction_session_timeout=10000"
    given["options"] = f"{limits} {given.get('options') or ''}".strip()
    given.setdefault("connect_timeout", 2)
    given.setdefault("application_name", "daypass")
    given.setdefault("target_session_attrs", "read-write")
    return BoundedConnection.connect(**given)


def _discard(late: Future[BoundedConnection]) -> None:
    if late.exception() is None:
        late.result().close()


class Listener:
    """Waits for notice of changes. Where LISTEN does not work (a standby, a pooler), waiting is all it does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._next_try = 0.0

    def wait(self, seconds: float) -> None:
        """Return when a change was noticed, or after ``seconds``."""
        started = time.monotonic()
        try:
            for _ in self._listening().notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.Error:
            self.close()
        time.sleep(max(0.0, started + seconds - time.monotonic()))

    def _listening(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            if time.monotonic() < self._next_try:
                raise psycopg.OperationalError("not yet")
            self._next_try = time.monotonic() + 2.0
            with deadlines.within(PATIENCE):
                self._connection = connect(self._url)
                self._connection.autocommit = True
                self._connection.execute(f"LISTEN {CHANNEL}")
        return self._connection

    def close(self) -> None:
        """End the connection; a later ``wait`` makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
