"""Rate limits: which requests are answered ``Throttling`` before any work is done for them.

    failures   wrong signatures of a key from an address; invalid tokens and assertions       on by default
               from an address
    address    requests from an address                                                       off unless a number is set
    sts        an account's calls of STS in a region; the global endpoint counts by itself    AWS's quota, or a number
    iam-reads, iam-writes   an account's calls of IAM                                         off unless a number is set

An address is an IPv4 address, or the /64 network of an IPv6 address, which is what one customer of a provider gets.
Only verified callers use up the quota of an account, so nobody can use up another's.

Source of AWS's figures: IAM User Guide, "IAM and AWS STS quotas", "STS request quotas"; it publishes none for IAM.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Literal, get_args

from daypass.errors import Throttling
from daypass.operations.buckets import TokenBuckets
from daypass.operations.registry import Operation

Class = Literal["failures", "address", "sts", "iam-reads", "iam-writes", "threads"]
"""For what a request is refused with ``Throttling``. ``threads``: too many changes of one caller wait already."""

CLASSES: tuple[str, ...] = get_args(Class)

AWS_QUOTAS: Mapping[Class, int] = {"sts": 600}
"""Requests a second of an account in a region, where AWS publishes them."""

CAPACITY = 16_384
"""Buckets that a process keeps of each kind; about 200 bytes each."""

BURST_SECONDS = 10
"""The burst of failures that is allowed, in seconds' worth of the rate."""


def source_of(address: str) -> str:
    """The part of ``address`` that one party holds; empty for requests that came without an address."""
    return _network(address) if ":" in address else address


@lru_cache(maxsize=4_096)
def _network(address: str) -> str:
    try:
        return str(IPv6Address(int(IPv6Address(address)) >> 64 << 64)) + "/64"
    except ValueError:
        return address


class Failures:
    """Counts failed proofs of identity. ``active`` is false while no bucket is empty; then nothing else need be asked.

    A key that exists has a bucket for each address it is used from. Everything else shares four buckets for each
    address: keys that do not exist, keys whose account had to be read from the store, session tokens that could not be
    opened, and tokens and assertions of identity providers. While a bucket is empty, requests that would use it are
    refused without a look at their proof. Buckets are by address, so nobody elsewhere can have your requests refused.

    # INVARIANT: 9. wrong signatures of one address are worth a bounded amount of work, and cost nobody elsewhere his
    #   right ones.  tests/security/test_throttling.py::test_strangers_elsewhere_lock_nobody_out
    """

    def __init__(self, per_second: int, capacity: int = CAPACITY) -> None:
        self.active = False
        self._buckets = TokenBuckets(per_second, per_second * BURST_SECONDS, capacity)
        self._until = 0.0

    def note(self, source: str, key: str, now: float) -> None:
        """Count a failed proof. ``key``: the id of the key if it exists, else the kind of key that was claimed."""
        who = (source, key)
        self._buckets.take(who, now)
        if source and not self._buckets.has(who, now):
            self.active = True
            self._until = now + 1 / self._buckets.rate

    def refuses(self, source: str, key: str, now: float) -> bool:
        """Whether a request with ``key`` from ``source`` is refused unverified now."""
        if now >= self._until:  # all have a token again
            self.active = False
        return self.active and source != "" and not self._buckets.has((source, key), now)


class NoFailures(Failures):
    """Counts nothing, refuses nobody."""

    def __init__(self) -> None:
        super().__init__(1, capacity=2)

    def note(self, source: str, key: str, now: float) -> None:
        """See ``Failures``."""


class Quotas:
    """Requests a second by class: ``rates`` has those that are limited. A second's worth may come at once."""

    def __init__(self, rates: Mapping[Class, int], capacity: int = CAPACITY) -> None:
        self._buckets = {kind: TokenBuckets(rate, rate, capacity) for kind, rate in rates.items()}

    def take(self, kind: Class, who: Hashable, now: float) -> bool:
        """Take one request of ``who``; False: there is none left. A class without a rate has no end."""
        buckets = self._buckets.get(kind)
        return buckets is None or buckets.take(who, now)

    def give_back(self, kind: Class, who: Hashable, now: float) -> None:
        """Undo one ``take``: the request was not answered yet."""
        buckets = self._buckets.get(kind)
        if buckets is not None:
            buckets.give_back(who, now)


def class_of(service: str, operation: Operation | None) -> Class:
    """The class that a signed call of ``operation`` belongs to; None: one that daypass does not have."""
    if service == "sts":
        return "sts"
    changes = operation is not None and operation.effect in ("changes", "founds")
    return "iam-writes" if changes else "iam-reads"


def _uncounted(kind: Class) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits of one service. ``quotas``: None where there are none. ``count`` is called with each refusal."""

    failures: Failures = field(default_factory=NoFailures)
    quotas: Quotas | None = None
    count: Callable[[Class], None] = _uncounted

    def refused(self, kind: Class, detail: str = "") -> Throttling:
        """The refusal, counted, in AWS's words."""
        self.count(kind)
        return Throttling("Rate exceeded", detail=detail)
