"""The counts of several workers, put together."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

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
