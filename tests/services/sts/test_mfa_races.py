"""One code, two nodes of one store, at the same moment: one session."""

from __future__ import annotations

import shutil
import time
from base64 import b32decode, b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from daypass.app import hold, open_daypass
from daypass.settings import Settings
from daypass.testing.backend import together
from daypass.testing.local import LocalDaypass, Signer
from daypass.totp import code_of, step_at
from tests.calling import admin_of, call, element
from tests.calling import code_of as said
from tests.postgres import PostgresServer
from tests.running import up

SEED = bytes(range(40))
CALLERS = 4
"""Threads a node."""


class Nodes:
    """Two daypasses on one store, a user of theirs with a device, and a clock they share."""

    def __init__(self, first: LocalDaypass, second: LocalDaypass) -> None:
        self.both = (first, second)
        second.clock, second.admin = first.clock, first.admin
        first.clock.freeze(step_at(int(first.clock.now())) * 30.0)
        iam = first.client("iam")
        iam.create_user(UserName="alice")
        self.alice = Signer.of(iam.create_access_key(UserName="alice")["AccessKey"])
        self.serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["SerialNumber"]
        with first.daypass.storage.store.transaction(first.account) as change:
            (device,) = change.account.mfa_devices.values()
            user = change.account.users_by_name["alice"]
            sealed = first.daypass.keys.seal_seed(device.id, SEED)
            change.put(replace(device, sealed_seed=sealed, user_id=user.id, enabled=1))
        for node in self.both:
            node.daypass.storage.poll()

    def code(self) -> str:
        return code_of(SEED, step_at(int(self.both[0].clock.now())))

    def token(self, node: LocalDaypass, code: str) -> str:
        wish = {"SerialNumber": self.serial, "TokenCode": code}
        return said(node.call("sts", "GetSessionToken", wish, self.alice))

    def at_once(self, code: str) -> Counter[str]:
        """What all callers of both nodes are told when they use one code at the same moment."""
        calls = [lambda node=node: self.token(node, code) for node in self.both for _ in range(CALLERS)]
        return Counter(together(*calls))  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nodes]:
    """On SQLite two processes' worth of one directory, on PostgreSQL two hosts that share the master key."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            first = stack.enter_context(LocalDaypass(tmp_path / "a"))
            second = LocalDaypass(tmp_path / "a")
            settings = Settings(audit_reserve_bytes=0)
            second.daypass = stack.enter_context(open_daypass(settings, tmp_path / "a", clock=first.clock))
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            url = server.new_database()
            first = stack.enter_context(LocalDaypass(tmp_path / "a", database=url))
            with hold(tmp_path / "b"):  # makes it
                pass
            shutil.copy(tmp_path / "a/master.key", tmp_path / "b/master.key")
            shutil.copy(tmp_path / "a/credentials", tmp_path / "b/credentials")
            second = LocalDaypass(tmp_path / "b", database=url)
            second.clock = first.clock
            stack.enter_context(second)
        yield Nodes(first, second)


def test_of_many_calls_with_one_code_on_two_nodes_one_wins(nodes: Nodes) -> None:
    """Eight callers at a time, five codes: each opens exactly one session, and all others hear that it is invalid."""
    for _ in range(5):
        nodes.both[0].clock.advance(30)
        assert nodes.at_once(nodes.code()) == {"200": 1, "AccessDenied": 2 * CALLERS - 1}


def test_guessing_on_two_nodes_gets_no_more_tries_than_on_one(nodes: Nodes) -> None:
    """Eight wrong codes at once close the device for both; the right one then counts on neither."""
    first, second = nodes.both
    wrong = next(code for code in ("000000", "000001") if code != nodes.code())
    assert nodes.at_once(wrong) == {"AccessDenied": 2 * CALLERS}
    looked_at = []
    first.daypass.storage.codes.use(first.account, device_id(first), lambda use: looked_at.append(use) or use)
    assert looked_at[0].wrong == 5
    assert nodes.token(first, nodes.code()) == nodes.token(second, nodes.code()) == "AccessDenied"
    first.clock.advance(30)
    assert nodes.token(second, nodes.code()) == "200"


@pytest.mark.nightly
def test_of_thousands_of_codes_each_opens_one_session(nodes: Nodes) -> None:
    """As above, a thousand times."""
    for _ in range(1_000):
        nodes.both[0].clock.advance(30)
        assert nodes.at_once(nodes.code()) == {"200": 1, "AccessDenied": 2 * CALLERS - 1}


def test_of_many_calls_with_one_code_to_three_processes_one_wins(tmp_path: Path) -> None:
    """Over HTTP, each caller with a connection of its own, a wrong code between them: one session, whoever answers."""
    with up(tmp_path / "data", "--workers", "3") as running:
        admin = admin_of(running.data)
        made = call(running.url, admin, "iam:CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"})
        serial = {"SerialNumber": element(made, "SerialNumber")}
        seed, step = b32decode(b64decode(element(made, "Base32StringSeed"))), step_at(int(time.time()))
        pair = {"AuthenticationCode1": code_of(seed, step - 2), "AuthenticationCode2": code_of(seed, step - 1)}
        enabled = call(running.url, admin, "iam:EnableMFADevice", {"UserName": "admin", **serial, **pair})
        assert enabled.status == 200, enabled.body

        def token(code: str) -> str:
            return said(call(running.url, admin, "sts:GetSessionToken", {**serial, "TokenCode": code}))

        codes = [code_of(seed, step)] * 12 + [code_of(seed, step - 9)] * 2
        told = Counter(together(*[lambda code=code: token(code) for code in codes]))
        assert told == {"200": 1, "AccessDenied": 13}
        assert running.stop() == 0


def device_id(node: LocalDaypass) -> str:
    account = node.daypass.storage.directory.load(node.account)
    assert account is not None
    return next(iter(account.mfa_devices))
