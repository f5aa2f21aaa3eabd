"""Three worker processes on one data directory: what one has acknowledged the next request sees, wherever it lands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of, credentials_in
from tests.running import Running, up
from tests.security.world import ADMINISTRATOR, document, trusting

WORKERS = 3
LOOKS = 4
"""Requests after each write, each on a connection of its own: with three workers most rounds meet another one."""


@pytest.fixture
def daypass(data: Path, database: tuple[str, ...]) -> Iterator[Running]:
    # Deleted keys are tried here more often than a stranger may.
    with up(data, "--workers", str(WORKERS), *database, env={"DAYPASS_THROTTLING": "off"}) as running:
        yield running


@pytest.fixture
def admin(daypass: Running) -> Signer:
    return admin_of(daypass.data)


def must(daypass: Running, signer: Signer, operation: str, **params: object) -> None:
    """Call; it must succeed."""
    answer = call(daypass.url, signer, operation, params)
    assert answer.status == 200, answer.body


def looks(daypass: Running, signer: Signer, operation: str) -> list[str]:
    """Codes of the same call, again and again."""
    return [code_of(call(daypass.url, signer, operation)) for _ in range(LOOKS)]


def test_no_worker_ever_answers_from_before_an_acknowledged_write(
    daypass: Running, admin: Signer, cases: Callable[[int], int]
) -> None:
    """A hundred rounds: a new key, an attached policy, its end and the end of the key all count at once."""
    must(daypass, admin, "iam:CreateUser", UserName="worker")
    must(daypass, admin, "iam:PutUserPolicy", UserName="worker", PolicyName="x", PolicyDocument=document("s3:*"))
    stale = []
    for number in range(cases(100)):
        key = credentials_in(call(daypass.url, admin, "iam:CreateAccessKey", {"UserName": "worker"}))
        told = [looks(daypass, key, "iam:ListUsers")]
        must(daypass, admin, "iam:AttachUserPolicy", UserName="worker", PolicyArn=ADMINISTRATOR)
        told.append(looks(daypass, key, "iam:ListUsers"))
        must(daypass, admin, "iam:DetachUserPolicy", UserName="worker", PolicyArn=ADMINISTRATOR)
        told.append(looks(daypass, key, "iam:ListUsers"))
        must(daypass, admin, "iam:DeleteAccessKey", UserName="worker", AccessKeyId=key.access_key_id)
        told.append(looks(daypass, key, "sts:GetCallerIdentity"))
        expected = [[code] * LOOKS for code in ("AccessDenied", "200", "AccessDenied", "InvalidClientTokenId")]
        if told != expected:
            stale.append((number, told))
    assert not stale
    assert workers_met(daypass) == WORKERS


def workers_met(daypass: Running) -> int:
    """How many processes have written an audit trail of their own."""
    return sum(1 for path in (daypass.data / "audit").glob("w*.head") if path.read_bytes())


def test_a_deleted_role_ends_its_sessions_on_every_worker_at_once(daypass: Running, admin: Signer) -> None:
    """Each round a role is made, assumed, used everywhere, deleted, and its session refused everywhere."""
    account = call(daypass.url, admin, "sts:GetCallerIdentity").body.decode().partition("iam::")[2][:12]
    trust = trusting(f"arn:aws:iam::{account}:root")
    for number in range(20):
        name = f"role-{number}"
        must(daypass, admin, "iam:CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
        wish = {"RoleArn": f"arn:aws:iam::{account}:role/{name}", "RoleSessionName": "short"}
        session = credentials_in(call(daypass.url, admin, "sts:AssumeRole", wish))
        assert looks(daypass, session, "sts:GetCallerIdentity") == ["200"] * LOOKS
        must(daypass, admin, "iam:DeleteRole", RoleName=name)
        assert looks(daypass, session, "sts:GetCallerIdentity") == ["InvalidClientTokenId"] * LOOKS


# ── A key in use is deleted ──────────────────────────────────────────────────────────────────────────

THREADS = 8
USERS = 10


def test_a_key_deleted_under_eight_threads_makes_nothing_more(daypass: Running, admin: Signer) -> None:
    """A key is deleted while eight threads make keys and sessions with it: from then on nothing is made."""
    account = call(daypass.url, admin, "sts:GetCallerIdentity").body.decode().partition("iam::")[2][:12]
    must(daypass, admin, "iam:CreateUser", UserName="stolen")
    must(daypass, admin, "iam:AttachUserPolicy", UserName="stolen", PolicyArn=ADMINISTRATOR)
    trust = trusting(f"arn:aws:iam::{account}:root")
    must(daypass, admin, "iam:CreateRole", RoleName="loot", AssumeRolePolicyDocument=trust)
    for thread in range(THREADS):
        for number in range(USERS):
            must(daypass, admin, "iam:CreateUser", UserName=f"puppet-{thread}-{number}")
    stolen = credentials_in(call(daypass.url, admin, "iam:CreateAccessKey", {"UserName": "stolen"}))
    begin, stop = Event(), Event()

    def steal(thread: int) -> list[tuple[float, str]]:
        """When each call began, and what came of it."""
        begin.wait()
        told = []
        for number in range(10_000):
            if stop.is_set():
                break
            started = time.monotonic()
            wish = {"RoleArn": f"arn:aws:iam::{account}:role/loot", "RoleSessionName": "loot"}
            if number % 2:
                answer = call(daypass.url, stolen, "sts:AssumeRole", wish)
            else:
                name = f"puppet-{thread}-{number // 2 % USERS}"
                answer = call(daypass.url, stolen, "iam:CreateAccessKey", {"UserName": name})
            told.append((started, code_of(answer)))
        return told

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(steal, thread) for thread in range(THREADS)]
        try:
            begin.set()
            time.sleep(0.4)
            must(daypass, admin, "iam:DeleteAccessKey", UserName="stolen", AccessKeyId=stolen.access_key_id)
            acknowledged = time.monotonic()
            made = keys(daypass, admin)
            time.sleep(0.6)
        finally:
            stop.set()
        told = [each for future in running for each in future.result()]
    assert keys(daypass, admin) == made
    before = {code for started, code in told if started < acknowledged}
    after = {code for started, code in told if started >= acknowledged}
    assert "200" in before
    assert before <= {"200", "LimitExceeded", "InvalidClientTokenId", "ServiceUnavailable"}
    assert after == {"InvalidClientTokenId"}


def keys(daypass: Running, admin: Signer) -> set[str]:
    """Every access key of the puppets."""
    found = set()
    for thread in range(THREADS):
        for number in range(USERS):
            answer = call(daypass.url, admin, "iam:ListAccessKeys", {"UserName": f"puppet-{thread}-{number}"})
            found |= {part.partition("<")[0] for part in answer.body.decode().split("<AccessKeyId>")[1:]}
    return found
