"""Facts of one daypass that are settled once: its id, partition, region, first account."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from daypass.adapters.storage.database import Database
from daypass.adapters.storage.tables import INSTALLATION

_ID = "id"


class Installation:
    """Settled facts, kept in memory. ``id`` is 32 hexadecimal digits, made with the schema.

    ``held``: what is known of them while the database is away.
    """

    def __init__(self, database: Database, held: Mapping[str, str] | None = None) -> None:
        self._database = database
        self._mutex = threading.Lock()
        self._facts: dict[str, str] = dict(held or {})
        if held is None:
            self._read()

    @property
    def id(self) -> str:
        """Which daypass this is, on every node that shares the database."""
        return self._facts[_ID]

    @property
    def partition(self) -> str:
        """Where this daypass's ARNs live: the fact ``partition``, ``aws`` until it is settled."""
        return self._facts.get("partition", "aws")

    def find(self, fact: str) -> str | None:
        """The fact (``region``, ``partition``, ``default-account``, …), or None while this process knows of none."""
        return self._facts.get(fact)

    def settle(self, fact: str, value: str) -> str:
        """Settle the fact unless it is settled already; what holds now. The caller compares the two.

        Raises:
            StoreUnavailable: the database did not answer.
        """
        with self._mutex:
            if fact not in self._facts:
                self._insert(fact, value)
                self._read()
            return self._facts[fact]

    def _insert(self, fact: str, value: str) -> None:
        with self._database.writing() as connection:
            try:
                with self._database.bounded():
                    connection.execute(insert(INSTALLATION).values(fact=fact, value=value))
            except IntegrityError:
                return  # another process settled it first
            self._database.commit(connection)

    def _read(self) -> None:
        with self._database.reading() as connection:
            self._facts = read_facts(connection)


def read_facts(connection: Connection) -> dict[str, str]:
    """All settled facts."""
    return {row.fact: row.value for row in connection.execute(select(INSTALLATION.c.fact, INSTALLATION.c.value))}
