"""Full disks, failing disks, killed processes: refused is never written, and written is never lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from daypass.adapters.audit import AuditSettings, AuditTrail, verify
from daypass.ports import AuditUnavailable
from tests.adapters.audit.conftest import OPEN, files, lines, numbers, record

Opened = Callable[..., AuditTrail]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(trail: AuditTrail) -> None:
    for number in range(100_000):
        trail.append(record(number))


def test_a_full_disk_refuses_and_recovers_by_itself(small_disk: Path) -> None:
    """Every refusal is raised, every acknowledged record is there, and space that returns is used."""
    trail = AuditTrail(small_disk / "audit", OPEN)
    with pytest.raises(AuditUnavailable, match="No space left"):
        fill(trail)
    written = trail.counters().records
    assert not trail.available
    for _ in range(10):
        with pytest.raises(AuditUnavailable):
            trail.append(record(-1, padding="a" * 5000), durable=True)
    ballast = next(iter(files(small_disk / "audit")))
    assert ballast.stat().st_size > 500_000
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    trail.append(record(written), durable=True)
    assert trail.available
    trail.close()
    assert numbers(small_disk / "audit") == list(range(written + 1))
    assert verify(small_disk / "audit").ok


def test_below_the_reserve_nothing_new_is_taken_but_what_is_under_way_ends(small_disk: Path) -> None:
    """The reserve is for outcomes; it opens again within about a second after space returns."""
    trail = AuditTrail(small_disk / "audit", AuditSettings(reserve_bytes=400_000))
    trail.append(record(1))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"a" * 700_000)
    time.sleep(1.1)
    with pytest.raises(AuditUnavailable, match="reserve"):
        trail.append(record(2))
    trail.append(record(3), into_reserve=True)
    trail.count_failure(partial(record, 4))
    assert not trail.available
    assert trail.counters().failures_sampled == 0
    ballast.unlink()
    time.sleep(1.1)
    trail.append(record(5))
    assert trail.available
    trail.close()
    assert numbers(small_disk / "audit") == [1, 3, 5]


def test_a_trail_can_be_opened_on_a_full_disk(small_disk: Path) -> None:
    """A server starts, serves what needs no record, and refuses the rest."""
    AuditTrail(small_disk / "audit", OPEN).close()
    with pytest.raises(OSError, match="No space"):
        small_disk.joinpath("ballast").write_bytes(b"a" * 2_000_000)
    trail = AuditTrail(small_disk / "audit", OPEN)
    with pytest.raises(AuditUnavailable):
        trail.append(record(1))
    small_disk.joinpath("ballast").unlink()
    trail.append(record(2))
    trail.close()
    assert numbers(small_disk / "audit") == [2]
    assert verify(small_disk / "audit").ok


def fail(monkeypatch: pytest.MonkeyPatch, call: str, times: int, number: int = errno.EIO) -> None:
    """The next ``times`` calls fail."""
    real = getattr(os, call)
    left = [times]

    def failing(*arguments: object, **named: object) -> object:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return real(*arguments, **named)

    monkeypatch.setattr(os, call, failing)


@pytest.mark.parametrize("call", ["write", "fsync", "open", "statvfs"])
def test_every_failing_system_call_is_reported(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The caller learns it, and the trail recovers once the call works again."""
    trail = opened(AuditSettings(reserve_bytes=1, sync_seconds=60))
    trail._next_look = 0.0
    fail(monkeypatch, call, 1)
    with pytest.raises(AuditUnavailable):
        trail.append(record(1), durable=True)
    assert not trail.available
    time.sleep(1.1)
    trail.append(record(2), durable=True)
    assert trail.available
    assert 2 in numbers(directory)
    assert verify(directory).ok


