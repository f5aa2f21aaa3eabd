"""Strangers can make us count, but not write."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from daypass.adapters.audit import AuditSettings, AuditTrail, verify
from tests.adapters.audit.conftest import lines, record

Opened = Callable[..., AuditTrail]


def sample(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in directory.joinpath("failures-w0.ndjson").read_bytes().splitlines()]


def test_a_failure_is_written_into_a_file_of_its_own(opened: Opened, directory: Path) -> None:
    """It is no link of the chain, and no ``*.jsonl``."""
    trail = opened()
    trail.count_failure(partial(record, 1))
    assert lines(directory) == []
    (read,) = sample(directory)
    assert read["eventName"] == "AssumeRole"
    assert read["daypass"] == {"revision": 1, "failuresNotShown": 0}
    assert verify(directory).ok


def test_a_flood_of_failures_is_sampled_at_the_bounded_rate(opened: Opened, directory: Path) -> None:
    """The burst, then so many a second; each that is shown says how many before it were not."""
    trail = opened(AuditSettings(reserve_bytes=0, failures_burst=10, failures_per_second=20))
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        for _ in range(100):
            trail.count_failure(record)
    counters = trail.counters()
    assert counters.failures > 1_000
    assert 10 <= counters.failures_sampled <= 10 + 20 * (time.monotonic() - began) + 1
    shown = sample(directory)
    assert len(shown) == counters.failures_sampled
    hidden = sum(each["daypass"]["failuresNotShown"] for each in shown)  # type: ignore[index]
    assert hidden + len(shown) <= counters.failures


def test_the_sample_has_a_cap_on_disk(opened: Opened, directory: Path) -> None:
    """The present file and one older one, each within the limit."""
    trail = opened(AuditSettings(reserve_bytes=0, failures_burst=1_000, failures_bytes=2_000))
    for number in range(200):
        trail.count_failure(partial(record, number))
    written = sorted(directory.glob("failures*"))
    assert [path.name for path in written] == ["failures-w0.ndjson", "failures-w0.old.ndjson"]
    assert all(path.stat().st_size <= 2_000 for path in written)
    assert sample(directory)[-1]["daypass"] == {"revision": 199, "failuresNotShown": 0}


def test_a_giant_failure_is_counted_only(opened: Opened, directory: Path) -> None:
    """One record cannot fill the file."""
    trail = opened(AuditSettings(reserve_bytes=0, failures_bytes=2_000))
    trail.count_failure(partial(record, userAgent="a" * 3_000))
    assert (trail.counters().failures, trail.counters().failures_sampled) == (1, 0)
    trail.count_failure(partial(record, 2))
    assert sample(directory)[0]["daypass"] == {"revision": 2, "failuresNotShown": 1}


def test_counting_never_raises(opened: Opened, directory: Path) -> None:
    """Not for a record that is no JSON, nor for a directory that is gone."""
    trail = opened()
    trail.count_failure(lambda: {"bad": object()})
    loop: dict[str, object] = {}
    loop["self"] = loop
    trail.count_failure(lambda: loop)
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    trail.count_failure(record)
    assert trail.counters().failures == 3


def test_a_restart_goes_on_in_the_same_file(opened: Opened, directory: Path) -> None:
    """The cap holds over restarts."""
    for number in range(3):
        trail = opened()
        trail.count_failure(partial(record, number))
        trail.close()
    assert len(sample(directory)) == 3
