"""Connections to the one database, and what its failures mean: StoreUnavailable, unless they are a defect of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from daypass.adapters.storage.deadlines import PATIENCE, Queue, turn, within
from daypass.adapters.storage.sqlite import LoneStatements, spelled, sqlite_engine
from daypass.ports import OutcomeUnknown, StoreUnavailable

_PAUSE_AFTER_LOSS = 0.5
_PAUSE_AFTER_PROBE = 3.0  # longer than a follower takes to its next probe
_READ_ONLY = "25006"  # the primary was demoted under us
_LANES = 64


if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
    from sqlalchemy.sql.dml import ReturningInsert

    Upsert = SqliteInsert | PostgresInsert


class Notices(Protocol):
    """Word from the database that something was committed."""

    def wait(self, seconds: float) -> None:
        """Return at a notice, or after ``seconds``."""
        ...

    def close(self) -> None:
        """Ask for no more."""
        ...


class Database:
    """One database. ``reading`` sees one consistent state; ``writing`` is serial within its lane.

    After losing the server it refuses at once for a while, so that requests do not pile up: for as long as a follower's
    probes fail, and half a second where nobody probes.
    """

    def __init__(
        self, engine: Engine, listen: Callable[[], Notices] | None = None, lone: LoneStatements | None = None
    ) -> None:
        self._engine = engine
        self._lone = lone
        self._listen = listen
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._reads = engine if self.is_sqlite else engine.execution_options(isolation_level="REPEATABLE READ")
        self._writes = engine.execution_options(writes=True)
        self._lanes = [Queue() for _ in range(1 if self.is_sqlite else _LANES)]
        self._down_until = 0.0
        self._arrival: Callable[[], None] | None = None

    def await_arrival(self, check: Callable[[], None]) -> None:
        """The server was away at the start: refuse all but probes, and those until ``check`` raises no more."""
        self._arrival = check

    @contextmanager
    def reading(self, *, probe: bool = False, patience: float = PATIENCE) -> Iterator[Connection]:
        """One snapshot of the database, for ``patience`` seconds. ``probe``: try even right after a loss.

        Raises:
            StoreUnavailable: no answer in time.
        """
        if probe:
            self._see_arrival()
        else:
            self._refuse_while_down()
        pause = _PAUSE_AFTER_PROBE if probe else _PAUSE_AFTER_LOSS
        with self._translated(pause), within(patience), self._reads.connect() as connection:
            yield connection
            self._down_until = 0.0

    @contextmanager
    def writing(self, lane: str = "") -> Iterator[Connection]:
        """A transaction that the caller commits with ``commit``; leaving without it rolls back.

        Writers of the same ``lane`` take turns in this process before they meet in the database.

        Raises:
            StoreUnavailable: no answer in time, or the lane was busy for too long.
        """
        self._refuse_while_down()
        with ExitStack() as held:
            with within(PATIENCE):  # for the turn and the connection together
                held.enter_context(turn(self._lanes[hash(lane) % len(self._lanes)]))
                self._refuse_while_down()  # whoever had the turn before may have found out
                connection = self._begin()
            try:
                yield connection
            finally:
                with within(PATIENCE):
                    connection.close()

    def _begin(self) -> Connection:
        with self.bounded():
            connection = self._writes.connect()
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """A group of statements inside ``writing``: bounded in time, failures translated."""
        with self._translated(), within(PATIENCE):
            yield

    def commit(self, connection: Connection) -> None:
        """Make the transaction durable.

        Raises:
            StoreUnavailable: it was not; nothing was changed.
            OutcomeUnknown: the server went away meanwhile.
        """
        with within(PATIENCE):
            try:
                connection.commit()
            except DBAPIError as error:
                self._note(error)
                kind = OutcomeUnknown if error.connection_invalidated else StoreUnavailable
                raise kind(str(error.orig)) from error

    def adding(self, statement: ReturningInsert[Any]) -> Callable[[Mapping[str, object], str], bool]:
        """What adds a row, in a lane, by ``statement`` alone in its transaction; whether it did: it returns a row then.

        That function raises:
            StoreUnavailable: it did not, or (OutcomeUnknown) the server went away meanwhile.
        """
        return partial(self._add, statement) if self._lone is None else self._add_alone(self._lone, statement)

    def _add(self, statement: ReturningInsert[Any], row: Mapping[str, object], lane: str) -> bool:
        with self.writing(lane) as connection:
            with self.bounded():
                added = connection.execute(statement, row).first() is not None
            if added:
                self.commit(connection)
            return added

    def _add_alone(
        self, lone: LoneStatements, statement: ReturningInsert[Any]
    ) -> Callable[[Mapping[str, object], str], bool]:
        text = spelled(statement)

        def add(row: Mapping[str, object], _lane: str) -> bool:
            with self._translated(), within(PATIENCE), turn(self._lanes[0]):
                return bool(lone.execute(text, row))

        return add

    def upsert(self, table: Table) -> Upsert:
        """An insert into ``table`` in the database's own dialect, which knows what to do on a conflict."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415 - only what is needed

            return insert(table)
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 50 ms that SQLite does not need

        return postgresql.insert(table)

    def listener(self) -> Notices | None:
        """Notices of commits, where the database gives any."""
        return self._listen() if self._listen else None

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()
        if self._lone is not None:
            self._lone.close()

    def _see_arrival(self) -> None:
        if self._arrival is not None:
            with within(PATIENCE):
                self._arrival()
            self._arrival = None

    def _refuse_while_down(self) -> None:
        if self._arrival is not None or monotonic() < self._down_until:
            raise StoreUnavailable("the database did not answer a moment ago")

    @contextmanager
    def _translated(self, pause: float = _PAUSE_AFTER_LOSS) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, ProgrammingError, DataError):
            raise  # a name that is taken, or a defect of ours
        except (DatabaseError, InterfaceError) as error:
            self._note(error, pause)
            raise StoreUnavailable(str(error.orig)) from error
        except (PoolExhausted, sqlite3.DatabaseError) as error:
            raise StoreUnavailable(str(error)) from error

    def _note(self, error: DBAPIError, pause: float = _PAUSE_AFTER_LOSS) -> None:
        if not self.is_sqlite and (error.connection_invalidated or _cannot_connect(error)):
            self._down_until = max(self._down_until, monotonic() + pause)
        if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
            self._engine.dispose()


