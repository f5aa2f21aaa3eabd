"""The keys of issuers: when they are asked for, how long they count, and what an issuer can do to others."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from daypass.adapters import issuer_keys
from daypass.adapters.fetch import Fetcher
from daypass.adapters.issuer_keys import CAPACITY, FETCHES, FRESH, LONGEST, PAUSE, PERIOD, IssuerKeyCache
from daypass.entities import OidcProvider
from daypass.ports import KeysUnavailable
from daypass.testing.issuer import StubIssuer
from tests.adapters.outside import Authority, Server, connections, thumbprint
from tests.adapters.test_fetch import _resolve
from tests.adapters.urls import URLS
from tests.server.conftest import wait_for


class Stage:
    """A cache on a clock of its own, and an issuer that it trusts."""

    def __init__(self, issuer: StubIssuer) -> None:
        self.now = 1_000_000.0
        self.issuer = issuer
        self.cache = IssuerKeyCache(Fetcher(), lambda: self.now)
        url = issuer.url.removeprefix("https://")
        self.provider = OidcProvider("1", url, 0, authorities=issuer.authority, allow_private=True)

    def find(self, key_id: str | None = None, algorithm: str = "RS256") -> str:
        """How the connection was trusted that brought the key."""
        return self.cache.find(self.provider, algorithm, key_id or self.issuer.key_id, lambda: None).trust

    def refused(self, key_id: str | None = None) -> KeysUnavailable:
        with pytest.raises(KeysUnavailable) as error:
            self.find(key_id)
        return error.value

    @property
    def fetches(self) -> int:
        return sum(path.endswith("openid-configuration") for path in self.issuer.requests)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with StubIssuer(path="/realm") as issuer:
        one = Stage(issuer)
        yield one
        one.cache.close()


def test_known_keys_are_found_without_asking_or_waiting(stage: Stage) -> None:
    """One fetch serves every later token of the set, and none of them needs a thread."""
    assert stage.find() == "IAMTrustStore"

    def wait() -> None:
        raise AssertionError("it must not wait")

    for _ in range(100):
        stage.cache.find(stage.provider, "RS256", stage.issuer.key_id, wait)
    assert stage.issuer.requests == ["/realm/.well-known/openid-configuration", "/realm/jwks"]


@pytest.mark.parametrize("kind", ["application/jwk-set+json", "application/json", "text/plain"])
def test_documents_are_taken_whatever_their_kind(stage: Stage, kind: str) -> None:
    """Kubernetes gives its key set to nobody who does not accept its kind (RFC 7517, section 8.5.1)."""
    stage.issuer.kinds = dict.fromkeys(stage.issuer.answers, kind)
    assert stage.find() == "IAMTrustStore"


def test_a_rotated_key_is_found_at_once(stage: Stage) -> None:
    """A key id that is not known yet leads to a fetch then and there."""
    stage.find()
    new = stage.issuer.rotate()
    assert stage.find(new) == "IAMTrustStore"
    assert stage.fetches == 2


def test_an_issuer_is_asked_three_times_a_minute_at_most(stage: Stage) -> None:
    """Ten thousand tokens with key ids that nobody has: three fetches, and later ones find a rotated key again."""
    stage.find()
    for at in range(10_000):
        stage.refused(f"none-{at}")
        stage.now += 60 / 10_001
    assert stage.fetches == FETCHES == 3
    new = stage.issuer.rotate()
    stage.refused(new)
    stage.now += PERIOD
    assert stage.find(new)
    assert stage.find("key-1")


def test_what_cannot_be_learnt_is_refused_without_waiting_for_a_thread(stage: Stage) -> None:
    """Once the issuer was asked often enough, or has failed, the answer is known on the event loop already."""
    for at in range(3):
        stage.refused(f"none-{at}")

    def wait() -> None:
        raise AssertionError("it must not wait")

    with pytest.raises(KeysUnavailable, match="asked 3 times"):
        stage.cache.find(stage.provider, "RS256", "none", wait)


def test_keys_are_used_for_a_day_while_the_issuer_is_down_and_then_no_longer(stage: Stage) -> None:
    """The last set counts for 24 hours after it was fetched; then nothing is verified until the issuer is back."""
    stage.find()
    published = dict(stage.issuer.answers)
    stage.issuer.answers.clear()
    began = stage.now
    while stage.now - began <= LONGEST:
        assert stage.find()
        stage.now += 3_600
    stage.now = began + LONGEST + 1
    stage.refused()
    stage.issuer.answers.update(published)
    stage.now += PERIOD
    assert stage.find()


def test_a_day_passes_while_the_machine_sleeps(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was withdrawn meanwhile verifies nothing when it wakes up."""
    slept = 0.0
    awake = time.clock_gettime

    def clock(which: int) -> float:
        return awake(which) + (slept if which == time.CLOCK_BOOTTIME else 0)

    monkeypatch.setattr(issuer_keys.time, "clock_gettime", clock)
    stage.cache = IssuerKeyCache(Fetcher())
    assert stage.find()
    stage.issuer.answers.clear()
    slept = LONGEST + 1
    stage.refused()


