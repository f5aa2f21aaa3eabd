"""The database goes away under a running daypass: sessions are minted and verified on, changes are refused in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of, credentials_in
from tests.postgres import PostgresServer
from tests.running import Running, eventually, up
from tests.security.world import trusting

LIMIT = 1.5
"""Seconds in which a change must be refused."""
RECOVERY = 5.0
SLOWEST = 1.0
"""Seconds no verification may take, on a busy machine; a wait for the database would be longer."""


class Clients:
    """What is asked of the daypass, and how long the slowest answer took."""

    def __init__(self, running: Running) -> None:
        self.url = running.url
        self.admin = admin_of(running.data)
        self.account = self._ask(self.admin, "sts:GetCallerIdentity").partition("iam::")[2][:12]
        self.role = f"arn:aws:iam::{self.account}:role/away"
        self._ask(self.admin, "iam:CreateRole", RoleName="away", AssumeRolePolicyDocument=self._trust())
        self.session = self.assume()
        self.took: list[float] = []

    def _trust(self) -> str:
        return trusting(f"arn:aws:iam::{self.account}:root")

    def _ask(self, signer: Signer, operation: str, **params: object) -> str:
        answer = call(self.url, signer, operation, params)
        assert answer.status == 200, answer.body
        return answer.body.decode()

    def assume(self) -> Signer:
        """A session of the role."""
        wish = {"RoleArn": self.role, "RoleSessionName": "away"}
        return credentials_in(call(self.url, self.admin, "sts:AssumeRole", wish))

    def round(self) -> None:
        """Mint, use what was minted, use what was there; each must succeed."""
        fresh = None
        for act in ("mint", "fresh", "old", "admin"):
            started = time.monotonic()
            if act == "mint":
                fresh = self.assume()
            else:
                signer = {"fresh": fresh, "old": self.session, "admin": self.admin}[act]
                assert signer is not None
                assert code_of(call(self.url, signer, "sts:GetCallerIdentity")) == "200", act
            self.took.append(time.monotonic() - started)

    def create(self, name: str) -> tuple[str, float]:
        """Code of a CreateUser, and how long it took."""
        started = time.monotonic()
        answer = call(self.url, self.admin, "iam:CreateUser", {"UserName": name})
        return code_of(answer), time.monotonic() - started


def test_minting_and_verifying_go_on_and_changes_are_refused(
    server: PostgresServer, data: Path, away: Callable[[bool], None]
) -> None:
    """No error and no wait for known principals; CreateUser answers 503 in time; soon after the return all is well."""
    with up(data, "--database", server.new_database()) as running:
        clients = Clients(running)
        assert clients.create("before")[0] == "200"
        away(True)
        ends = time.monotonic() + 3
        rounds, refused = 0, []
        while time.monotonic() < ends:
            clients.round()
            rounds += 1
            if rounds % 5 == 1:
                refused.append(clients.create(f"during-{rounds}"))
        assert rounds >= 10
        assert {code for code, _ in refused} == {"ServiceUnavailable"}
        assert but_for_one([seconds for _, seconds in refused]) < LIMIT, refused
        assert but_for_one(clients.took) < SLOWEST, sorted(clients.took)[-5:]
        away(False)
        assert eventually(lambda: clients.create("after")[0] in ("200", "EntityAlreadyExists"), RECOVERY)
        clients.round()
        assert users(clients) == {"admin", "before", "after"}
        assert running.stop() == 0
        assert running.command("audit", "verify").returncode == 0


def but_for_one(seconds: list[float]) -> float:
    """The longest of several waits; the machine may have been busy elsewhere once, which the database never is once."""
    return sorted(seconds)[-2]


def users(clients: Clients) -> set[str]:
    """The users there are."""
    listed = call(clients.url, clients.admin, "iam:ListUsers").body.decode()
    return {part.partition("<")[0] for part in listed.split("<UserName>")[1:]}


def _another(key_id: str) -> str:
    """A key id of the same account that is not this one."""
    return key_id[:-1] + ("B" if key_id.endswith("A") else "A")


def test_strangers_are_refused_without_asking_the_database(server: PostgresServer, data: Path) -> None:
    """Unknown keys, of unknown accounts too, and forged tokens are refused at once while it is away."""
    with up(data, "--database", server.new_database()) as running:
        clients = Clients(running)
        server.freeze()
        try:
            for key_id, token in (
                ("AKIARZPUZDIKAAAAAAAA", None),
                (_another(clients.admin.access_key_id), None),
                (clients.session.access_key_id, "AWxvbmc" + (clients.session.session_token or "")[7:]),
            ):
                stranger = Signer(key_id, clients.admin.secret_access_key, token)
                started = time.monotonic()
                for _ in range(3):
                    assert code_of(call(clients.url, stranger, "sts:GetCallerIdentity")) == "InvalidClientTokenId"
                assert time.monotonic() - started < LIMIT + SLOWEST, key_id
                clients.round()
        finally:
            server.thaw()
