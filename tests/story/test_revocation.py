"""The life of a session, as boto3 sees it: what ends it, what does not, what is live in it and what is frozen."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.testing.local import LocalDaypass, Signer
from tests.security.world import document, trusting

NUMBERS = count(1)
OLDER = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":'
)
"""The policy that AWS's console writes, up to the time."""


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


class Role:
    """A role that may list users, under a name of its own."""

    def __init__(self, daypass: LocalDaypass) -> None:
        self.daypass, self.name = daypass, f"life-{next(NUMBERS)}"
        self.iam, self.sts = daypass.client("iam"), daypass.client("sts")
        self.arn = self.create()

    def create(self, **more: Any) -> str:
        trust = trusting(f"arn:aws:iam::{self.daypass.account}:root")
        made = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]
        self.allow("iam:ListUsers")
        return str(made)

    def allow(self, *actions: str, name: str = "allows", text: str | None = None) -> None:
        self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=text or document(*actions))

    def delete(self) -> None:
        for name in self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=name)
        self.iam.delete_role(RoleName=self.name)

    def assume(self, **more: Any) -> Signer:
        given = self.sts.assume_role(RoleArn=self.arn, RoleSessionName="life", **more)["Credentials"]
        return Signer.of(given)

    def code(self, session: Signer) -> str:
        """What a call of the session is answered: nothing, or the error's code."""
        try:
            self.daypass.client("iam", session).list_users()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""


@pytest.fixture
def role(daypass: LocalDaypass) -> Role:
    return Role(daypass)


def next_second() -> None:
    """Wait until times in whole seconds differ."""
    time.sleep(1.0 - time.time() % 1.0 + 0.01)


def test_older_sessions_lose_everything_by_the_policy_of_the_console(role: Role) -> None:
    """`AWSRevokeOlderSessions` refuses what was issued before its time, with AccessDenied, and younger ones go on."""
    old = role.assume()
    next_second()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = f'{OLDER}{{"aws:TokenIssueTime":"{now}"}}}}}}]}}'
    role.allow(name="AWSRevokeOlderSessions", text=text)
    assert role.code(old) == "AccessDenied"
    assert role.code(role.assume()) == ""


def test_what_the_console_does_to_a_role_spares_keys_and_chained_sessions(role: Role, daypass: LocalDaypass) -> None:
    """A session chained from a revoked one goes on as on AWS; `daypass revoke` takes it along."""
    other = Role(daypass)
    role.allow("sts:AssumeRole", "iam:ListUsers")
    old = role.assume()
    wish = {"RoleArn": other.arn, "RoleSessionName": "chained"}
    chained = Signer.of(daypass.client("sts", old).assume_role(**wish)["Credentials"])
    next_second()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    role.allow(name="AWSRevokeOlderSessions", text=f'{OLDER}{{"aws:TokenIssueTime":"{now}"}}}}}}]}}')
    assert (role.code(old), other.code(chained)) == ("AccessDenied", "")
    daypass.daypass.operator("daypass:RevokeSessions", {"Principal": role.arn})
    assert (role.code(old), other.code(chained)) == ("ExpiredToken", "ExpiredToken")


def test_a_role_made_anew_under_its_name_does_not_revive_its_sessions(role: Role) -> None:
    """A session is bound to the unique id; also a revocation of the old role says nothing about the new one."""
    old = role.assume()
    role.daypass.daypass.operator("daypass:RevokeSessions", {"Principal": role.arn})
    next_second()
    young = role.assume()
    assert (role.code(old), role.code(young)) == ("ExpiredToken", "")
    role.delete()
    assert role.code(young) == "InvalidClientTokenId"
    role.create()
    assert (role.code(young), role.code(role.assume())) == ("InvalidClientTokenId", "")


def test_trust_and_maximum_are_asked_when_a_session_is_opened_and_not_again(role: Role) -> None:
    """Neither a trust policy that denies all nor a lower maximum ends what is open; nothing new is opened."""
    role.iam.update_role(RoleName=role.name, MaxSessionDuration=7200)
    session = role.assume(DurationSeconds=7200)
    role.iam.update_role(RoleName=role.name, MaxSessionDuration=3600)
    deny = trusting("*").replace('"Allow"', '"Deny"')
    role.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=deny)
    assert role.code(session) == ""
    with pytest.raises(ClientError, match="AccessDenied"):
        role.assume()


def test_rotating_the_sealing_key_ends_nothing(role: Role) -> None:
    """A session goes on when another key seals, as long as the longest session."""
    session = role.assume()
    keys, now = role.daypass.daypass.keys, int(time.time())
    before = keys.ring().active.id
    keys.rotate(now, on_demand=True)
    keys.rotate(now + 600)
    assert keys.ring().active.id != before
    assert role.code(session) == ""


def test_permissions_are_live_tags_and_session_policies_are_frozen(role: Role) -> None:
    """What the role may changes under a session; what the session was given stays."""
    trust = trusting(f"arn:aws:iam::{role.daypass.account}:root")
    role.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust)
    plain, cut = role.assume(), role.assume(Policy=document("sts:GetCallerIdentity"))
    tagged = role.assume(Tags=[{"Key": "team", "Value": "blue"}])
    assert [role.code(one) for one in (plain, cut)] == ["", "AccessDenied"]
    only_blue = json.loads(document("iam:ListUsers"))
    only_blue["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    role.allow(text=json.dumps(only_blue))
    assert [role.code(one) for one in (plain, tagged)] == ["AccessDenied", ""]
    role.iam.tag_role(RoleName=role.name, Tags=[{"Key": "team", "Value": "red"}])
    assert role.code(tagged) == ""
    role.iam.delete_role_policy(RoleName=role.name, PolicyName="allows")
    assert role.code(tagged) == "AccessDenied"
