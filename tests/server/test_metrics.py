"""The counts of several workers, put together."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.conftest import program, wait_for

WORKER = """
import sys
from pathlib import Path
from daypass.server import metrics
metrics.share(Path(sys.argv[1]))
metrics.refusals.labels(400).inc(int(sys.argv[2]))
metrics.connections.set(int(sys.argv[2]))
metrics.leave_copy()
print(metrics.exposition().decode() if sys.argv[3:] else "")
"""


def worker(directory: Path, count: int, *, shows: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(directory), str(count), *(["show"] if shows else [])],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_counters_are_summed_and_gauges_told_apart(tmp_path: Path) -> None:
    """Whichever worker is asked answers for all."""
    worker(tmp_path, 3)
    shown = worker(tmp_path, 4, shows=True)
    assert 'daypass_http_refusals_total{status="400"} 7.0' in shown
    gauges = [line for line in shown.splitlines() if line.startswith("daypass_http_connections{worker=")]
    assert sorted(line.split()[1] for line in gauges) == ["3.0", "4.0"]


def test_an_ended_worker_keeps_its_counts_and_loses_its_gauges(tmp_path: Path) -> None:
    """A sum that fell would look like a restart of everything."""
    worker(tmp_path, 3)
    (copy,) = tmp_path.glob("*.prom")
    long_ago = time.time() - 60
    os.utime(copy, (long_ago, long_ago))
    shown = worker(tmp_path, 4, shows=True)
    assert 'daypass_http_refusals_total{status="400"} 7.0' in shown
    assert shown.count("daypass_http_connections{worker=") == 1


def shared(folder: Path) -> set[Path]:
    return set(folder.glob("daypass-metrics-*"))


def test_what_a_killed_server_left_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what a living server holds, nor what is somebody else's or just being made."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    young, link = tmp_path / "daypass-metrics-young", tmp_path / "daypass-metrics-link"
    long_ago = time.time() - 3600
    young.mkdir()
    tmp_path.joinpath("precious").mkdir()
    link.symlink_to(tmp_path / "precious")
    with program(workers=2) as living:
        (held,) = shared(tmp_path) - {young, link}
        with program(workers=2) as killed:
            (left,) = shared(tmp_path) - {held, young, link}
            killed.stop(signal.SIGKILL)
            wait_for(lambda: not is_held(left))
        assert left in shared(tmp_path)
        os.utime(left, (long_ago, long_ago))
        os.utime(held, (long_ago, long_ago))
        with program(workers=2):
            assert len(shared(tmp_path)) == 4
            assert shared(tmp_path) >= {held, young, link}
            assert left not in shared(tmp_path)
        assert living.get() == b"x" * 1024
    assert shared(tmp_path) == {young, link}
    assert tmp_path.joinpath("precious").exists()


def is_held(directory: Path) -> bool:
    """Whether a process of the server still lives."""
    with directory.joinpath("held").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
