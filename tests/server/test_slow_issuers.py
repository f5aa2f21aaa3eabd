"""Issuers that misbehave when they are asked for their keys: whoever does not need them does not notice."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlencode, urlsplit

import pytest

from benchmarks.actions import visited_role
from benchmarks.hostile import KINDS, HostileIssuer
from benchmarks.issuers import register
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS, LocalDaypass
from tests.calling import admin_of, call
from tests.running import Running, eventually, up

MISBEHAVING = 6
STRANGER = "127.0.0.2"


@dataclass
class Stage:
    """A server that trusts a good issuer and some of one kind that is none."""

    daypass: Running
    good: StubIssuer
    hostile: HostileIssuer
    urls: list[str]
    role: str
    numbers: Iterator[int] = field(default_factory=count)

    def question(self) -> None:
        """What is answered on the event loop."""
        assert call(self.daypass.url, admin_of(self.daypass.data), "sts:GetCallerIdentity").status == 200

    def change(self) -> None:
        """What takes a thread."""
        user = {"UserName": f"user-{next(self.numbers)}"}
        assert call(self.daypass.url, admin_of(self.daypass.data), "iam:CreateUser", user).status == 200

    def come(self, token: str, address: str = "127.0.0.1") -> int:
        """The status of an AssumeRoleWithWebIdentity from ``address``."""
        asked = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": VERSIONS["sts"],
            "RoleArn": self.role,
            "RoleSessionName": "visit",
            "WebIdentityToken": token,
        }
        connection = HTTPConnection(urlsplit(self.daypass.url).netloc, timeout=30, source_address=(address, 0))
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/", urlencode(asked), headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def stranger(self, url: str) -> int:
        """The same for a token that names a key which the issuer at ``url`` does not have."""
        (token,) = self.hostile.tokens(url, 1, begin=next(self.numbers))
        return self.come(token, STRANGER)


@contextmanager
def staged(data: Path, kind: str, issuers: int, **settings: str) -> Iterator[Stage]:
    """See ``Stage``."""
    with StubIssuer() as good, HostileIssuer() as hostile:
        with LocalDaypass(data) as local:
            role = visited_role(local, good)
            urls = [register(local, hostile, kind, number) for number in range(issuers)]
        with up(data, env={f"DAYPASS_{name.upper()}": value for name, value in settings.items()}) as daypass:
            yield Stage(daypass, good, hostile, urls, role)
            hostile.over.set()


def test_while_issuers_are_asked_neither_the_loop_nor_the_threads_of_callers_wait(tmp_path: Path) -> None:
    """With one thread for all callers and two issuers that say nothing, questions and changes are answered at once."""
    with staged(tmp_path / "data", "silent", 2, threads="1") as stage:
        stage.question()  # the account is in memory
        strangers = [Thread(target=stage.stranger, args=(url,)) for url in stage.urls]
        for stranger in strangers:
            stranger.start()
        assert eventually(lambda: all(f"{urlsplit(url).path}/jwks" in stage.hostile.requests for url in stage.urls), 3)
        began = time.monotonic()
        stage.question()
        stage.change()
        assert stage.come(stage.good.token()) == 200  # nor does another issuer's first token
        spent = time.monotonic() - began
        assert all(stranger.is_alive() for stranger in strangers), "the issuers are no longer asked"
        assert spent < 2.5  # they have five seconds
        stage.hostile.over.set()
        for stranger in strangers:
            stranger.join(10)


def ninety_ninth(ask: Callable[[], object], times: int) -> float:
    """Seconds within which 99 of 100 were answered."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        spent.append(time.perf_counter() - began)
    return statistics.quantiles(spent, n=100)[98]


@pytest.mark.nightly  # a real server for each kind
@pytest.mark.parametrize("kind", KINDS)
def test_issuers_that_misbehave_hold_up_nobody_else(kind: str, tmp_path: Path) -> None:
    """Under a flood of tokens of six of them, another issuer's tokens, changes and questions are answered as ever."""
    with staged(tmp_path / "data", kind, MISBEHAVING, throttling="off") as stage:
        over = Event()

        def flood(url: str) -> None:
            while not over.wait(0.1):
                assert stage.stranger(url) in (400, 503)

        quiet = ninety_ninth(stage.question, 200), ninety_ninth(stage.change, 30)
        floods = [Thread(target=flood, args=(url,)) for url in stage.urls for _ in range(2)]
        for one in floods:
            one.start()
        time.sleep(0.3)
        began = time.monotonic()
        assert stage.come(stage.good.token()) == 200  # its keys are not known yet
        first = time.monotonic() - began
        busy = ninety_ninth(stage.question, 200), ninety_ninth(stage.change, 30)
        over.set()
        for one in floods:
            one.join(30)
        print(f"\nquestions {quiet[0] * 1e3:.1f} -> {busy[0] * 1e3:.1f} ms, changes {quiet[1] * 1e3:.1f} -> ", end="")
        print(f"{busy[1] * 1e3:.1f} ms (p99), first token of another issuer {first:.2f} s")
        assert busy[0] < quiet[0] * 1.2 + 0.1  # on a machine with other work, too
        assert busy[1] < quiet[1] * 1.2 + 0.5
        assert first < 3.0
