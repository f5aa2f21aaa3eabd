"""Writers are killed in the middle of their work, on both stores; what they acknowledged is there, and nothing half."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from daypass.adapters.storage import Storage
from daypass.testing.backend import Backend, answer, create, together
from tests.postgres import PostgresServer

BREEDERS = 2


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "sqlite":
        return Backend(None, tmp_path, f"sqlite:///{tmp_path}/daypass.db", tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    return Backend(url, tmp_path, url, tmp_path)


class Breeder:
    """A process that bears writers, so that killing fifty of them does not cost fifty interpreter starts."""

    def __init__(self, backend: Backend, seed: int) -> None:
        self._process = backend.run("breed")
        self._random = random.Random(seed)

    def kill_one(self, name: str) -> int:
        """Start the writer ``name``, kill it at a random moment; the last write it acknowledged."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        acknowledged, pid = 0, 0
        for line in self._process.stdout:
            word = line.split()
            assert word[0] == name
            if word[1] == "pid":
                pid = int(word[2])
            elif word[1] == "gone":
                return acknowledged
            else:
                acknowledged = int(word[1])
                if acknowledged == 1:
                    threading.Timer(self._random.uniform(0, 0.08), os.kill, (pid, signal.SIGKILL)).start()
        raise AssertionError("the breeder died")

    def close(self) -> None:
        """End the process; its writer has ended before."""
        self._process.communicate(timeout=10)


@pytest.fixture
def breeders(backend: Backend) -> Iterator[list[Breeder]]:
    with backend.open() as storage:
        create(storage)
    bred = [Breeder(backend, seed) for seed in range(BREEDERS)]
    yield bred
    for breeder in bred:
        breeder.close()


def test_no_acknowledged_write_is_lost_when_the_writer_is_killed(
    backend: Backend,
    breeders: list[Breeder],
    cases: Callable[[int], int],
    record_property: Callable[[str, object], None],
) -> None:
    """After 50 kills -9 during writes all that was acknowledged is there, nothing is half, a start is quick."""
    kills = cases(50)
    acknowledged: dict[str, int] = {}

    def kill_many(number: int) -> None:
        for n in range(kills // BREEDERS):
            name = f"w{number}x{n}"
            acknowledged[name] = breeders[number].kill_one(name)

    results = together(*[partial(kill_many, number) for number in range(BREEDERS)])
    assert results == [None] * BREEDERS
    started = time.monotonic()
    with backend.open() as storage:
        assert time.monotonic() - started < 2
        assert len(acknowledged) == kills // BREEDERS * BREEDERS
        assert_all_there(storage, acknowledged)
        assert storage.defects() == ()
    record_property("kills", len(acknowledged))
    record_property("acknowledged writes", sum(acknowledged.values()))


def assert_all_there(storage: Storage, acknowledged: dict[str, int]) -> None:
    """Each writer's last acknowledged write, or the one it was killed in, is complete."""
    account = answer(storage)
    written = 0
    for name, least in acknowledged.items():
        reached = int(account.users[f"AIDA{name}"].tags[0][1])
        assert least <= reached <= least + 1, f"{name}: {least} acknowledged, {reached} there"
        assert f"{name}.{reached}" in account.roles_by_name
        written += reached
    assert len(account.roles) == len(acknowledged)
    assert account.revision == 1 + written
