"""What is remembered between decisions."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from daypass.testing.local import LocalDaypass, Signer

from .conftest import Stage

DENY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}})
NO_TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}}
)
FROM_ELSEWHERE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Action": "sts:AssumeRole",
            "Resource": "*",
            "Condition": {"StringEquals": {"sts:RoleSessionName": "other"}},
        },
    }
)


def assume(daypass: LocalDaypass, who: Signer, role: str, name: str = "me") -> int:
    return daypass.call("sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": name}, who).status


Change = Callable[[LocalDaypass], object]
CHANGES: dict[str, Change] = {
    "a user policy": lambda daypass: daypass.client("iam").put_user_policy(
        UserName="alice", PolicyName="no", PolicyDocument=DENY
    ),
    "a managed policy": lambda daypass: daypass.client("iam").create_policy_version(
        PolicyArn=f"arn:aws:iam::{daypass.account}:policy/mine", PolicyDocument=DENY, SetAsDefault=True
    ),
    "a boundary": lambda daypass: daypass.client("iam").put_user_permissions_boundary(
        UserName="alice",
        PermissionsBoundary=daypass.client("iam").create_policy(PolicyName="cut", PolicyDocument=DENY)["Policy"]["Arn"],
    ),
    "the trust policy": lambda daypass: daypass.client("iam").update_assume_role_policy(
        RoleName="reader", PolicyDocument=NO_TRUST
    ),
    "the role": lambda daypass: (
        daypass.client("iam").delete_role_policy(RoleName="reader", PolicyName="all"),
        daypass.client("iam").delete_role(RoleName="reader"),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_standing_ends_with_any_policy_it_was_made_from(stage: Stage, change: str) -> None:
    """What was settled for good is asked anew as soon as one of its policies is another."""
    daypass = stage.daypass
    allow = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    made = daypass.client("iam").create_policy(PolicyName="mine", PolicyDocument=allow)["Policy"]["Arn"]
    daypass.client("iam").attach_user_policy(UserName="alice", PolicyArn=made)
    assert [assume(daypass, stage.alice, stage.role_arn) for _ in range(3)] == [200] * 3
    CHANGES[change](daypass)
    assert assume(daypass, stage.alice, stage.role_arn) == 403


def test_what_a_condition_looks_at_is_never_settled(stage: Stage) -> None:
    """A request that a condition refuses is refused, however often others were allowed."""
    daypass = stage.daypass
    daypass.client("iam").put_user_policy(UserName="alice", PolicyName="no", PolicyDocument=FROM_ELSEWHERE)
    assert [assume(daypass, stage.alice, stage.role_arn) for _ in range(3)] == [200] * 3
    assert assume(daypass, stage.alice, stage.role_arn, "other") == 403


@pytest.mark.parametrize("dollar", ["$", "\\u0024"], ids=["plain", "escaped"])
def test_what_a_variable_looks_at_is_never_settled(stage: Stage, dollar: str) -> None:
    """Nor where JSON's own escapes hide the variable in the document's text."""
    daypass = stage.daypass
    named = f"arn:aws:iam::{daypass.account}:role/{dollar}{{sts:RoleSessionName}}"
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"' + named + '"}}'
    daypass.client("iam").put_user_policy(UserName="alice", PolicyName="no", PolicyDocument=text)
    names = ("other", "reader", "other", "reader")
    assert [assume(daypass, stage.alice, stage.role_arn, name) for name in names] == [200, 403] * 2


def test_one_callers_standing_is_not_anothers(stage: Stage) -> None:
    """Two users ask for one role; what is settled for the one says nothing of the other."""
    daypass = stage.daypass
    daypass.client("iam").create_user(UserName="bob")
    bob = Signer.of(daypass.client("iam").create_access_key(UserName="bob")["AccessKey"])
    assert [assume(daypass, who, stage.role_arn) for who in (stage.alice, bob, stage.alice, bob)] == [200, 403] * 2


def test_a_tag_that_is_passed_is_asked_about(stage: Stage) -> None:
    """A call with tags needs sts:TagSession, also after one without."""
    daypass = stage.daypass
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": stage.alice_arn}},
    }
    daypass.client("iam").update_assume_role_policy(RoleName="reader", PolicyDocument=json.dumps(trust))
    wish = {"RoleArn": stage.role_arn, "RoleSessionName": "me"}
    tagged = wish | {"Tags.member.1.Key": "team", "Tags.member.1.Value": "lake"}
    answers = [daypass.call("sts", "AssumeRole", one, stage.alice).status for one in (wish, tagged, wish, tagged)]
    assert answers == [200, 403, 200, 403]


def test_standings_are_bounded(stage: Stage) -> None:
    """A caller who asks for many roles keeps the standing towards few."""
    daypass = stage.daypass
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": stage.alice_arn}},
        }
    )
    arns = [
        daypass.client("iam").create_role(RoleName=f"role-{n}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for n in range(70)
    ]
    assert {assume(daypass, stage.alice, arn) for arn in arns} == {200}
    snapshot = daypass.daypass.storage.directory.load(daypass.account)
    assert snapshot is not None
    caller = snapshot.derived[stage.alice.access_key_id]
    assert len(caller.derived) <= 65  # type: ignore[attr-defined]
