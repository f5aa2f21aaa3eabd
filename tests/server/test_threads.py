"""Worker threads and who gets them: a flood of one caller costs nobody else an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.exchange import RawRequest, Response
from daypass.ports import NotLoaded
from daypass.server.limits import Limits
from daypass.server.threads import OVERLOADED, Threads
from tests.server.conftest import wait_for

THROTTLED = Response(400, (), b"Rate exceeded")


def reason(holder: str, *, is_long: bool = False, awaits: str = "", account: str = "") -> NotLoaded:
    """As the service tells whose request it is, and for whom it waits."""
    why = NotLoaded(is_long=is_long)
    why.holder, why.awaits, why.account = holder, awaits, account
    if holder:
        why.throttled = lambda: THROTTLED
    return why


class Stage:
    """Threads whose work waits for ``gate``; ``ran``: who was served, in order."""

    def __init__(self, limits: Limits) -> None:
        self.ran: list[bytes] = []
        self.gate = threading.Event()
        self.threads = Threads(limits, self.work)

    def work(self, raw: RawRequest) -> Response:
        assert self.gate.wait(20)
        self.ran.append(raw.target)
        return Response(200, (), raw.target)

    def ask(self, holder: str, peer: str = "", **more: Any) -> Future[Response]:
        return self.threads.submit(RawRequest("POST", (holder or peer).encode(), (), peer=peer), reason(holder, **more))


@pytest.fixture
def stage() -> Iterator[Stage]:
    one = Stage(Limits(threads=4, awaiting=3, queued=16))
    yield one
    one.gate.set()
    one.threads.close()


def answered(futures: list[Future[Response]]) -> list[Response]:
    return [future.result(0) for future in futures if future.done()]


def test_one_callers_flood_refuses_and_delays_nobody_else(stage: Stage) -> None:
    """Whoever sends too much is told so; another caller's request is accepted, and is among the first to be served."""
    flood = [stage.ask("mallory") for _ in range(200)]
    assert answered(flood) == [THROTTLED] * 190
    change = stage.ask("admin")
    wait_for(lambda: stage.threads._lanes["admin"].running == 1)  # a thread was left for it
    stage.gate.set()
    assert change.result(10).status == 200
    assert [future.result(10).status for future in flood].count(200) == stage.threads._limits.places_each == 10


def test_callers_take_turns(stage: Stage) -> None:
    """Whoever comes later with one request does not wait for all those of others that were there before."""
    futures = [stage.ask(holder) for holder in ("ann", "bob") for _ in range(8)]
    futures.append(stage.ask("admin"))
    stage.gate.set()
    assert {future.result(10).status for future in futures} == {200}
    assert stage.ran.index(b"admin") < 9


def test_many_callers_floods_take_no_place_from_one_who_asks_little(stage: Stage) -> None:
    """Where all places are taken, the newcomer gets the last one of the longest lane, which is what is refused."""
    flood = [stage.ask(holder) for holder in ("mallory", "oscar") for _ in range(10)]
    assert answered(flood) == []
    change = stage.ask("admin")
    assert not change.done()
    assert answered(flood) == [THROTTLED]
    stage.gate.set()
    assert change.result(10).status == 200


def test_strangers_share_one_lane(stage: Stage) -> None:
    """Whoever is not verified yet gets a bare 503 when there is no room, and makes room for those who are."""
    strangers = [stage.ask("") for _ in range(25)]
    assert answered(strangers) == [OVERLOADED] * 5
    change = stage.ask("admin")
    assert not change.done()
    assert answered(strangers) == [OVERLOADED] * 6
    stage.gate.set()
    assert change.result(10).status == 200


@pytest.mark.parametrize("awaits", ["", "issuer"])
def test_strangers_of_one_address_keep_no_other_stranger_out(stage: Stage, awaits: str) -> None:
    """He takes the place of one of theirs, and does not wait for all of them: what is refused is the flood's."""
    flood = [stage.ask("", "10.0.0.1", awaits=awaits) for _ in range(40)]
    refused = len(answered(flood))
    other = [stage.ask("", peer, awaits=awaits) for peer in ("10.0.0.2", "2001:db8::1", "2001:db8::2")]
    assert not answered(other)
    assert len(answered(flood)) == refused + 3
    stage.gate.set()
    assert [future.result(10).status for future in other] == [200, 200, 200]
    assert max(map(stage.ran.index, (b"10.0.0.2", b"2001:db8::1"))) < 8
    wait_for(lambda: not stage.threads._lanes)


def test_strangers_of_one_network_share_its_turn(stage: Stage) -> None:
    """Of IPv6 a customer has a whole network, and is not many because of it."""
    flood = [stage.ask("", f"2001:db8::{number:x}") for number in range(25)]
    assert answered(flood) == [OVERLOADED] * 5
    assert stage.ask("", "2001:db8::ffff").result(0) is OVERLOADED


