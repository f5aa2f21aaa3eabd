"""Writing the trail: one process's chain, its present file, and the thread that syncs it."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread, get_ident

from daypass.adapters.audit.chain import ChainEnd, opening
from daypass.adapters.audit.failures import FailureSample
from daypass.adapters.audit.layout import claim, free_bytes, segment_name
from daypass.adapters.audit.refusals import RefusalSample
from daypass.adapters.audit.resume import take_up
from daypass.adapters.audit.segment import Segment
from daypass.adapters.audit.settings import AuditSettings
from daypass.ports import AuditUnavailable

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_MOST_GATHERED = 1 << 20  # octets held back before they are written anyway


@dataclass(frozen=True, slots=True)
class Counters:
    """What happened since this process opened the trail."""

    records: int
    refused: int
    failures: int
    failures_sampled: int


class AuditTrail:
    """This process's end of the audit trail; implements ``ports.AuditLog``. Safe to use from several threads.

    Make it after the fork: it holds a lock and runs a thread. The directory is made where it is missing.

    Raises:
        OSError: the directory cannot be used.
    """

    def __init__(self, directory: Path, settings: AuditSettings = AuditSettings()) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._settings = settings
        self._lock = Lock()
        self._chain = claim(directory)
        end = take_up(directory, self._chain)
        self._end = ChainEnd(self._chain.name, end.head)
        self._written_head = end.head
        self._gathered = bytearray()
        self._held: list[Segment] = []  # the files that what was held back belongs to
        self._gatherer = 0
        self._lost = False
        self._last_file, self._repaired = end.file, end.repaired
        self._segment: Segment | None = None
        self._retired: list[Segment] = []
        self._failures = FailureSample(directory / f"failures-{self._chain.name}.ndjson", settings)
        few = int(settings.failures_per_second)
        self._refusals = RefusalSample(settings.refusals_per_second, few, partial(self.append, into_reserve=True))
        self._records = self._refused = 0
        self._next_look = self._rotate_at = self._retry_at = 0.0
        self._room = self._written = True
        self._must_sync = self._closed = False
        self._stop = Event()
        self._syncer = Thread(target=self._sync_regularly, name="audit-sync", daemon=True)
        self._syncer.start()

    def append(self, record: Mapping[str, object], *, durable: bool = False, into_reserve: bool = False) -> None:
        """Write one record; ``durable``: on disk before returning. ``into_reserve``: may use the reserved space.

        Raises:
            AuditUnavailable: the record could not be written; the caller must not mint or change anything.
        """
        try:
            if self._gatherer == get_ident() and not durable:
                self._hold_back(record, into_reserve=into_reserve)
                return
            with self._lock:
                segment = self._append(record, into_reserve=into_reserve)
            if durable or self._settings.always_sync or self._must_sync:
                self._sync(segment)
        except (OSError, TypeError, ValueError, RecursionError) as failure:
            # INVARIANT: 6. Whatever went wrong, the caller learns that there is no record.
            # tests/adapters/audit/test_faults.py::test_every_failing_system_call_is_reported
            self._refused += 1
            raise self._unavailable(failure) from failure
        self._written = True

    def _unavailable(self, failure: Exception) -> AuditUnavailable:
        self._written = False
        return AuditUnavailable(f"the audit trail cannot take a record: {_reason(failure)}")

    def gather(self) -> None:
        """Hold back what this thread appends until ``write_gathered``, unless it is durable: one write for all of it.

        One thread at a time. What another thread appends meanwhile is written at once, behind what was held back.
        """
        with self._lock, suppress(OSError):  # without a file nothing is held back, and every append says why
            self._lost, self._held = False, []
            self._ready()
            self._gatherer = get_ident()

    def write_gathered(self) -> None:
        """Write what was held back.

        Raises:
            AuditUnavailable: some of it is not written; whatever it was the record of must not leave.
        """
        try:
            with self._lock:
                self._gatherer = 0
                if self._lost:
                    self._lose()
                    raise OSError(errno.EIO, "records that were held back could not be written")
                if not self._held:
                    return
                if self._gathered:
                    self._write(self._held[-1])
            # INVARIANT: 6. Also what another thread has written meanwhile, or what was too much to hold, is synced.
            # tests/adapters/audit/test_gather.py::test_with_sync_always_whoever_wrote_it_a_turn_waits_for_the_disk
            if self._settings.always_sync or self._must_sync:
                for segment in self._held:
                    self._sync(segment)
        except OSError as failure:
            raise self._unavailable(failure) from failure
        self._written = True

    def _append(self, record: Mapping[str, object], *, into_reserve: bool) -> Segment:
        segment = self._ready()
        self._add(record, segment, into_reserve=into_reserve)
        self._write(segment)
        return segment

    def _hold_back(self, record: Mapping[str, object], *, into_reserve: bool) -> None:
        with self._lock:
            segment = self._segment or self._ready()
            self._add(record, segment, into_reserve=into_reserve)
            if not self._held or self._held[-1] is not segment:
                self._held.append(segment)
            if len(self._gathered) > _MOST_GATHERED:
                self._write(segment)

    def _ready(self) -> Segment:
        """The file to write to now."""
        now = time.monotonic()
        if now >= self._next_look:
            self._look(now)
        if self._closed:
            raise OSError(errno.EBADF, "the trail is closed")
        segment = self._segment
        if segment is None or segment.size >= self._settings.rotate_bytes or now >= self._rotate_at:
            segment = self._next_segment(now)
        return segment

    def _add(self, record: Mapping[str, object], segment: Segment, *, into_reserve: bool) -> None:
        """Make ``record`` the next of the chain."""
        if not self._room and not into_reserve:
            raise OSError(errno.ENOSPC, "free space is below the reserve")
        is_first = not segment.size and not self._gathered
        line, self._end.head = self._end.next_line(record, self._opening() if is_first else b"")
        self._records += 1
        self._gathered += line

    def _write(self, segment: Segment) -> None:
        try:
            segment.write(self._gathered)
        except OSError:
            self._lose()
            raise
        self._written_head = segment.head = self._end.head
        self._gathered.clear()

    def _lose(self) -> None:
        """Forget what was held back, as if it had never been: the chain goes on behind what is written.

        # INVARIANT: 6. whoever gathers learns of it, also when it was another thread's write that failed.
        #   tests/adapters/audit/test_gather.py::test_what_another_threads_failure_loses_is_told_to_who_gathered_it
        """
        if self._gathered:
            self._records -= self._gathered.count(b"\n")
            self._gathered.clear()
            self._lost = True
        self._end.head = self._written_head

    def _opening(self) -> bytes:
        return opening(self._last_file.name if self._last_file else None, self._repaired)

    def _look(self, now: float) -> None:
        """Once a second: is there room, and is our file still ours."""
        self._next_look = now + _LOOK_SECONDS
        if self._segment is not None and not self._segment.is_in_place():
            _log.warning("audit: `%s` was moved or deleted; going on in a new file", self._segment.path.name)
            self._retire()
        room = free_bytes(self._directory) >= self._settings.reserve_bytes
        if room != self._room:
            _log.warning("audit: free space is %s the reserve", "above" if room else "below")
        self._room = room

    def _next_segment(self, now: float) -> Segment:
        if self._segment is not None and self._segment.size:
            self._retire()
        if now < self._retry_at:
            raise OSError(errno.EIO, "the disk failed a moment ago")
        if self._segment is None:
            index = self._last_file.index + 1 if self._last_file else 1
            self._name = segment_name(self._chain.name, index, time.time())
            self._segment = Segment(self._directory / self._name.name)
        self._rotate_at = now + self._settings.rotate_seconds
        return self._segment

    def _retire(self) -> None:
        assert self._segment is not None
        self._lose()
        if self._segment.size:
            self._last_file, self._repaired = self._name, 0
        self._retired.append(self._segment)
        self._segment = None

    def _sync(self, segment: Segment) -> None:
        try:
            head = segment.sync()
        except OSError:
            # What the disk lost is unknown: go on in a new file, and trust nothing before a sync has succeeded.
            with self._lock:
                self._must_sync, self._retry_at = True, time.monotonic() + _LOOK_SECONDS
                if self._segment is segment:
                    self._retire()
            raise
        self._must_sync = False
        if head is not None:
            with suppress(OSError):  # the note only helps `verify`; the record itself is safe
                self._chain.note_head(head)

    def _sync_regularly(self) -> None:
        while not self._stop.wait(self._settings.sync_seconds):
            self._refusals.tell()
            self._sync_all()

    def _sync_all(self) -> None:
        with self._lock:
            retired, self._retired, present = self._retired, [], self._segment
        for segment in (*retired, *([present] if present else [])):
            try:
                self._sync(segment)
            except OSError as failure:
                self._written = False
                _log.error("audit: `%s` could not be synced: %s", segment.path.name, _reason(failure))
        for segment in retired:
            segment.close()

    def append_refusal(self, record: Mapping[str, object], holder: str, *, few: bool = False) -> None:
        """Write the record of a refusal, or count it: ``ports.AuditLog``."""
        self._refusals.note(record, holder, few=few)

    def count_failure(self, rendered: Callable[[], Mapping[str, object]]) -> None:
        """Count a failed authentication and sample it at a bounded rate into a file of its own. Never raises."""
        if self._closed:
            return
        now = time.monotonic()
        if now >= self._next_look:
            with self._lock, suppress(OSError):
                self._look(now)
        self._failures.count(rendered, room=self._room)

    def counters(self) -> Counters:
        """The counts so far, for metrics and health."""
        return Counters(self._records, self._refused, self._failures.seen, self._failures.sampled)

    @property
    def available(self) -> bool:
        """Whether the last attempt to write succeeded and space is above the reserve."""
        return self._written and self._room and not self._closed

    def close(self) -> None:
        """Sync and give the chain back. The trail takes no record after this."""
        if self._closed:
            return
        self._stop.set()
        self._syncer.join()
        self._refusals.tell(at_once=True)
        with self._lock:
            self._closed = True
            if self._segment is not None:
                self._retire()
        self._sync_all()
        self._failures.close()
        self._chain.release()


def _reason(failure: Exception) -> str:
    # The text of an encoding error may quote the record; of an OSError only the system's words are shown.
    return failure.strerror or str(failure) if isinstance(failure, OSError) else type(failure).__name__
