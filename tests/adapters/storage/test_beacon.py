"""The beacon: every process of the host sees every rise, and no rise is lost."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from daypass.adapters.storage.memory.beacon import Beacon
from daypass.testing.backend import together

BUMP = """
import sys
from pathlib import Path
from daypass.adapters.storage.memory.beacon import Beacon
beacon = Beacon(Path(sys.argv[1]))
print(*[beacon.bump() for _ in range(500)])
"""


def test_a_rise_is_seen_by_all_who_look(tmp_path: Path) -> None:
    """Another mapping of the same file shows the new value at once, without a system call."""
    mine, other = Beacon(tmp_path / "beacon"), Beacon(tmp_path / "beacon")
    assert other.view[0] == 0
    assert mine.bump() == 1
    assert other.view[0] == mine.view[0] == 1


def test_no_two_rises_have_the_same_value(tmp_path: Path) -> None:
    """Threads and processes that raise the beacon at once each get values of their own, with none left out."""
    beacon = Beacon(tmp_path / "beacon")
    command = [sys.executable, "-c", BUMP, str(tmp_path / "beacon")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    threads = together(*[partial(lambda: [beacon.bump() for _ in range(500)])] * 2)
    printed = [process.communicate(timeout=30)[0].split() for process in processes]
    values = [value for values in threads for value in values]  # type: ignore[attr-defined]
    values += [int(value) for values in printed for value in values]
    assert sorted(values) == list(range(1, 2001))
    assert beacon.view[0] == 2000


def test_the_value_outlives_its_processes(tmp_path: Path) -> None:
    """A beacon opened again goes on where it was, so that no process ever sees an old value anew."""
    first = Beacon(tmp_path / "beacon")
    first.bump()
    first.close()
    assert Beacon(tmp_path / "beacon").bump() == 2


def test_a_short_file_is_made_whole(tmp_path: Path) -> None:
    """A beacon whose file was cut can still be read: it never ends a process with a bus error."""
    (tmp_path / "beacon").write_bytes(b"\x07")
    assert Beacon(tmp_path / "beacon").view[0] == 7


def test_a_closed_beacon_can_be_read_but_not_raised(tmp_path: Path) -> None:
    """A request that is late in a closing process reads on; nobody writes any more, and closing again is nothing."""
    beacon = Beacon(tmp_path / "beacon")
    beacon.bump()
    beacon.close()
    beacon.close()
    assert beacon.view[0] == 1
    with pytest.raises(ValueError, match="file descriptor"):
        beacon.bump()
