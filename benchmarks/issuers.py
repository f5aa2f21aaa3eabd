"""What a caller notices while strangers send proofs of identity that cannot be verified: tokens of issuers that
misbehave when they are asked for their keys, and SAML responses that somebody else has signed.

The same caller is measured without any flood, and beside one that is refused at once: tokens of an issuer that nobody
knows, and the same responses for a provider that does not exist.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.actions import SAML, SignedIn, signed_in
from benchmarks.federation import WEB
from benchmarks.figures import Figures
from benchmarks.hostile import KINDS, HostileIssuer
from benchmarks.load import Request, pin
from benchmarks.paced import BETWEEN, PAUSE, Times, beside, pair
from benchmarks.servers import Server, daypass
from benchmarks.single import take_second_core
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import LocalDaypass

ROUNDS = 3
QUESTIONS = 1_500
"""Of the caller in a run: the slowest hundredth are fifteen."""

RESPONSE = 65_000
"""Bytes of a SAML response."""

REFUSALS = {"InvalidIdentityToken", "IDPCommunicationError", "Throttling", "503"}
"""What strangers may be answered; 503: their lane is full."""

QUIET, UNKNOWN, NOBODY, FORGED = "no flood", "an unknown issuer", "no such SAML provider", "forged SAML responses"


@dataclass(frozen=True)
class Target:
    """A server with providers for all issuers of all kinds, one for each round, and one of SAML."""

    server: Server
    issuer: HostileIssuer
    signed_in: SignedIn

    def flood(self, name: str, number: int, count: int) -> list[Request]:
        """What strangers send in a round. None of it was sent in another, nor asks what was asked in another."""
        if name == QUIET:
            return []
        if name in (NOBODY, FORGED):
            provider = self.signed_in.provider + ("x" if name == NOBODY else "")
            wish = {"RoleArn": self.signed_in.role, "PrincipalArn": provider, "SAMLAssertion": forged(self.signed_in)}
            return [self.server.unsigned(SAML, wish)] * count
        url = "https://unknown.example" if name == UNKNOWN else self.issuer.become(name, number)
        return [self._web(token) for token in self.issuer.tokens(url, count)]

    def _web(self, token: str) -> Request:
        wish = {"RoleArn": self.server.role, "RoleSessionName": "bench", "WebIdentityToken": token}
        return self.server.unsigned(WEB, wish)


FLOODS = (QUIET, UNKNOWN, *KINDS, NOBODY, FORGED)


def misbehaving(figures: Figures) -> None:
    """All floods in turn, in rounds; the least of each."""
    with targeted(ROUNDS) as target, pair() as processes:
        pin(target.server.pid)
        _run(target, processes, QUIET, 0)  # warms up
        found = [{name: _run(target, processes, name, number) for name in FLOODS} for number in range(ROUNDS)]
    least = {name: _least([round_[name] for round_ in found]) for name in FLOODS}
    for name, values in least.items():
        over = [QUIET] if name != QUIET else []
        over += [UNKNOWN] if name in KINDS else [NOBODY] if name == FORGED else []
        label = f"GetCallerIdentity, {'issuer: ' if name in KINDS else ''}{name}"
        for at, what in enumerate(("p50", "p99", "longest")):
            figures.add(f"{label}, {what}", values[at], "us", *((known, least[known][at]) for known in over))


def _least(rounds: Sequence[Times]) -> tuple[float, float, float]:
    return min(one.p50 for one in rounds), min(one.p99 for one in rounds), min(one.longest for one in rounds)


def _run(target: Target, processes: ProcessPoolExecutor, name: str, number: int) -> Times:
    """One flood in one round, from an address of its own: nobody there has failed yet.

    Raises:
        RuntimeError: the flood was not what it is called.
    """
    count = round(QUESTIONS * PAUSE / BETWEEN)
    source = f"127.0.{number + 1}.{FLOODS.index(name) + 2}"
    flood = target.flood(name, number, count)
    times = beside(processes, target.server.request("GetCallerIdentity"), QUESTIONS, flood, source)
    if set(times.answers) - REFUSALS or sum(times.answers.values()) != len(flood):
        raise RuntimeError(f"{name}: {times.answers}")
    return times


@contextmanager
def targeted(rounds: int) -> Iterator[Target]:
    """See ``Target``. The issuer answers on the second core, where all come from that are not measured."""
    with tempfile.TemporaryDirectory() as folder, _elsewhere(HostileIssuer) as issuer:
        with LocalDaypass(Path(folder) / "data") as local:
            for kind in KINDS:
                for number in range(rounds):
                    register(local, issuer, kind, number)
            there = signed_in(local)
        with daypass(Path(folder) / "data") as server:
            yield Target(server, issuer, there)


@contextmanager
def _elsewhere(make: Callable[[], HostileIssuer]) -> Iterator[HostileIssuer]:
    """The issuer that ``make`` makes, with its threads on the second core; this one goes back to where it was."""
    cores = os.sched_getaffinity(0)
    take_second_core()
    try:
        with make() as issuer:
            os.sched_setaffinity(0, cores)
            yield issuer
    finally:
        os.sched_setaffinity(0, cores)


def register(local: LocalDaypass, issuer: HostileIssuer, kind: str, number: int = 0) -> str:
    """Have the account trust the issuer of a kind and a number; its URL."""
    url = issuer.become(kind, number)
    made = local.client("iam").create_open_id_connect_provider(Url=url, ClientIDList=[issuer.audience])
    arn = made["OpenIDConnectProviderArn"]
    terms = {"OpenIDConnectProviderArn": arn, "Authorities": issuer.authority, "AllowPrivate": True}
    local.daypass.operator("daypass:SetOpenIDConnectProviderTerms", terms)
    return url


def forged(there: SignedIn) -> str:
    """A response (base64) in the provider's name that another has signed, of the greatest size that is usual."""
    stranger = StubIdentityProvider(there.idp.entity_id)
    groups = [f"group-{number}" for number in range(RESPONSE // 80)]
    return stranger.response({"Role": f"{there.role},{there.provider}", "https://idp.example/groups": groups})