def test_a_set_that_is_no_longer_fresh_is_fetched_in_the_background(stage: Stage) -> None:
    """Nobody waits for it, and a withdrawn key is gone once it has come."""
    stage.issuer.headers["Cache-Control"] = "max-age=600"
    old = stage.issuer.key_id
    stage.find()
    new = stage.issuer.rotate()
    del stage.issuer.keys[old]
    stage.issuer.publish()
    stage.now += 599
    assert stage.find(old)
    assert stage.fetches == 1
    stage.now += 2
    assert stage.find(old)
    wait_for(lambda: stage.fetches == 2 and stage.cache._issuer(stage.provider).fetched == stage.now)
    assert stage.find(new)
    stage.now += PERIOD
    stage.refused(old)


@pytest.mark.parametrize(
    ("header", "fresh"),
    [
        ("max-age=600", 600),
        ("max-age=0", FRESH[0]),
        ("no-store", FRESH[1]),
        ("public, max-age=999999999", FRESH[2]),
        ("s-maxage=7", FRESH[1]),
        ("max-age=-1", FRESH[1]),
        ("MAX-AGE=700", 700),
        ("", FRESH[1]),
    ],
)
def test_the_issuer_says_how_long_its_keys_are_fresh(stage: Stage, header: str, fresh: int) -> None:
    """Between five minutes and a day."""
    stage.issuer.headers["Cache-Control"] = header
    stage.find()
    assert stage.cache._issuer(stage.provider).fresh_until == stage.now + fresh


def test_many_who_want_one_key_share_one_fetch(stage: Stage) -> None:
    """As many as may wait get it, and whoever finds the places taken is told to come again."""
    stage.issuer.delay = 0.2

    def ask(_: int) -> str:
        try:
            return stage.find()
        except KeysUnavailable as error:
            return "busy" if error.is_busy else str(error)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sorted(answers) == ["IAMTrustStore"] * issuer_keys.WAITING + ["busy"] * 6
    assert stage.fetches == 1


def test_a_failure_is_shared_by_those_who_come_right_after_it(stage: Stage) -> None:
    """They are refused at once and alike, and a moment later the issuer is asked again."""
    stage.issuer.answers.clear()
    first = stage.refused()
    assert str(stage.refused()) == str(first)
    assert stage.fetches == 1
    stage.issuer.publish()
    stage.now += PAUSE
    assert stage.find()


def test_a_wrong_certificate_is_told_as_such(stage: Stage) -> None:
    """The first time, and while the failure is remembered."""
    stage.provider = OidcProvider("1", stage.provider.url, 0, allow_private=True)
    assert stage.refused().wrong_certificate
    assert stage.refused().wrong_certificate


