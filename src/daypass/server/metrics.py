"""What this process has counted, and with several workers, what all of them have.

Each worker keeps its own counters in memory, as cheap as they can be, and leaves a copy in a directory that the workers
share. Whichever worker is asked adds the others' copies to its own: counters are summed (those of ended workers too, so
that no sum ever falls), gauges of living workers are told apart by a ``worker`` label.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from daypass.operations.throttling import CLASSES

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode("ascii")
SHARE_SECONDS = 2.0
_SUMMED = frozenset({"counter", "histogram", "summary"})
_LIVING_SECONDS = 5 * SHARE_SECONDS
_STARTING_SECONDS = 60.0
_PREFIX = "daypass-metrics-"
_HELD = "held"

connections = Gauge("daypass_http_connections", "Connections that are open now.")
refusals = Counter("daypass_http_refusals", "Requests refused before any service saw them.", ["status"])
throttled = Counter(
    "daypass_throttled_requests_total", "Requests refused with `Throttling`, by what there was too much of.", ["class"]
)


for _kind in CLASSES:  # shown from the start, at zero
    throttled.labels(_kind)


def count_throttled(kind: str) -> None:
    """Count a request that was refused for too many of its ``kind``: one of ``CLASSES``."""
    throttled.labels(kind).inc()


class _Shared:
    """The directory that the workers share; None while there is one process only."""

    directory: Path | None = None


def share(directory: Path) -> None:
    """Put this process's counts together with those of the other workers that share ``directory``."""
    _Shared.directory = directory


@contextmanager
def shared_directory() -> Iterator[Path]:
    """A new directory to share, gone at the end; what killed servers have left of theirs goes now.

    A lock that dies with the last process of a server tells its directory from one that was left behind.
    """
    _remove_left_behind(Path(tempfile.gettempdir()))
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    held = os.open(directory / _HELD, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(held)


def _remove_left_behind(folder: Path) -> None:
    for directory in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another's, or just being made or removed
            found = directory.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
            if ours and time.time() - found.st_mtime > _STARTING_SECONDS:  # a young one may not be held yet
                _remove_if_nobody_holds(directory)


def _remove_if_nobody_holds(directory: Path) -> None:
    try:
        held = os.open(directory / _HELD, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        shutil.rmtree(directory, ignore_errors=True)
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(held)


def leave_copy() -> None:
    """Write this process's counts where the other workers find them. Costs about a millisecond."""
    if _Shared.directory is None:
        return
    path = _Shared.directory / f"{os.getpid()}.prom"
    with suppress(OSError):  # metrics are no reason to fail
        fresh = path.with_suffix(".new")
        fresh.write_bytes(generate_latest(REGISTRY))
        fresh.replace(path)


def exposition() -> bytes:
    """All counts in Prometheus's text form."""
    if _Shared.directory is None:
        return generate_latest(REGISTRY)
    leave_copy()
    return generate_latest(_Merged(_Shared.directory))


class _Merged:
    """Looks like a registry to ``generate_latest``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        """The families of all workers, each once."""
        families: dict[str, Metric] = {}
        for path in sorted(self._directory.glob("*.prom")):
            living = time.time() - path.stat().st_mtime < _LIVING_SECONDS
            for family in text_string_to_metric_families(path.read_text("utf-8")):
                told_apart = family.type not in _SUMMED
                if living or not told_apart:
                    merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                    _add(merged, family, {"worker": path.stem} if told_apart else {})
        return families.values()


def _add(merged: Metric, family: Metric, labels: dict[str, str]) -> None:
    known = {(sample.name, tuple(sample.labels.items())): at for at, sample in enumerate(merged.samples)}
    for sample in family.samples:
        at = known.get((sample.name, tuple(sample.labels.items())))
        if at is None or labels:
            merged.samples.append(sample._replace(labels={**sample.labels, **labels}))
        else:
            merged.samples[at] = sample._replace(value=merged.samples[at].value + sample.value)
