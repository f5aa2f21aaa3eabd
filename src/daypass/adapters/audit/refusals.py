"""Refusals of verified callers: so many a second have a record of their own, the others are summed up."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock

from daypass.ports import AuditUnavailable

Append = Callable[[Mapping[str, object]], None]

MOST_TOLD = 50
"""Kinds of refusal, and access keys, that one summary names; the rest is told together."""

_REST = "other"


def _count(counter: Counter[str], name: str, more: int) -> None:
    counter[name if name in counter or len(counter) < MOST_TOLD else _REST] += more


class _Hidden:
    """Refusals of one caller that have no record of their own."""

    def __init__(self, record: Mapping[str, object], at: float) -> None:
        self.at = at
        self.first = self.last = record
        self.kinds: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()

    def add(self, record: Mapping[str, object]) -> None:
        identity = record.get("userIdentity")
        key = identity.get("accessKeyId") if isinstance(identity, Mapping) else None
        kind = f"{record.get('eventSource')} {record.get('eventName')} {record.get('errorCode')}"
        _count(self.kinds, kind, 1)
        _count(self.keys, str(key), 1)
        self.last = record

    def extend(self, later: _Hidden) -> None:
        for mine, others in ((self.kinds, later.kinds), (self.keys, later.keys)):
            for name, count in others.items():
                _count(mine, name, count)
        self.last = later.last

    def summary(self) -> Mapping[str, object]:
        """One record for all: the last one's identity and place, and how many there were of what."""
        empty = ("errorCode", "errorMessage", "requestParameters", "responseElements", "resources", "requestID")
        event = {"eventName": "RefusalsCounted", "eventType": "AwsServiceEvent", "eventID": os.urandom(16).hex()}
        ours = {
            "refusalsNotShown": self.kinds.total(),
            "since": self.first.get("eventTime"),
            "refusals": dict(self.kinds),
            "accessKeyIds": dict(self.keys),
        }
        return {**self.last, **dict.fromkeys(empty), **event, "daypass": ours}


class _Second:
    """What one caller was refused since ``began``; ``hidden`` stays until it is told."""

    __slots__ = ("began", "hidden", "shown")

    def __init__(self, began: float, hidden: _Hidden | None) -> None:
        self.began = began
        self.shown = 0
        self.hidden = hidden


class RefusalSample:
    """Appends what the rate allows, and counts the rest until ``tell``. Safe to use from several threads.

    # INVARIANT: 9. whoever may do nothing does not fill the disk with being told so, and no refusal goes uncounted.
    #   tests/adapters/audit/test_refusals.py::test_a_flood_is_recorded_at_the_bounded_rate_and_summed_up
    """

    def __init__(self, per_second: int, few: int, append: Append) -> None:
        self._most, self._few = per_second, few
        self._append = append
        self._lock = Lock()  # guards all below; never held while appending
        self._seconds: dict[str, _Second] = {}

    def note(self, record: Mapping[str, object], holder: str, *, few: bool = False) -> None:
        """Append ``record``, or count it where ``holder`` has had enough of them in this second, or a ``few``.

        Raises:
            AuditUnavailable: it should have been appended and could not.
        """
        now = time.monotonic()
        with self._lock:
            second = self._seconds.get(holder)
            if second is None or now - second.began >= 1:
                second = self._seconds[holder] = _Second(now, second.hidden if second else None)
            second.shown += 1
            if second.shown > (self._few if few else self._most):
                second.hidden = second.hidden or _Hidden(record, now)
                second.hidden.add(record)
                return
        self._append(record)

    def tell(self, *, at_once: bool = False) -> None:
        """Sum up what was counted for a second or longer; ``at_once``: whatever was counted.

        From one thread at a time. What the trail does not take now is told later.
        """
        before = time.monotonic() if at_once else time.monotonic() - 1
        for holder, hidden in self._due(before):
            try:
                self._append(hidden.summary())
            except AuditUnavailable:
                self._put_back(holder, hidden)

    def _due(self, before: float) -> list[tuple[str, _Hidden]]:
        """Take out what was counted since ``before`` or longer, and forget the seconds that are over."""
        due = []
        with self._lock:
            for holder, second in list(self._seconds.items()):
                if second.hidden is None and second.began <= before:
                    del self._seconds[holder]
                elif second.hidden is not None and second.hidden.at <= before:
                    due.append((holder, second.hidden))
                    second.hidden = None
        return due

    def _put_back(self, holder: str, hidden: _Hidden) -> None:
        with self._lock:
            second = self._seconds.setdefault(holder, _Second(time.monotonic(), None))
            if second.hidden is not None:
                hidden.extend(second.hidden)
            second.hidden = hidden
