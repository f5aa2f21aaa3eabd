"""Worker threads that are shared fairly: a caller with many requests does not make the others wait.

Each verified caller has a lane (a queue) of his own; all others share one, in which addresses take turns. A free
thread takes the oldest request of the lane that has waited longest for its turn. No lane gets all threads, and no
verified caller more than half of the places in all lanes. When all places are taken, a request for a short lane gets
the last place of the longest lane, and a stranger that of the address with most, so that only those who ask for much
are refused.

Long computations run one at a time: threads share one interpreter, and each thread that computes makes everything else,
the event loop included, wait a switch interval (5 ms) longer. A request that waits for an outside party, such as the
issuer of a token, is in a lane of that party: one of its requests runs at a time, and the next one finds what that has
fetched. These lanes have threads of their own, which mostly wait.

# INVARIANT: 9. threads are few: a caller who keeps many requests waiting is refused, and nobody else because of him.
#   tests/server/test_threads.py::test_one_callers_flood_refuses_and_delays_nobody_else
#   tests/server/test_threads.py::test_strangers_of_one_address_keep_no_other_stranger_out
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from daypass.exchange import RawRequest, Response
from daypass.operations.throttling import source_of
from daypass.ports import NotLoaded
from daypass.server.limits import Limits

OVERLOADED = Response(503, ((b"retry-after", b"1"),))

Work = Callable[[RawRequest], Response]


class _Job(NamedTuple):
    raw: RawRequest
    reason: NotLoaded
    answer: Future[Response]

    @property
    def lane(self) -> str:
        return self.reason.awaits or self.reason.holder

    @property
    def source(self) -> str:
        """Among which requests of its lane it waits: of strangers, those from the same address."""
        return "" if self.reason.holder else source_of(self.raw.peer)

    def refuse(self) -> None:
        """Answer without a thread: a verified caller with his service's ``Throttling``, others with a bare 503."""
        try:
            answer = self.reason.throttled() if self.reason.throttled else OVERLOADED
        except Exception:  # noqa: BLE001 - a defect must not leave the client, or others, without an answer
            answer = OVERLOADED
        self.answer.set_result(answer)


class _Queue:
    """Waiting requests: the oldest of each source, one source after the other."""

    def __init__(self) -> None:
        self._sources: dict[str, deque[_Job]] = {}  # whose turn is next comes first

    def __len__(self) -> int:
        return sum(map(len, self._sources.values()))

    @property
    def first(self) -> _Job:
        return next(iter(self._sources.values()))[0]

    def add(self, job: _Job) -> None:
        self._sources.setdefault(job.source, deque()).append(job)

    def take(self) -> _Job:
        """The first one; what else its source has waits until all other sources had their turn."""
        source, jobs = next(iter(self._sources.items()))
        del self._sources[source]
        job = jobs.popleft()
        if jobs:
            self._sources[source] = jobs
        return job

    def give_up_for(self, job: _Job) -> _Job:
        """The newest one of the source that has most, which has to go for ``job``; ``job``, where its own has most."""
        longest = max(self._sources.values(), key=len, default=())
        if len(longest) <= len(self._sources.get(job.source, ())) + 1:
            return job
        return self.give_up()

    def give_up(self) -> _Job:
        """Drop the newest one of the source that has most."""
        source, jobs = max(self._sources.items(), key=lambda item: len(item[1]))
        dropped = jobs.pop()
        if not jobs:
            del self._sources[source]
        return dropped

    def clear(self) -> list[_Job]:
        """Drop all."""
        dropped = [job for jobs in self._sources.values() for job in jobs]
        self._sources.clear()
        return dropped


@dataclass(slots=True)
class _Lane:
    """The requests of one caller, or those that wait for one outside party."""

    waiting: _Queue = field(default_factory=_Queue)
    running: int = 0


