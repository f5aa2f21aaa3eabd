"""Records that are held back and written in one go: all of them or none, in the order of the chain."""

from __future__ import annotations

import errno
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from daypass.adapters.audit import AuditSettings, AuditTrail, verify
from daypass.ports import AuditUnavailable
from tests.adapters.audit.conftest import files, numbers, record

Opened = Callable[..., AuditTrail]


def gathered(trail: AuditTrail, *held: int) -> None:
    trail.gather()
    for number in held:
        trail.append(record(number))


def in_a_thread(run: Callable[[], object]) -> None:
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def failing(*_: object) -> int:
    raise OSError(errno.EIO, "Input/output error")


def test_what_is_held_back_is_written_in_one_system_call(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing before, everything after, and the chain is whole."""
    trail = opened()
    calls = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: calls.append(len(data)) or real(fd, data))
    gathered(trail, 1, 2, 3)
    assert (calls, numbers(directory)) == ([], [])
    trail.write_gathered()
    assert (len(calls), numbers(directory)) == (1, [1, 2, 3])
    trail.append(record(4))
    trail.close()
    assert numbers(directory) == [1, 2, 3, 4]
    assert verify(directory).ok
    assert trail.counters().records == 4


def test_who_gathers_is_told_when_nothing_was_written(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it the trail goes on behind the last record that is there."""
    trail = opened()
    trail.append(record(0))
    gathered(trail, 1, 2)
    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(AuditUnavailable, match="Input/output"):
        trail.write_gathered()
    assert not trail.available
    monkeypatch.undo()
    trail.append(record(3))
    trail.close()
    assert numbers(directory) == [0, 3]
    assert verify(directory).ok
    assert trail.counters().records == 2


def test_another_threads_record_comes_behind_what_is_held_back(opened: Opened, directory: Path) -> None:
    """It is written at once, with all that the chain has before it."""
    trail = opened()
    gathered(trail, 1, 2)
    in_a_thread(lambda: trail.append(record(3), durable=True))
    assert numbers(directory) == [1, 2, 3]
    trail.append(record(4))
    assert numbers(directory) == [1, 2, 3]
    trail.write_gathered()
    trail.close()
    assert numbers(directory) == [1, 2, 3, 4]
    assert verify(directory).ok


def test_what_another_threads_failure_loses_is_told_to_who_gathered_it(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both learn that they have no record, also of what was held back after the failure."""
    trail = opened()
    gathered(trail, 1, 2)
    refused = []

    def append() -> None:
        try:
            trail.append(record(3), durable=True)
        except AuditUnavailable as error:
            refused.append(error)

    monkeypatch.setattr(os, "write", failing)
    in_a_thread(append)
    monkeypatch.undo()
    assert len(refused) == 1
    trail.append(record(4))
    with pytest.raises(AuditUnavailable):
        trail.write_gathered()
    trail.append(record(5))
    trail.close()
    assert numbers(directory) == [5]
    assert verify(directory).ok


def test_a_durable_record_is_not_held_back(opened: Opened, directory: Path) -> None:
    """Also not one of the thread that gathers."""
    trail = opened()
    gathered(trail, 1)
    trail.append(record(2), durable=True)
    assert numbers(directory) == [1, 2]
    trail.write_gathered()


def test_with_sync_always_a_turn_is_synced_once(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sync for all that was held back."""
    trail = opened(AuditSettings(reserve_bytes=0, sync_seconds=60, always_sync=True))
    trail.append(record(0))
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(fd) or real(fd))
    gathered(trail, 1, 2, 3)
    trail.write_gathered()
    assert len(synced) <= 2  # the file, and the note of the chain's head


@pytest.mark.parametrize("meanwhile", ["another thread writes", "there is too much to hold"])
def test_with_sync_always_whoever_wrote_it_a_turn_waits_for_the_disk(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """A turn whose records are in the file, but not on the disk, is refused."""
    trail = opened(AuditSettings(reserve_bytes=0, sync_seconds=60, always_sync=True))
    trail.append(record(0))
    monkeypatch.setattr(os, "fsync", failing)

    def other() -> None:
        with pytest.raises(AuditUnavailable):
            trail.append(record(2))

    trail.gather()
    if meanwhile == "another thread writes":
        trail.append(record(1))
        in_a_thread(other)
    else:
        trail.append(record(1, padding="a" * (1 << 20)))
    with pytest.raises(AuditUnavailable):
        trail.write_gathered()
    monkeypatch.undo()
    trail.close()


def test_a_file_that_is_moved_away_meanwhile_loses_nothing_unseen(opened: Opened, directory: Path) -> None:
    """What was held back for it is refused, and goes into the next file when it is asked for again."""
    trail = opened()
    trail.append(record(0))
    gathered(trail, 1)
    (moved,) = files(directory)
    moved.rename(directory.parent / moved.name)
    trail._next_look = 0.0  # a second later
    in_a_thread(lambda: trail.append(record(2)))
    with pytest.raises(AuditUnavailable):
        trail.write_gathered()
    gathered(trail, 1)
    trail.write_gathered()
    trail.close()
    assert numbers(directory) == [2, 1]


def test_large_records_do_not_pile_up(opened: Opened, directory: Path) -> None:
    """What is held back takes a bounded amount of memory."""
    trail = opened()
    trail.gather()
    for number in range(20):
        trail.append(record(number, padding="a" * 200_000))
        assert len(trail._gathered) < 1 << 21
    trail.write_gathered()
    trail.close()
    assert numbers(directory) == list(range(20))
    assert verify(directory).ok


@pytest.mark.parametrize("seed", range(20))
def test_whatever_fails_the_trail_holds_exactly_what_was_acknowledged(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Turns and single records of two threads under a disk that fails at random, with files that are short."""
    choose = random.Random(seed)
    trail = opened(AuditSettings(reserve_bytes=0, sync_seconds=60, rotate_bytes=3_000))
    real, acknowledged = os.write, []
    broken = threading.Event()
    monkeypatch.setattr(os, "write", lambda fd, data: failing() if broken.is_set() else real(fd, data))

    def single(number: int) -> None:
        try:
            trail.append(record(number), durable=True)
            acknowledged.append(number)
        except AuditUnavailable:
            pass

    for start in range(0, 300, 10):
        trail.gather()
        held = []
        for number in range(start, start + choose.randrange(1, 8)):
            broken.set() if choose.random() < 0.1 else broken.clear()
            try:
                trail.append(record(number))
                held.append(number)
            except AuditUnavailable:
                pass
        if choose.random() < 0.3:
            in_a_thread(lambda number=start + 9: single(number))  # type: ignore[misc]
        try:
            trail.write_gathered()
            acknowledged += held
        except AuditUnavailable:
            pass
    broken.clear()
    monkeypatch.undo()
    trail.close()
    assert verify(directory).ok
    assert set(acknowledged) <= set(numbers(directory))
