"""A cache of the keys of OpenID Connect issuers.

A key that is in the cache is found without waiting, for at most a day after its set was fetched: a fresh set is used as
it is, an older one is used and fetched again in the background. Only a key that is not in the cache is waited for, on a
worker thread, in a queue of its issuer's own (``server/threads.py``); requests that wait for the same issuer share one
fetch, and its failure too. An issuer is asked at most three times a minute, however many tokens name it.

The cache is by issuer and by the terms on which it is asked: accounts with the same terms share its keys.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import NamedTuple

from daypass.adapters.fetch import SECONDS, Fetcher, FetchFailed, Terms, host_of
from daypass.entities import OidcProvider
from daypass.errors import Malformed
from daypass.federation.discovery import discovery_url, read_key_set_url
from daypass.federation.key_set import KeySet, read_key_set
from daypass.ports import IssuerKey, KeysUnavailable

FRESH = (300, 3_600, 86_400)
"""Seconds that a key set is fresh: the least, the default where the issuer does not say, the most."""

LONGEST = 86_400
"""Seconds since it was fetched after which a set verifies nothing any more."""

FETCHES, PERIOD = 3, 60.0
"""How often an issuer is asked in how many seconds."""

WAITING = 2
"""Requests that wait for one issuer at once: one fetches, the other shares the result."""

PAUSE = 5.0
"""Seconds that an issuer is not asked after a failure: requests that waited meanwhile share the failure."""

CAPACITY = 1_000
"""Issuers that are remembered."""

_LOG = logging.getLogger("daypass.federation")


class _Failure(NamedTuple):
    """The last failure to ask an issuer. ``at``: monotonic seconds."""

    at: float
    why: str
    wrong_certificate: bool


@dataclass(slots=True)
class _Issuer:
    """The cached keys of one issuer, asked on one set of terms. Times are monotonic seconds."""

    url: str
    terms: Terms
    keys: KeySet = field(default_factory=lambda: KeySet({}))
    fetched: float = float("-inf")
    fresh_until: float = float("-inf")
    by_thumbprint: bool = False
    failure: _Failure | None = None
    asked: deque[float] = field(default_factory=lambda: deque(maxlen=FETCHES))
    refreshing: bool = False
    fetching: Lock = field(default_factory=Lock)
    waiting: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(WAITING))


def elapsed() -> float:
    """Seconds of a monotonic clock that goes on while the machine sleeps, where the system has one."""
    return time.clock_gettime(_CLOCK)


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class IssuerKeyCache:
    """``ports.IssuerKeys``. ``monotonic`` is a clock in seconds."""

    def __init__(self, fetcher: Fetcher, monotonic: Callable[[], float] = elapsed) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._lock = Lock()  # guards the table
        self._issuers: OrderedDict[tuple[str, Terms], _Issuer] = OrderedDict()
        self._refreshers = ThreadPoolExecutor(2, thread_name_prefix="issuer-keys")

    def find(self, provider: OidcProvider, algorithm: str, key_id: str | None, wait: Callable[[], None]) -> IssuerKey:
        """See ``ports.IssuerKeys``."""
        issuer = self._issuer(provider)
        found = self._known(issuer, algorithm, key_id)
        if found is None:
            barred = self._barred(issuer)
            if barred and not issuer.fetching.locked():
                raise barred  # at once: nobody waits for a thread to learn that nothing is to be learnt
            wait()
            self._learn(issuer, lambda: self._known(issuer, algorithm, key_id) is not None)
            found = self._known(issuer, algorithm, key_id)
        if found is None:
            raise KeysUnavailable(f"{issuer.url} has no key {key_id!r} for {algorithm}")
        return found

    def close(self) -> None:
        """End the threads."""
        self._refreshers.shutdown(wait=False, cancel_futures=True)
        self._fetcher.close()

    def _issuer(self, provider: OidcProvider) -> _Issuer:
        terms = Terms(provider.authorities, provider.thumbprints, provider.allow_private)
        with self._lock:
            key = (provider.url, terms)
            issuer = self._issuers.get(key)
            if issuer is None:
                issuer = self._issuers[key] = _Issuer(provider.url, terms)
                if len(self._issuers) > CAPACITY:
                    self._issuers.popitem(last=False)
            else:
                self._issuers.move_to_end(key)
            return issuer

    # INVARIANT: 1. a key set that was not fetched for a day verifies nothing.
    #   tests/adapters/test_issuer_keys.py::test_keys_are_used_for_a_day_while_the_issuer_is_down_and_then_no_longer
    def _known(self, issuer: _Issuer, algorithm: str, key_id: str | None) -> IssuerKey | None:
        """The key, if it is known; has the set fetched anew in the background when it is no longer fresh."""
        now = self._monotonic()
        if now - issuer.fetched > LONGEST:
            return None
        key = issuer.keys.find(algorithm, key_id)
        if key is None:
            return None
        if now > issuer.fresh_until:
            self._refresh(issuer)
        return IssuerKey(key, "Thumbprint" if issuer.by_thumbprint else "IAMTrustStore")

    def _refresh(self, issuer: _Issuer) -> None:
        with self._lock:
            if issuer.refreshing or self._barred(issuer):
                return
            issuer.refreshing = True
        self._refreshers.submit(self._refresh_now, issuer)

    def _refresh_now(self, issuer: _Issuer) -> None:
        try:
            with issuer.fetching:
                if self._monotonic() > issuer.fresh_until:
                    self._fetch(issuer)
        except KeysUnavailable as error:
            _LOG.warning("the keys of %s could not be fetched anew: %s", issuer.url, error)
        finally:
            issuer.refreshing = False

    def _learn(self, issuer: _Issuer, is_known: Callable[[], bool]) -> None:
        """Fetch the set unless somebody else does while this waits.

        Raises:
            KeysUnavailable: it cannot be had now.
        """
        if not issuer.waiting.acquire(blocking=False):
            raise KeysUnavailable(f"too many wait for the keys of {issuer.url} already", is_busy=True)
        try:
            with issuer.fetching:
                if not is_known():
                    self._fetch(issuer)
        finally:
            issuer.waiting.release()

    # INVARIANT: 9. strangers' tokens make daypass ask an issuer three times a minute at most.
    #   tests/adapters/test_issuer_keys.py::test_an_issuer_is_asked_three_times_a_minute_at_most
    def _fetch(self, issuer: _Issuer) -> None:
        """Ask the issuer for its keys; what was known stays where that fails. The caller holds ``fetching``."""
        barred = self._barred(issuer)
        if barred:
            raise barred
        now = self._monotonic()
        issuer.asked.append(now)
        try:
            keys, max_age, by_thumbprint = self._ask(issuer)
        except (FetchFailed, Malformed) as error:
            why, wrong_certificate = f"{issuer.url}: {error}", getattr(error, "wrong_certificate", False)
            issuer.failure = _Failure(self._monotonic(), why, wrong_certificate)
            raise KeysUnavailable(why, wrong_certificate=wrong_certificate) from None
        least, usual, most = FRESH
        fresh = usual if max_age is None else min(max(max_age, least), most)
        issuer.keys, issuer.by_thumbprint, issuer.fetched, issuer.fresh_until = keys, by_thumbprint, now, now + fresh

    def _barred(self, issuer: _Issuer) -> KeysUnavailable | None:
        """Why the issuer may not be asked now: it has just failed, or was asked too often. None: it may be asked."""
        now = self._monotonic()
        if issuer.failure is not None and now - issuer.failure.at < PAUSE:
            return KeysUnavailable(issuer.failure.why, wrong_certificate=issuer.failure.wrong_certificate)
        if len(issuer.asked) == FETCHES and now - issuer.asked[0] <= PERIOD:
            return KeysUnavailable(f"{issuer.url} was asked {FETCHES} times in the last {PERIOD:g} s")
        return None

    def _ask(self, issuer: _Issuer) -> tuple[KeySet, int | None, bool]:
        return fetch_key_set(self._fetcher, issuer.url, issuer.terms)


def fetch_key_set(fetcher: Fetcher, url: str, terms: Terms) -> tuple[KeySet, int | None, bool]:
    """The keys of the issuer ``url`` (without scheme), the max-age of their document in seconds, and whether either
    server was trusted by a thumbprint. Both documents have to arrive within the time that one may take.

    Raises:
        FetchFailed: the issuer does not answer on these terms.
        Malformed: what it answers cannot be used.
    """
    name = f"https://{url}"
    until = time.monotonic() + SECONDS
    document = fetcher.get(discovery_url(name), terms)
    where = read_key_set_url(document.body, name)
    answer = fetcher.get(where, _terms_for(where, name, terms), seconds=until - time.monotonic())
    return read_key_set(answer.body), answer.max_age, document.by_thumbprint or answer.by_thumbprint


def _terms_for(where: str, issuer: str, terms: Terms) -> Terms:
    """The terms for the key set: a private address only at the host that the administrator has named."""
    if terms.private and host_of(where) != host_of(issuer):
        return terms._replace(private=False)
    return terms
