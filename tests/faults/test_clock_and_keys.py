"""The clock jumps and sealing keys succeed each other under a running daypass: sessions live as long as they say."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time

import pytest

from daypass.app import open_daypass
from daypass.sessions.keyring import PROPAGATION_DELAY
from daypass.settings import Settings
from daypass.testing.local import LocalDaypass, MovableClock, Signer
from tests.calling import admin_of, call, code_of, credentials_in
from tests.running import Running, eventually, up
from tests.security.world import trusting
from tests.story.conftest import Clock

HOUR = 3600


@dataclass
class Moved:
    """A running daypass whose clock is the test's."""

    running: Running
    clock: Clock
    admin: Signer
    role: str

    def call(self, operation: str, signer: Signer, params: dict[str, object] | None = None, late: int = 0) -> str:
        """Code of a call that is signed at the daypass's own time, or ``late`` seconds off."""
        now = time() + self.clock.offset + late
        return code_of(call(self.running.url, signer, operation, params, now=now))

    def assume(self, **more: object) -> Signer:
        """Credentials of the role."""
        wish = {"RoleArn": self.role, "RoleSessionName": "clock", **more}
        now = time() + self.clock.offset
        return credentials_in(call(self.running.url, self.admin, "sts:AssumeRole", wish, now=now))

    def command(self, *arguments: str) -> list[dict[str, object]]:
        """A ``daypass`` command that lives by the same clock; its JSON."""
        done = self.running.command(*arguments, "--json", env=self.clock.environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    made = Clock(tmp_path / "clock")
    made.advance(0)
    return made


def moved(running: Running, clock: Clock) -> Moved:
    """``running`` with its administrator and a role, made where it is missing."""
    admin = admin_of(running.data)
    now = time() + clock.offset
    account = call(running.url, admin, "sts:GetCallerIdentity", now=now).body.decode().partition("iam::")[2][:12]
    wish = {"RoleName": "clock", "AssumeRolePolicyDocument": trusting(f"arn:aws:iam::{account}:root")}
    wish["MaxSessionDuration"] = "43200"
    assert code_of(call(running.url, admin, "iam:CreateRole", wish, now=now)) in ("200", "EntityAlreadyExists")
    return Moved(running, clock, admin, f"arn:aws:iam::{account}:role/clock")


@pytest.fixture
def daypass(data: Path, clock: Clock) -> Iterator[Moved]:
    with up(data, env={**clock.environment, "DAYPASS_THROTTLING": "off"}) as running:
        yield moved(running, clock)


def test_a_session_is_good_exactly_while_the_clock_says_so(daypass: Moved) -> None:
    """Whatever way the clock jumps, no table or cache lets a session live past the moment that it shows."""
    session, long = daypass.assume(DurationSeconds=900), daypass.assume(DurationSeconds=4 * HOUR)
    start = daypass.clock.offset
    both, first, none = ("200", "200"), ("ExpiredToken", "200"), ("ExpiredToken", "ExpiredToken")
    expected = {-2 * HOUR: both, 0: both, HOUR: first, 5 * HOUR: none}
    for jump in (0, HOUR, -2 * HOUR, HOUR, 5 * HOUR, -2 * HOUR, 5 * HOUR, 0):
        daypass.clock.advance(start + jump - daypass.clock.offset)
        told = tuple(daypass.call("sts:GetCallerIdentity", each) for each in (session, long))
        assert told == expected[jump], jump
        for late in (-901 - 5, 901 + 5):  # the window goes with the server's clock
            assert daypass.call("sts:GetCallerIdentity", daypass.admin, late=late) == "SignatureDoesNotMatch"
    daypass.clock.advance(start - daypass.clock.offset)


def test_a_session_made_while_the_clock_was_wrong_ends_by_its_own_date(daypass: Moved) -> None:
    """Minted two hours early it is over when the clock is right; minted an hour ahead it ends when it says."""
    daypass.clock.advance(-2 * HOUR)
    early = daypass.assume(DurationSeconds=HOUR)
    daypass.clock.advance(3 * HOUR)
    ahead = daypass.assume(DurationSeconds=900)
    daypass.clock.advance(-HOUR)
    assert daypass.call("sts:GetCallerIdentity", early) == "ExpiredToken"
    daypass.clock.advance(HOUR + 901)
    assert daypass.call("sts:GetCallerIdentity", ahead) == "ExpiredToken"


# ── Sealing keys ─────────────────────────────────────────────────────────────────────────────────────


def sealing_key(session: Signer) -> str:
    """The id of the key that sealed a session's token."""
    return b64decode(session.session_token or "")[1:5].hex()


def test_two_rotations_under_a_running_daypass_lose_no_session(data: Path, clock: Clock) -> None:
    """Sessions of every key verify in the server, in one that starts on the same data, and after a restart."""
    sessions = []
    with up(data, env=clock.environment) as running:
        daypass = moved(running, clock)
        sessions.append(daypass.assume(DurationSeconds=43_200))
        for _ in range(2):
            before = {key["Id"] for key in daypass.command("keyring", "list")}
            announced = {key["Id"] for key in daypass.command("keyring", "rotate")} - before
            assert len(announced) == 1
            assert sealing_key(daypass.assume()) not in announced, "a key seals only when every node knows it"
            clock.advance(PROPAGATION_DELAY + 1)
            ring = {key["Id"]: key["State"] for key in daypass.command("keyring", "rotate")}
            (fresh,) = announced
            assert ring[fresh] == "active"
            sessions.append(minted_elsewhere(data, clock))
            assert sealing_key(sessions[-1]) == fresh
            assert daypass.call("sts:GetCallerIdentity", sessions[-1]) == "200", "an unknown key is looked up at once"
            sessions.append(daypass.assume(DurationSeconds=43_200))
            assert sealing_key(sessions[-1]) == fresh, "who has met the new key seals with it"
            assert [daypass.call("sts:GetCallerIdentity", each) for each in sessions] == ["200"] * len(sessions)
        running.process.kill()
        running.process.wait()
    assert len({sealing_key(each) for each in sessions}) == 3
    with up(data, env=clock.environment) as running:
        daypass = moved(running, clock)
        assert [daypass.call("sts:GetCallerIdentity", each) for each in sessions] == ["200"] * len(sessions)
        assert sealing_key(daypass.assume()) == sealing_key(sessions[-1])


def minted_elsewhere(data: Path, clock: Clock) -> Signer:
    """A session that a second process's worth of daypass mints on the same data, with what it finds in the store."""
    ours = MovableClock()
    ours.advance(clock.offset)
    second = LocalDaypass(data)
    with open_daypass(Settings(audit_reserve_bytes=0), data, clock=ours) as daypass:
        second.daypass, second.clock, second.admin = daypass, ours, admin_of(data)
        wish = {"RoleArn": f"arn:aws:iam::{daypass.default_account}:role/clock", "RoleSessionName": "second"}
        return credentials_in(second.call("sts", "AssumeRole", wish))


@pytest.mark.nightly  # the timer looks every half minute
def test_the_timer_rotates_a_running_daypass_by_itself(data: Path, clock: Clock) -> None:
    """When the key is a day old its successor is announced and takes over, while old sessions go on."""
    with up(data, env=clock.environment) as running:
        daypass = moved(running, clock)
        session = daypass.assume(DurationSeconds=43_200)
        first = sealing_key(session)
        clock.advance(86_400)

        def states() -> list[object]:
            return sorted(key["State"] for key in daypass.command("keyring", "list"))

        assert eventually(lambda: states() == ["active", "announced"], 45)
        clock.advance(PROPAGATION_DELAY + 1)
        assert eventually(lambda: sealing_key(daypass.assume()) != first, 45)