def test_bad_documents_take_no_good_keys_away(stage: Stage) -> None:
    """A set that nobody can read leaves the one before in force."""
    stage.find()
    jwks = stage.issuer.answers["/realm/jwks"]
    for bad in (b"", b"{}", b"[]", b'{"keys":[],"keys":[]}', b"\xff"):
        stage.issuer.answers["/realm/jwks"] = bad
        stage.now += PERIOD
        stage.refused("none")
        assert stage.find()
    stage.issuer.answers["/realm/jwks"] = jwks


def test_terms_keep_sets_apart(stage: Stage) -> None:
    """What one account trusts on its terms is not known to another with others."""
    stage.find()
    stranger = OidcProvider("2", stage.provider.url, 0)
    with pytest.raises(KeysUnavailable, match="not at an address that may be asked"):
        stage.cache.find(stranger, "RS256", stage.issuer.key_id, lambda: None)


def test_only_so_many_issuers_are_remembered(stage: Stage) -> None:
    """The one that was asked for longest ago is forgotten, and asked again when it is needed."""
    stage.find()
    for at in range(CAPACITY):
        stage.cache._issuer(OidcProvider("1", f"issuer-{at}.example", 0))
    assert len(stage.cache._issuers) == CAPACITY
    stage.find()
    assert stage.fetches == 2


def test_both_documents_come_within_the_time_of_one(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """A discovery document that comes late leaves less time for the keys."""
    monkeypatch.setattr(issuer_keys, "SECONDS", 0.6)
    stage.issuer.delay = 0.4
    stage.refused()


def test_a_thumbprint_is_told_where_it_has_vouched(stage: Stage) -> None:
    """Its word goes into the record (`identityProviderConnectionVerificationMethod`)."""
    from cryptography import x509

    print_of_it = thumbprint(x509.load_pem_x509_certificate(stage.issuer.authority.encode()))
    stage.provider = OidcProvider("1", stage.provider.url, 0, thumbprints=(print_of_it,), allow_private=True)
    assert stage.find() == "Thumbprint"


# ── where issuers lead ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", [url.removeprefix("https://") for url in URLS if url.startswith("https://")])
def test_no_issuer_leads_to_a_denied_address(url: str) -> None:
    """However a provider came by such a URL, nothing is asked of it."""
    cache = IssuerKeyCache(Fetcher(_resolve))
    with connections() as seen, pytest.raises(KeysUnavailable):
        cache.find(OidcProvider("1", url, 0), "RS256", "key", lambda: None)
    cache.close()
    assert seen == []


def test_no_key_set_leads_to_a_denied_address(tmp_path: object) -> None:
    """An issuer on a private address, as the administrator has named it, gets us no further than to itself."""
    with StubIssuer() as issuer:
        document = json.loads(issuer.answers["/.well-known/openid-configuration"])
        name = issuer.url.removeprefix("https://")
        provider = OidcProvider("1", name, 0, authorities=issuer.authority, allow_private=True)
        own = [url for url in URLS if url.startswith(("https://127.0.0.1/", "https://127.0.0.1:"))]
        for url in URLS:
            if url in own:
                continue
            issuer.answers["/.well-known/openid-configuration"] = json.dumps({**document, "jwks_uri": url}).encode()
            cache = IssuerKeyCache(Fetcher(_resolve))
            with connections(issuer.port) as seen, pytest.raises(KeysUnavailable):
                cache.find(provider, "RS256", "key-1", lambda: None)
            cache.close()
            assert set(seen) == {("127.0.0.1", issuer.port)}, url


def test_a_slow_issuer_does_not_keep_another_waiting(stage: Stage) -> None:
    """Each is asked on its own: nobody's lock is held while somebody else is waited for."""
    authority = Authority()
    silent = threading.Event()
    with Server(lambda connection: silent.wait(10) and None) as server:
        slow = OidcProvider("1", f"127.0.0.1:{server.port}", 0, authorities=authority.pem, allow_private=True)

        def ask() -> None:
            with pytest.raises(KeysUnavailable):
                stage.cache.find(slow, "RS256", "key", lambda: None)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_for(stage.cache._issuer(slow).fetching.locked)
        assert stage.find()
        assert thread.is_alive()  # so nobody has waited for the other
        silent.set()
        thread.join(10)
