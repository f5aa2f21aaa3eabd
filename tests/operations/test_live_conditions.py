"""Conditions and policy variables on live requests: inline policies, real credentials, the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from daypass.entities import InlinePolicy, Role, User
from daypass.exchange import RawRequest, Response
from daypass.server.address import plain_address
from daypass.sessions.token import open_token, seal
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of, credentials_in
from tests.operations.callers import NOW
from tests.operations.conftest import trust

TABLE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "cases/context/live.json").read_text())
USERS = {"ann": "/", "star": "/", "zoe": "/", "a": "/blue/", "b": "/red/", "c": "/green/"}
TEAMS = {"ann": "blue", "star": "*", "a": "blue", "b": "red", "c": "green"}
ASKED = {"ann": "ann", "star": "star", "zoe": "zoe", "blue/a": "a", "red/a": "b", "green/a": "c"}


class Somewhere(LocalDaypass):
    """Its requests come from ``peer``."""

    peer = "127.0.0.1"

    def serve(self, raw: RawRequest) -> Response:
        return super().serve(raw.replaced(peer=plain_address(self.peer)))


@dataclass
class Office:
    """See the table's ``people``."""

    daypass: Somewhere
    keys: dict[str, Signer]

    def put(self, entity: User | Role) -> None:
        with self.daypass.daypass.storage.store.transaction(self.daypass.account) as change:
            change.put(entity)

    @property
    def snapshot(self) -> Any:
        return self.daypass.daypass.storage.directory.load(self.daypass.account)

    def allow(self, caller: str, version: str, resource: str, condition: dict[str, Any]) -> None:
        """Replace what the user or role behind ``caller`` may do."""
        arn = f"arn:aws:iam::{self.daypass.account}:{resource}"
        statement = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": arn, "Condition": condition}
        policy = InlinePolicy("p", json.dumps({"Version": version, "Statement": [statement]}))
        entity = self.snapshot.users_by_name.get(caller.removesuffix("'s session"))
        self.put(replace(entity or self.snapshot.roles_by_name["ops"], inline=(policy,)))

    def session(self, **more: Any) -> Signer:
        """A session of ops that ann opens."""
        wish = {"RoleArn": self.ops_arn, "RoleSessionName": "nightly", "SourceIdentity": "zoe", **more}
        return credentials_in(self.daypass.call("sts", "AssumeRole", wish, self.keys["ann"]))

    @property
    def ops_arn(self) -> str:
        return f"arn:aws:iam::{self.daypass.account}:role/app/ops"


def with_mfa(daypass: LocalDaypass, signer: Signer) -> Signer:
    """The same session as if a device had confirmed it a minute ago; IAM is closed to sessions without."""
    ring = daypass.daypass.keys.ring()
    session, _ = open_token(str(signer.session_token), signer.access_key_id, ring)
    sealed = seal(session._replace(mfa_at=NOW - 60), ring, daypass.entropy.bytes(12))
    return Signer(signer.access_key_id, sealed.secret, sealed.token)


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """One daypass for the module, whose clock stands still."""
    with Somewhere() as daypass:
        daypass.clock.freeze(NOW)
        office = Office(daypass, {})
        for name, path in USERS.items():
            assert daypass.call("iam", "CreateUser", {"UserName": name, "Path": path}).status == 200
            user = office.snapshot.users_by_name[name]
            # No call can store a `*` in a tag, so that all are stored past them.
            office.put(replace(user, tags=(("Team", TEAMS[name]),) if name in TEAMS else ()))
        ann = f"arn:aws:iam::{daypass.account}:user/ann"
        role = {"RoleName": "ops", "Path": "/app/", "AssumeRolePolicyDocument": trust(ann)}
        made = daypass.call("iam", "CreateRole", {**role, "Tags": [{"Key": "Team", "Value": "red"}]})
        assert made.status == 200, made.body
        for name in ("ann", "star"):
            office.keys[name] = credentials_in(daypass.call("iam", "CreateAccessKey", {"UserName": name}))
        token = credentials_in(daypass.call("sts", "GetSessionToken", {}, office.keys["ann"]))
        office.keys["ann's session"] = with_mfa(daypass, token)
        office.keys["ops"] = office.session()
        office.keys["ops, tagged"] = office.session(Tags=[{"Key": "TEAM", "Value": "green"}])
        yield office


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_a_policy_allows_exactly_what_its_condition_or_variable_says(office: Office, case: dict[str, Any]) -> None:
    """One statement, one caller; every user of the table is asked for."""
    caller = case["caller"]
    office.allow(caller, case.get("version", "2012-10-17"), case.get("resource", "user/*"), case.get("condition", {}))
    office.daypass.peer = case.get("peer", "127.0.0.1")
    found = {}
    for shown, name in ASKED.items():
        answer = office.daypass.call("iam", "GetUser", {"UserName": name}, office.keys[caller])
        found[shown] = "200" if answer.status == 200 else code_of(answer)
    office.daypass.peer = "127.0.0.1"
    allowed = list(ASKED) if case["allowed"] == "all" else case["allowed"]
    assert found == {name: "200" if name in allowed else "AccessDenied" for name in ASKED}


@pytest.mark.parametrize("case", TABLE["trust"], ids=lambda case: case["name"])
def test_a_trust_policy_opens_a_session_as_its_condition_says(office: Office, case: dict[str, Any]) -> None:
    """AssumeRole by ann, who is named and needs nothing else."""
    ops = office.snapshot.roles_by_name["ops"]
    statement = {**json.loads(ops.trust)["Statement"][0], "Condition": case["condition"]}
    office.put(replace(ops, trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]})))
    given = {"RoleSessionName": "nightly", **case["with"]}
    if "ExternalId" in given:
        given["ExternalId"] = given["ExternalId"].replace("ACCOUNT", office.daypass.account)
    wish = {"RoleArn": office.ops_arn, **given}
    answer = office.daypass.call("sts", "AssumeRole", wish, office.keys["ann"])
    office.put(ops)
    assert (answer.status == 200) == case["allowed"], answer.body
    if not case["allowed"]:
        assert code_of(answer) == "AccessDenied"


def test_sessions_issued_before_a_moment_can_be_ended_by_a_policy(office: Office) -> None:
    """What AWS attaches to a role to revoke its sessions: a Deny for all that were issued before now."""
    old = office.session()
    office.allow("ops", "2012-10-17", "user/*", {})
    office.daypass.clock.freeze(NOW + 60)
    before = {"DateLessThan": {"aws:TokenIssueTime": "2030-03-17T17:47:40Z"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": before}
    ops = office.snapshot.roles_by_name["ops"]
    revoke = InlinePolicy("revoke", json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    office.put(replace(ops, inline=(*ops.inline, revoke)))
    young = office.session()
    answers = [office.daypass.call("iam", "GetUser", {"UserName": "ann"}, signer).status for signer in (old, young)]
    office.put(ops)
    office.daypass.clock.freeze(NOW)
    assert answers == [403, 200]