def test_what_computes_for_long_runs_one_at_a_time(stage: Stage) -> None:
    """Whoever asks for it; the other threads are there for everything else, and all of it is answered in the end."""
    long = [stage.ask(holder, is_long=True) for holder in ("ann", "bob", "ann", "bob")]
    change = stage.ask("admin")
    lanes = stage.threads._lanes
    wait_for(lambda: lanes["admin"].running == 1)
    assert sum(lanes[holder].running for holder in ("ann", "bob")) == 1
    stage.gate.set()
    assert {future.result(10).status for future in [*long, change]} == {200}


def test_a_client_that_leaves_takes_no_thread_with_it(stage: Stage) -> None:
    """A future that somebody gave up is answered all the same, and the thread goes on."""
    assert not stage.ask("ann").cancel()
    stage.gate.set()
    assert stage.ask("ann").result(10).status == 200


def test_what_has_not_begun_is_refused_when_the_threads_end(stage: Stage) -> None:
    """A stopping process leaves nobody without an answer, and takes nothing new."""
    futures = [stage.ask("ann") for _ in range(8)]
    wait_for(lambda: stage.threads._lanes["ann"].running == 3)
    stage.threads.close()
    assert answered(futures) == [OVERLOADED] * 5
    assert stage.ask("bob").result(0) is THROTTLED
    stage.gate.set()
    assert [future.result(10).status for future in futures].count(200) == 3


def test_a_defect_in_refusing_leaves_nobody_waiting(stage: Stage) -> None:
    """Where the service cannot even say no, the client gets the bare 503."""

    def broken() -> Response:
        raise ValueError

    flood = [stage.ask("ann") for _ in range(10)]
    why = reason("ann")
    why.throttled = broken
    assert stage.threads.submit(RawRequest("POST", b"/", ()), why).result(0) is OVERLOADED
    assert not answered(flood)


@settings(max_examples=40, deadline=None)
@given(
    asked=st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), max_size=60),
    threads=st.integers(1, 4),
)
def test_everybody_is_answered_and_nothing_is_kept(asked: list[tuple[str, bool]], threads: int) -> None:
    """Whoever asks in whatever order: each request has one answer, and afterwards no lane and no place is taken."""
    stage = Stage(Limits(threads=threads, queued=8))
    futures = [stage.ask(holder, is_long=is_long) for holder, is_long in asked]
    stage.gate.set()
    assert {future.result(10).status for future in futures} <= {200, 400, 503}
    wait_for(lambda: stage.threads._workers == 0)
    assert (stage.threads._lanes, stage.threads._taken, stage.threads._computes) == ({}, 0, False)
    stage.threads.close()


def test_slow_outside_parties_hold_up_nobody_else(stage: Stage) -> None:
    """What waits for one of them has one thread, of those beside all that there are for everybody else."""
    slow = [stage.ask("", awaits=party, account=party) for party in ("one", "one", "two", "three", "four", "one")]
    wait_for(lambda: stage.threads._awaiting == 3)
    others = [stage.ask(holder) for holder in ("admin", "ann", "bob", "", "eve")]
    wait_for(lambda: stage.threads._running == 7)
    lanes = stage.threads._lanes
    assert [lanes[party].running for party in ("one", "two", "three", "four")] == [1, 1, 1, 0]
    assert sum(lanes[holder].running for holder in ("admin", "ann", "bob", "", "eve")) == 4
    stage.gate.set()
    assert {future.result(10).status for future in [*slow, *others]} == {200}
    assert stage.threads._awaiting == stage.threads._running == 0


def test_one_account_does_not_have_all_wait_for_the_parties_that_it_names() -> None:
    """However many it names: half of what there is waits for others' parties alone."""
    stage = Stage(Limits(threads=4, awaiting=6, queued=40))
    try:
        slow = [stage.ask("", awaits=f"slow-{number}", account="one") for number in range(20)]
        wait_for(lambda: stage.threads._awaiting == 3)
        other = stage.ask("", awaits="other", account="two")
        wait_for(lambda: stage.threads._lanes["other"].running == 1)
        assert stage.threads._awaiting == 4
        stage.gate.set()
        assert {future.result(10).status for future in [*slow, other]} == {200}
        assert not +stage.threads._awaiting_of
    finally:
        stage.gate.set()
        stage.threads.close()


def test_a_flood_that_awaits_one_party_fills_its_lane_alone(stage: Stage) -> None:
    """Tokens of one issuer that nobody needs are refused before anybody else's request is."""
    flood = [stage.ask("", awaits="one") for _ in range(200)]
    assert answered(flood) == [OVERLOADED] * 190
    other = stage.ask("", awaits="two")
    wait_for(lambda: stage.threads._lanes["two"].running == 1)
    stage.gate.set()
    assert other.result(10).status == 200