def test_a_short_write_leaves_whole_lines_only(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk took of a refused record is taken back."""
    trail = opened()
    trail.append(record(1))
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:100]))
    with pytest.raises(AuditUnavailable):
        trail.append(record(2))
    assert numbers(directory) == [1]
    monkeypatch.setattr(os, "write", real)
    trail.append(record(3))
    trail.close()
    assert numbers(directory) == [1, 3]
    assert verify(directory).ok


def test_a_write_that_fails_half_way_leaves_whole_lines_only(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error may come after some bytes have gone."""
    trail = opened()
    trail.append(record(1))
    real = os.write

    def write(fd: int, data: bytes) -> int:
        real(fd, bytes(data)[:100])
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(AuditUnavailable, match="Input/output error"):
        trail.append(record(2))
    assert len(files(directory)[0].read_bytes().splitlines()) == 1
    monkeypatch.setattr(os, "write", real)
    trail.append(record(3))
    assert numbers(directory) == [1, 3]


def test_a_torn_record_that_cannot_be_cut_stops_the_trail_until_it_can(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is ever written behind half a line."""
    trail = opened()
    trail.append(record(1))
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:100]))
    fail(monkeypatch, "ftruncate", 2)
    with pytest.raises(AuditUnavailable):
        trail.append(record(2))
    monkeypatch.setattr(os, "write", real)
    with pytest.raises(AuditUnavailable):
        trail.append(record(3))
    trail.append(record(4))
    trail.close()
    assert numbers(directory) == [1, 4]


def test_after_a_failed_sync_nothing_is_trusted_before_one_has_succeeded(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failed file is left, and the next record goes durably into a new one."""
    trail = opened(AuditSettings(reserve_bytes=0, sync_seconds=0.05))
    trail.append(record(1))
    fail(monkeypatch, "fsync", 1)
    give_up = time.monotonic() + 5
    while trail.available and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not trail.available
    with pytest.raises(AuditUnavailable, match="a moment ago"):
        trail.append(record(2))
    time.sleep(1.1)
    synced: list[int] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(fd)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    trail.append(record(3))
    assert synced
    assert len(files(directory)) == 2
    trail.close()
    assert verify(directory).ok


def test_a_failed_sync_is_not_forgiven_by_a_second_one(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel reports a lost page once; the second fsync of the file would say all is well."""
    from daypass.adapters.audit.segment import Segment

    directory.mkdir()
    segment = Segment(directory / "a")
    segment.write(b"line\n")
    fail(monkeypatch, "fsync", 1)
    for _ in range(2):
        with pytest.raises(OSError, match=r"Input/output|earlier sync"):
            segment.sync()
    segment.close()


@pytest.mark.parametrize("lost", ["deleted", "moved"])
def test_a_file_that_was_taken_away_is_noticed(opened: Opened, directory: Path, lost: str) -> None:
    """The trail goes on in a new file within about a second, and the gap is seen."""
    trail = opened()
    trail.append(record(1))
    (path,) = files(directory)
    path.unlink() if lost == "deleted" else path.rename(directory / "elsewhere")
    time.sleep(1.1)
    trail.append(record(2))
    assert numbers(directory) == [2]
    assert not verify(directory).ok


def test_a_directory_that_was_taken_away_is_noticed(opened: Opened, directory: Path) -> None:
    """Records are refused, not written into nowhere."""
    trail = opened()
    trail.append(record(1))
    directory.rename(directory.with_name("away"))
    time.sleep(1.1)
    with pytest.raises(AuditUnavailable):
        trail.append(record(2))


WRITER = """
import os, sys, time
from pathlib import Path
from daypass.adapters.audit import AuditSettings, AuditTrail
from tests.adapters.audit.conftest import record
trail = AuditTrail(Path(sys.argv[1]), AuditSettings(reserve_bytes=0, rotate_bytes=200_000, sync_seconds=0.05))
number = int(sys.argv[2])
while True:
    trail.append(record(number))
    os.write(1, b"%d\\n" % number)
    number += 1
    time.sleep(0.0002)
"""


def test_kill_9_loses_no_acknowledged_record(directory: Path, cases: Callable[[int], int]) -> None:
    """Killed again and again while it writes: all that was acknowledged is there, once, and the chain holds."""
    number, acknowledged = 0, 0
    for turn in range(cases(12)):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(directory), str(number)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(0.02 * (turn % 5))
        writer.send_signal(signal.SIGKILL)
        said = writer.stdout.read().splitlines()
        writer.wait()
        writer.stdout.close()
        acknowledged = int(said[-1]) if said and said[-1] else number
        assert verify(directory).ok, verify(directory).first_break
        written = numbers(directory)
        assert written == list(range(len(written)))
        assert len(written) >= acknowledged + 1
        number = len(written)
    assert number > 100


def test_many_records_verify(opened: Opened, directory: Path, cases: Callable[[int], int]) -> None:
    """A long chain over many files is whole."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_bytes=4_000_000))
    count = cases(50_000)
    usual = record(1)
    for _ in range(count):
        trail.append(usual)
    trail.close()
    report = verify(directory)
    assert (report.ok, report.records) == (True, count)
    assert len(lines(directory)) == count
