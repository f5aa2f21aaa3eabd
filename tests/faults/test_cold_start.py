"""Node and database die, the node starts alone: it is what it was at the last contact, and no more, until they meet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from daypass.adapters.storage import Storage, open_store
from daypass.adapters.storage.disk_snapshot import FILE_NAME
from daypass.ports import NotLoaded, StoreUnavailable
from daypass.testing.backend import until
from daypass.testing.local import Signer
from tests.calling import admin_of, call, credentials_in, element
from tests.faults.conftest import node_of, snapshot_of
from tests.postgres import PostgresServer
from tests.running import Running, eventually, run, up
from tests.security.world import trusting

WRITTEN = 6.0
"""Seconds within which a change must be in the disk snapshot, on a busy machine."""

RECOVERY = 5.0
"""Seconds within which a node must be in contact after the database has come back, on a busy machine."""


def health(running: Running) -> dict[str, Any]:
    """What the node says of itself, and the ``code`` it says it with."""
    with closing(HTTPConnection(running.url.partition("//")[2])) as connection:
        connection.request("GET", "/-/health")
        answer = connection.getresponse()
        return {"code": answer.status, **json.loads(answer.read())}


def noted(data: Path) -> int:
    """The change that the disk snapshot goes up to."""
    held = node_of(data).snapshot()
    return held.facts.head if held else -1


class Clients:
    """Someone who uses boto3, and the principals that the tests are about."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.admin = admin_of(running.data)
        told = call(running.url, self.admin, "sts:GetCallerIdentity")
        self.account = element(told, "Account")
        self.role = f"arn:aws:iam::{self.account}:role/cold"
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, signer: Signer | None = None) -> Any:
        """A client of boto3, without retries."""
        who = signer or self.admin
        known = (service, who.session_token or who.access_key_id)
        if known not in self._clients:
            self._clients[known] = self._made(service, who)
        return self._clients[known]

    def _made(self, service: str, who: Signer) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.running.url,
            region_name="us-east-1",
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key.reveal(),
            aws_session_token=who.session_token,
            config=Config(retries={"max_attempts": 0}),
        )

    def prepare(self) -> Signer:
        """A role that the account may assume, and a user whose key is given back."""
        iam = self.client("iam")
        iam.create_role(RoleName="cold", AssumeRolePolicyDocument=trusting(f"arn:aws:iam::{self.account}:root"))
        iam.create_user(UserName="leaver")
        return credentials_in(call(self.running.url, self.admin, "iam:CreateAccessKey", {"UserName": "leaver"}))

    def assume(self) -> Signer:
        """A session of the role."""
        return Signer.of(self.client("sts").assume_role(RoleArn=self.role, RoleSessionName="cold")["Credentials"])

    def who(self, signer: Signer) -> str:
        """Code of GetCallerIdentity, or OK."""
        return refusal(lambda: self.client("sts", signer).get_caller_identity())

    def create(self, name: str) -> str:
        """Code of CreateUser, or OK."""
        return refusal(lambda: self.client("iam").create_user(UserName=name))


def refusal(act: Callable[[], object]) -> str:
    """The code that ``act`` is refused with, or OK."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "OK"


def test_a_node_starts_without_its_database_and_catches_up(server: PostgresServer, data: Path) -> None:
    """It mints and verifies as of the last contact, refuses changes, says so, and is current soon after the return."""
    with up(data, "--database", server.new_database()) as running:
        clients = Clients(running)
        leaver = clients.prepare()
        session = clients.assume()
        assert eventually(lambda: noted(data) == health(running)["revision"], WRITTEN)
        assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600
        running.process.kill()
        running.process.wait()
    gone = ("key", "delete", leaver.access_key_id, "--user", "leaver", "--data", str(data))
    assert run(*gone).returncode == 0
    contact = snapshot_of(data).facts.contact
    server.kill()
    with up(data) as running:
        assert "started from the disk snapshot" in running.log
        assert "changes that this host acknowledged after that are missing" in running.log
        clients = Clients(running)
        told = health(running)
        assert told["startedFrom"] == "disk snapshot"
        assert told["staleSeconds"] >= time.time() - contact - 1.0
        fresh = clients.assume()
        assert [clients.who(each) for each in (clients.admin, session, fresh, leaver)] == ["OK"] * 4
        assert clients.create("during") == "ServiceUnavailable"
        server.start()
        back = time.monotonic()
        assert eventually(lambda: "startedFrom" not in health(running), RECOVERY)
        assert clients.who(leaver) == "InvalidClientTokenId"
        print(f"in contact after {time.monotonic() - back:.2f} s")
        assert [clients.who(each) for each in (clients.admin, session, fresh)] == ["OK"] * 3
        assert eventually(lambda: clients.create("after") in ("OK", "EntityAlreadyExists"), RECOVERY)
        assert health(running)["staleSeconds"] < 1.5
        revision = health(running)["revision"]
        assert running.stop() == 0
        assert noted(data) == revision, "who stops writes it a last time"
        assert running.command("audit", "verify").returncode == 0


def test_another_database_in_place_of_the_own_ends_all_answers(server: PostgresServer, data: Path) -> None:
    """When what comes back is empty, or another daypass's, nothing is read from it, written to it or answered."""
    own = server.new_database()
    name = own.rpartition("/")[2]
    with up(data, "--database", own) as running:
        assert running.stop() == 0
    server.command(f"ALTER DATABASE {name} RENAME TO lost")
    with up(data) as running:
        clients = Clients(running)
        assert clients.who(clients.admin) == "OK"
        server.command(f"CREATE DATABASE {name}")
        assert eventually(lambda: health(running).get("problem") == "the database is empty", RECOVERY)
        assert health(running)["code"] == 503
        assert [clients.who(clients.admin), clients.create("x")] == ["ServiceUnavailable"] * 2
        (data.parent / "other").mkdir()
        with open_store(own, data.parent / "other", follow=False) as foreign:
            assert eventually(
                lambda: health(running).get("problem") == "the database belongs to another daypass", RECOVERY
            )
            assert [clients.who(clients.admin), clients.create("x")] == ["ServiceUnavailable"] * 2
            assert foreign.revision() == 0
        server.command(f"DROP DATABASE {name} WITH (FORCE)")
        server.command(f"ALTER DATABASE lost RENAME TO {name}")
        assert eventually(lambda: clients.who(clients.admin) == "OK", RECOVERY)
        assert health(running)["code"] == 200


def test_past_the_limit_a_cold_node_no_longer_answers(server: PostgresServer, data: Path) -> None:
    """What counts is the last contact before the start; with the database, here one that hung, it answers again."""
    with up(data, "--database", server.new_database()) as running:
        assert running.stop() == 0
    account = snapshot_of(data).facts.accounts[0]
    age, limit = 100.0, 105.0
    begun = time.time()
    node = node_of(data, max_stale=limit, now=lambda: time.time() + age - (begun - snapshot_of(data).facts.contact))
    server.freeze()
    try:
        with node.open(follow=True, cold=True) as storage:
            assert time.time() - begun < 4
            assert storage.cold
            assert age < storage.stale_for() < limit
            assert storage.directory.find(account)
            until(lambda: refuses(storage, account), 8)
            assert storage.stale_for() > limit
            server.thaw()
            until(lambda: not refuses(storage, account), RECOVERY)
            assert not storage.cold
    finally:
        server.thaw()


def refuses(storage: Storage, account: str) -> bool:
    """Whether neither memory nor a worker thread answers for the account."""
    try:
        return storage.directory.find(account) is None
    except NotLoaded:
        pass
    try:
        return storage.directory.load(account) is None
    except StoreUnavailable:
        return True