class Threads:
    """At most ``limits.threads`` requests at once, and ``awaiting`` that wait for others; ``queued`` wait for a thread.

    ``work`` answers one; it raises nothing. ``executor`` runs the threads' loops; by default a pool of as many as there
    may be. Safe to use from several threads.
    """

    def __init__(self, limits: Limits, work: Work, executor: Executor | None = None) -> None:
        self._limits = limits
        self._work = work
        self._executor = executor or ThreadPoolExecutor(limits.threads + limits.awaiting, thread_name_prefix="serve")
        self._lock = Lock()  # guards all below
        self._lanes: dict[str, _Lane] = {}  # whose turn is next comes first
        self._taken = 0  # places: requests that run or wait
        self._workers = 0
        self._computes = False  # whether a long one is running
        self._running = 0
        self._awaiting = 0  # how many of them wait for outside parties
        self._awaiting_of: Counter[str] = Counter()  # the same by the account that has named the party
        self._closed = False

    def submit(self, raw: RawRequest, reason: NotLoaded) -> Future[Response]:
        """The answer from a thread, or at once a refusal where the caller or everybody waits for too much already.

        The future never fails. ``reason`` says whose request it is.
        """
        job = _Job(raw, reason, Future())
        job.answer.set_running_or_notify_cancel()  # nobody cancels it: a client that leaves changes nothing
        with self._lock:
            refused = self._admit(job)
            starts = refused is not job and self._workers < self._limits.threads + self._limits.awaiting
            self._workers += starts
        if refused is not None:
            refused.refuse()
        if starts:
            self._executor.submit(self._run)
        return job.answer

    def _admit(self, job: _Job) -> _Job | None:
        """Put ``job`` into its lane. The job that must be refused: ``job`` itself, one that lost its place, or none."""
        limits, holder = self._limits, job.lane
        lane = self._lanes.get(holder) or _Lane()
        full = limits.threads + limits.queued
        own = len(lane.waiting) + lane.running
        if self._closed:
            return job
        evicted = None
        if own >= (limits.places_each if holder else full):
            evicted = lane.waiting.give_up_for(job)
        elif self._taken >= full:
            longest = max(self._lanes.values(), key=lambda other: len(other.waiting))
            evicted = self._evicted(longest, lane, job)
        if evicted is not job:
            self._lanes[holder] = lane
            lane.waiting.add(job)
            self._taken += evicted is None
        return evicted

    @staticmethod
    def _evicted(longest: _Lane, lane: _Lane, job: _Job) -> _Job:
        """Who has to go for ``job``, which is to wait in ``lane``: somebody of the lane that is ``longest``, or it."""
        if longest is lane:
            return lane.waiting.give_up_for(job)
        return job if len(longest.waiting) <= len(lane.waiting) + 1 else longest.waiting.give_up()

    def _run(self) -> None:
        """Answer what waits until there is nothing that may run."""
        job = None
        while (job := self._next(job)) is not None:
            job.answer.set_result(self._work(job.raw))

    def _next(self, done: _Job | None) -> _Job | None:
        """The next request; ``done``: the one that this thread has answered."""
        with self._lock:
            if done is not None:
                self._leave(done)
            for holder, lane in self._lanes.items():
                if self._may_run(lane):
                    lane.running += 1
                    self._lanes[holder] = self._lanes.pop(holder)  # to the end
                    job = lane.waiting.take()
                    self._computes |= job.reason.is_long
                    self._running += 1
                    self._count_awaiting(job, 1)
                    return job
            self._workers -= 1
            return None

    # INVARIANT: 9. whoever may ask for long computations does not slow others down by asking for many at once, and no
    # outside party by taking its time.
    #   tests/server/test_threads.py::test_what_computes_for_long_runs_one_at_a_time
    #   tests/server/test_threads.py::test_slow_outside_parties_hold_up_nobody_else
    #   tests/server/test_threads.py::test_one_account_does_not_have_all_wait_for_the_parties_that_it_names
    def _may_run(self, lane: _Lane) -> bool:
        """Whether the lane's oldest request may begin now."""
        if not lane.waiting or lane.running >= self._limits.threads_each:
            return False
        reason = lane.waiting.first.reason
        if reason.awaits:
            own = self._awaiting_of[reason.account]
            return not lane.running and own < self._limits.awaiting_each and self._awaiting < self._limits.awaiting
        if self._running - self._awaiting >= self._limits.threads:
            return False
        return not (self._computes and reason.is_long)

    def _leave(self, job: _Job) -> None:
        holder = job.lane
        self._running -= 1
        self._count_awaiting(job, -1)
        if job.reason.is_long:
            self._computes = False
        lane = self._lanes[holder]
        lane.running -= 1
        self._taken -= 1
        if not (lane.running or lane.waiting):
            del self._lanes[holder]

    def _count_awaiting(self, job: _Job, more: int) -> None:
        if job.reason.awaits:
            self._awaiting += more
            self._awaiting_of[job.reason.account] += more
            self._awaiting_of += Counter()  # keeps no account of which nothing waits

    def close(self) -> None:
        """End the threads. What has not begun is refused."""
        with self._lock:
            self._closed = True
            dropped = [job for lane in self._lanes.values() for job in lane.waiting.clear()]
        for job in dropped:
            job.answer.set_result(OVERLOADED)
        self._executor.shutdown(wait=False, cancel_futures=True)
