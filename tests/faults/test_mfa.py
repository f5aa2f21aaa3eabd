"""MFA codes when their use cannot be recorded: no session, an answer within a second, and all else goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from daypass.ports import StoreUnavailable
from daypass.testing.local import LocalDaypass
from daypass.totp import code_of, step_at
from tests.calling import code_of as said
from tests.postgres import PostgresServer
from tests.security.world import ADMINISTRATOR, World, new_world

LIMIT = 1.0
SLACK = 0.5
"""Seconds more that a busy machine may take until a thread runs again."""
SEED = bytes(range(40))


def test_a_code_whose_use_cannot_be_recorded_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and no credentials; the code is not lost by it."""
    with new_world() as world:
        user, signer = world.person("careful", ADMINISTRATOR)
        device = world.device("careful", user)
        world.put(device)
        wish = {"SerialNumber": world.arn(device), "TokenCode": world.code()}

        def fail(*_: object) -> None:
            raise StoreUnavailable("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(world.daypass.daypass.storage.codes._database, "commit", fail)
            answer = world.daypass.call("sts", "GetSessionToken", wish, signer)
            assert (answer.status, said(answer)) == (503, "ServiceUnavailable")
            assert b"SecretAccessKey" not in answer.body
        assert world.daypass.call("sts", "GetSessionToken", wish, signer).status == 200


def test_without_the_database_codes_are_refused_in_time_and_others_served(
    server: PostgresServer, tmp_path: Path, away: Callable[[bool], None]
) -> None:
    """503 within a second for each call with a code; GetSessionToken without one goes on; afterwards codes count."""
    with LocalDaypass(tmp_path / "data", database=server.new_database()) as daypass:
        world = World(daypass)
        user, signer = world.person("careful", ADMINISTRATOR)
        device = world.device("careful", user)
        world.put(device)
        wish = {"SerialNumber": world.arn(device)}
        assert world.daypass.call("sts", "GetSessionToken", {}, signer).status == 200
        away(True)
        for _ in range(3):
            started = time.monotonic()
            answer = daypass.call("sts", "GetSessionToken", wish | {"TokenCode": present(daypass)}, signer)
            assert (answer.status, said(answer)) == (503, "ServiceUnavailable")
            assert time.monotonic() - started < LIMIT + SLACK
            assert daypass.call("sts", "GetSessionToken", {}, signer).status == 200
        away(False)
        assert eventually_opens(daypass, wish, signer)


def present(daypass: LocalDaypass) -> str:
    return code_of(SEED, step_at(int(daypass.clock.now())))


def eventually_opens(daypass: LocalDaypass, wish: dict[str, str], signer: object) -> bool:
    """Whether a code counts again within some seconds."""
    ends = time.monotonic() + 8
    while time.monotonic() < ends:
        if daypass.call("sts", "GetSessionToken", wish | {"TokenCode": present(daypass)}, signer).status == 200:  # type: ignore[arg-type]
            return True
        daypass.clock.advance(31)
        time.sleep(0.2)
    return False