def _cannot_connect(error: DBAPIError) -> bool:
    return error.statement is None


SQLITE_FILE = "daypass.db"
"""The database of a data directory, where no URL names another."""

_POSTGRESQL = ("postgresql", "postgres")


def open_database(url: str | None, data_dir: Path) -> Database:
    """The database that ``url`` names; SQLite in ``data_dir`` by default. Opens no connection yet.

    Raises:
        ValueError: neither a SQLite nor a PostgreSQL URL.
        DataDirectoryError: a PostgreSQL URL that cannot be read.
    """
    scheme, _, rest = (url or f"sqlite:///{SQLITE_FILE}").partition("://")
    kind = scheme.partition("+")[0]
    if kind == "sqlite":
        path = data_dir / rest.removeprefix("/")
        return Database(sqlite_engine(path), lone=LoneStatements(path))
    if kind in _POSTGRESQL:
        from daypass.adapters.storage.postgres import Listener, postgres_engine  # noqa: PLC0415 - 150 ms that SQLite does not need

        uri = f"postgresql://{rest}"
        return Database(postgres_engine(uri), lambda: Listener(uri))
    raise ValueError(f"`{scheme}` is no database that daypass knows: sqlite or postgresql")


def whereabouts(url: str | None) -> str | None:
    """The server and database that ``url`` names, without users and passwords; None for SQLite.

    Raises:
        DataDirectoryError: a PostgreSQL URL that cannot be read.
    """
    scheme, _, rest = (url or "sqlite://").partition("://")
    if scheme.partition("+")[0] not in _POSTGRESQL:
        return None
    from daypass.adapters.storage.postgres import whereabouts as of_server  # noqa: PLC0415 - 150 ms that SQLite does not need

    return of_server(f"postgresql://{rest}")
