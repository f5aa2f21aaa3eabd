"""A real `daypass up` on each store, whose clock the test can move from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgres import PostgresServer
from tests.running import Running, up

_LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@dataclass
class Clock:
    """Moves the wall clock of the daypass's process; nothing in daypass knows of it."""

    file: Path
    offset: int = 0

    def advance(self, seconds: int) -> None:
        """Move by ``seconds``; takes effect at once."""
        self.offset += seconds
        self.file.write_text(f"{self.offset:+d}\n")

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to live by this clock."""
        assert _LIBRARIES, "the tests need libfaketime: apt-get install libfaketime"
        return {
            "LD_PRELOAD": str(_LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@dataclass
class World:
    """A running daypass and its clock."""

    daypass: Running
    clock: Clock

    @property
    def environment(self) -> dict[str, str]:
        """The environment of `daypass env`, living by the same clock, free of the machine's own AWS settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **self.daypass.environment(), **self.clock.environment, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """One daypass on SQLite, one on PostgreSQL."""
    clock = Clock(tmp_path / "clock")
    clock.advance(0)
    options: tuple[str, ...] = ()
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        options = ("--database", server.new_database())
    with up(tmp_path / "data", *options, env=clock.environment) as daypass:
        yield World(daypass, clock)
