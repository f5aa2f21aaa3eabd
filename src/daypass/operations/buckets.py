"""Token buckets in a table of bounded size: a rate limit for each of many keys.

A bucket holds at most ``burst`` tokens and gets ``rate`` tokens a second. It is stored as one whole number, the moment
at which it will be full again, in millionths of a token: rounding neither loses nor makes a token.

The table never exceeds ``capacity``. It has two halves: when the younger is full it becomes the older, and the older
one, with the keys that were not used for longest, is dropped. A key that was dropped has a full bucket again, so
strangers can fill the buckets of others but never empty them. No lock is needed: threads that use one bucket at the
same moment may share a token, and threads at the change of halves may drop keys a little sooner.
"""

from __future__ import annotations

from collections.abc import Hashable

_TOKEN = 1_000_000
"""Parts of a token, and of a second: with ``rate`` tokens a second each microsecond brings ``rate`` parts."""


class TokenBuckets:
    """One bucket for each key; a key that is not in the table has a full one. Times are in seconds, by any clock."""

    __slots__ = ("_half", "_old", "_size", "_young", "rate")

    def __init__(self, rate: int, burst: int, capacity: int) -> None:
        self.rate = rate
        self._size = burst * _TOKEN
        self._half = max(1, capacity // 2)
        self._young: dict[Hashable, int] = {}
        self._old: dict[Hashable, int] = {}

    def __len__(self) -> int:
        """Entries held: at most the capacity, and one more for each thread at the change of halves."""
        return len(self._young) + len(self._old)

    # INVARIANT: 9. in any time t at most burst + rate * t are let through.
    #   tests/operations/test_buckets.py::test_never_more_than_the_burst_and_what_time_brings
    def take(self, key: Hashable, now: float) -> bool:
        """Take one token of ``key``; False: there is none."""
        moment = self._moment(now)
        full_at = self._full_at(key, moment) + _TOKEN
        if full_at > moment + self._size:
            return False
        self._put(key, full_at)
        return True

    def give_back(self, key: Hashable, now: float) -> None:
        """Undo one ``take``."""
        self._put(key, self._full_at(key, self._moment(now)) - _TOKEN)

    def has(self, key: Hashable, now: float) -> bool:
        """Whether ``key`` has a token left."""
        moment = self._moment(now)
        return self._full_at(key, moment) + _TOKEN <= moment + self._size

    def _moment(self, now: float) -> int:
        return int(now * _TOKEN) * self.rate

    def _full_at(self, key: Hashable, moment: int) -> int:
        held = self._young.get(key)
        if held is None:
            held = self._old.get(key)
            if held is None:
                return moment
            self._put(key, held)  # asked for again: it stays with the young
        latest = moment + self._size
        if held > latest:
            # The clock was set back. An empty bucket that fills up from now on is the worst that comes of it.
            self._put(key, latest)
            return latest
        return max(held, moment)

    def _put(self, key: Hashable, full_at: int) -> None:
        young = self._young
        if len(young) >= self._half and key not in young:
            self._old = young
            self._young = young = {}
        young[key] = full_at
