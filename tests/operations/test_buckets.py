"""Token buckets: what they let through, and what they take in memory."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from daypass.operations.buckets import TokenBuckets

RATES = st.integers(1, 10_000)
BURSTS = st.integers(1, 1_000)
PAUSES = st.lists(st.integers(0, 3_000_000), max_size=200)
START = 1_700_000_000


def times(pauses: list[int]) -> list[float]:
    """Moments in seconds, with ``pauses`` in microseconds between."""
    moments, at = [], START * 1_000_000
    for pause in pauses:
        at += pause
        moments.append(at / 1_000_000)
    return moments


@given(RATES, BURSTS, PAUSES)
def test_never_more_than_the_burst_and_what_time_brings(rate: int, burst: int, pauses: list[int]) -> None:
    """However requests are spread, between any two of them no more get through than burst and rate allow."""
    buckets = TokenBuckets(rate, burst, 10)
    let_through = [moment for moment in times(pauses) if buckets.take("one", moment)]
    for first, begin in enumerate(let_through):
        for last, end in enumerate(let_through[first:], first):
            brought = (round(end * 1_000_000) - round(begin * 1_000_000)) * rate // 1_000_000
            assert last - first + 1 <= burst + brought + 1  # the clock is read in whole microseconds


@given(RATES, BURSTS, PAUSES)
def test_whoever_stays_below_the_rate_is_never_refused(rate: int, burst: int, pauses: list[int]) -> None:
    """A bucket gets back what it gives: asking no faster than the rate always finds a token."""
    buckets = TokenBuckets(rate, burst, 10)
    slow = [pause + 1_000_000 // rate + 1 for pause in pauses]
    assert all(buckets.take("one", moment) for moment in times(slow))


@given(RATES, BURSTS)
def test_a_bucket_fills_up_and_not_over(rate: int, burst: int) -> None:
    """After however long a rest the burst is there, and not one more."""
    buckets = TokenBuckets(rate, burst, 10)
    for rest in (0, 1_000, 1_000_000):
        taken = [buckets.take("one", START + rest) for _ in range(burst + 1)]
        assert taken == [True] * burst + [False]


@given(RATES, BURSTS, st.integers(1, 10_000_000))
def test_a_clock_that_is_set_back_empties_a_bucket_at_worst(rate: int, burst: int, back: int) -> None:
    """Whoever was let through before a step back waits for one token, not for the clock to catch up."""
    buckets = TokenBuckets(rate, burst, 10)
    while buckets.take("one", START):
        pass
    assert not buckets.take("one", START - back)
    assert buckets.take("one", START - back + 1 / rate + 0.000_002)


@given(RATES, BURSTS)
def test_what_is_given_back_can_be_taken_again(rate: int, burst: int) -> None:
    """Giving back undoes taking, and makes no token out of nothing."""
    buckets = TokenBuckets(rate, burst, 10)
    assert all(buckets.take("one", START) for _ in range(burst))
    buckets.give_back("one", START)
    assert buckets.has("one", START)
    assert buckets.take("one", START)
    assert not buckets.take("one", START)


def test_one_key_takes_nothing_from_another() -> None:
    """Buckets are told apart by their whole key: no two of them share a place."""
    buckets = TokenBuckets(1, 1, 100_000)
    assert all(buckets.take(("address", number), START) for number in range(40_000))


def test_a_million_sources_take_no_more_memory_than_the_table_has_room_for() -> None:
    """Strangers cannot make it grow, and those who ask on are remembered while others come and go."""
    buckets = TokenBuckets(1, 1, 1_000)
    assert buckets.take("the one who stays", START)
    most = 0
    for number in range(1_000_000):
        buckets.take(number, START)
        most = max(most, len(buckets))
        assert number % 100 or not buckets.take("the one who stays", START)
    assert most <= 1_000
    assert sys.getsizeof(buckets._young) + sys.getsizeof(buckets._old) < 100_000
