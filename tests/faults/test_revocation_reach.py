"""How far a revocation reaches: every worker of this host when the command returns, other hosts within a second."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of, credentials_in, element
from tests.postgres import PostgresServer
from tests.running import Running, up
from tests.security.world import document, trusting

THREADS = 4


class Sessions:
    """A role with every permission that trusts its own sessions, and the ARNs of a daypass under test."""

    def __init__(self, daypass: Running) -> None:
        self.url, self.admin = daypass.url, admin_of(daypass.data)
        account = element(call(self.url, self.admin, "sts:GetCallerIdentity"), "Account")
        wish = {"RoleName": "reach", "AssumeRolePolicyDocument": trusting(f"arn:aws:iam::{account}:root")}
        self.role = element(call(self.url, self.admin, "iam:CreateRole", wish), "Arn")
        put = {"RoleName": "reach", "PolicyName": "all", "PolicyDocument": document("*")}
        assert call(self.url, self.admin, "iam:PutRolePolicy", put).status == 200

    def assume(self, signer: Signer) -> Signer:
        return credentials_in(
            call(self.url, signer, "sts:AssumeRole", {"RoleArn": self.role, "RoleSessionName": "reach"})
        )


@pytest.fixture
def daypass(data: Path, database: tuple[str, ...]) -> Iterator[Running]:
    with up(data, "--workers", "2", *database) as running:
        yield running


def test_when_the_command_returns_no_worker_accepts_the_session_or_its_children(daypass: Running) -> None:
    """Threads open sessions with a session all the while: no call that begins later succeeds, and no child lives."""
    sessions = Sessions(daypass)
    session = sessions.assume(sessions.admin)
    sibling = sessions.assume(sessions.admin)
    begin, stop = Event(), Event()

    def go_on(_: int) -> tuple[list[tuple[float, str]], list[Signer]]:
        told, made = [], []
        begin.wait()
        while not stop.is_set():
            at = time.monotonic()
            wish = {"RoleArn": sessions.role, "RoleSessionName": "child"}
            answer = call(daypass.url, session, "sts:AssumeRole", wish)
            told.append((at, code_of(answer)))
            made += [credentials_in(answer)] if answer.status == 200 else []
        return told, made

    with ThreadPoolExecutor(THREADS) as pool:
        going = [pool.submit(go_on, thread) for thread in range(THREADS)]
        begin.set()
        done = daypass.command("revoke", session.access_key_id)
        returned = time.monotonic()
        time.sleep(0.3)
        stop.set()
        told = [one for future in going for one in future.result()[0]]
        made = [signer for future in going for signer in future.result()[1]]
    assert done.returncode == 0, done.stderr
    assert {code for at, code in told if at > returned} == {"ExpiredToken"}
    assert made
    for child in (*made[:3], *made[-3:]):
        assert code_of(call(daypass.url, child, "sts:GetCallerIdentity")) == "ExpiredToken"
    assert code_of(call(daypass.url, sibling, "sts:GetCallerIdentity")) == "200"


def test_another_host_follows_within_a_second(postgres: PostgresServer, tmp_path: Path) -> None:
    """Two nodes with data directories of their own on one database: what one revokes the other refuses."""
    database = ("--database", postgres.new_database())
    with up(tmp_path / "one", *database) as one:
        shutil.copytree(tmp_path / "one", tmp_path / "two", ignore=shutil.ignore_patterns("audit"))
        with up(tmp_path / "two", *database) as two:
            sessions = Sessions(one)
            session = sessions.assume(sessions.admin)
            assert code_of(call(two.url, session, "sts:GetCallerIdentity")) == "200"
            assert one.command("revoke", session.access_key_id).returncode == 0
            limit = time.monotonic() + 1.0
            while (code := code_of(call(two.url, session, "sts:GetCallerIdentity"))) == "200":
                assert time.monotonic() < limit
                time.sleep(0.02)
            assert code == "ExpiredToken"
