"""What a federated user is, may and may not: sessions that GetFederationToken has opened, decided about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass import open_session_token
from daypass.operations.authenticate import session_caller
from daypass.operations.authorize import caller_policies
from daypass.policy import Attached, RequestContext, evaluate, parse_policy
from daypass.principals import Caller
from daypass.testing.local import Signer

from .conftest import EVERYTHING, Stage, document

S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
SQS = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
BROKER = {"Effect": "Allow", "Action": ["sts:GetFederationToken", "sts:TagSession"], "Resource": "*"}


def broker(stage: Stage, name: str, *statements: dict[str, object], **more: Any) -> Signer:
    """A user who may make federated users, and whatever ``statements`` allow."""
    stage.iam().create_user(UserName=name, **more)
    stage.iam().put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(BROKER, *statements))
    return Signer.of(stage.iam().create_access_key(UserName=name)["AccessKey"])


def federated(stage: Stage, signer: Signer, **params: Any) -> dict[str, Any]:
    """The whole answer of GetFederationToken for Bob."""
    answer: dict[str, Any] = stage.sts(signer).get_federation_token(Name="bob", **params)
    return answer


def caller_of(stage: Stage, answer: dict[str, Any]) -> Caller:
    """The caller behind the credentials, as daypass takes him."""
    own, made = stage.daypass.daypass, answer["Credentials"]
    session = open_session_token(
        made["SessionToken"], made["AccessKeyId"], keyring=own.keys.ring(), now=stage.daypass.clock.now()
    )
    snapshot = own.storage.directory.load(session.account)
    assert snapshot is not None
    caller = session_caller(session, snapshot)
    assert caller is not None
    return caller


def may(stage: Stage, answer: dict[str, Any], action: str, *granted: dict[str, object]) -> bool:
    """Whether the federated user may do ``action`` on a bucket that has a policy of the statements ``granted``."""
    caller = caller_of(stage, answer)
    snapshot = stage.daypass.daypass.storage.directory.load(caller.account)
    assert snapshot is not None
    resource = Attached(parse_policy(document(*granted)), "bucket") if granted else None
    context = RequestContext(action, "arn:aws:s3:::bucket/key", caller.principal, caller.account, {})
    return evaluate(context, caller_policies(caller, snapshot, resource)).allowed


def grant(*arns: str) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": "s3:*", "Resource": "*"}


def test_he_knows_who_he_is(stage: Stage) -> None:
    """His own session says the same of him as the answer that made it."""
    answer = federated(stage, broker(stage, "identity"), Policy=document(EVERYTHING))
    who = stage.sts(Signer.of(answer["Credentials"])).get_caller_identity()
    user = answer["FederatedUser"]
    assert (who["Arn"], who["UserId"]) == (user["Arn"], user["FederatedUserId"])
    assert user["Arn"] == f"arn:aws:sts::{stage.account}:federated-user/bob"


def test_he_may_what_both_his_broker_and_his_policy_allow(stage: Stage) -> None:
    """The intersection: neither the broker's permissions nor the session policy alone are enough."""
    key = broker(stage, "both", S3)
    answer = federated(stage, key, Policy=document(SQS, {**S3, "Action": "s3:Get*"}))
    assert may(stage, answer, "s3:GetObject")
    assert not may(stage, answer, "s3:PutObject")
    assert not may(stage, answer, "sqs:SendMessage")


def test_managed_policies_cut_as_inline_ones_do(stage: Stage) -> None:
    """A managed session policy is one more of what may allow, within the broker's permissions."""
    arns = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    answer = federated(stage, broker(stage, "managed", S3), PolicyArns=arns)
    assert may(stage, answer, "s3:GetObject")
    assert not may(stage, answer, "s3:PutObject")


def test_without_a_policy_he_may_nothing_but_what_resources_grant_him(stage: Stage) -> None:
    """An administrator's federated user without session policy has nothing, until a resource names him."""
    answer = federated(stage, broker(stage, "bare", EVERYTHING))
    arn = answer["FederatedUser"]["Arn"]
    user = f"arn:aws:iam::{stage.account}:user/bare"
    assert not may(stage, answer, "s3:GetObject")
    assert may(stage, answer, "s3:GetObject", grant(arn))
    assert not may(stage, answer, "s3:GetObject", grant(user))
    assert not may(stage, answer, "s3:GetObject", grant(f"arn:aws:iam::{stage.account}:root"))


def test_a_grant_to_his_broker_counts_within_his_policy(stage: Stage) -> None:
    """Where a resource names the user, the session policy still decides."""
    key, user = broker(stage, "granted"), f"arn:aws:iam::{stage.account}:user/granted"
    assert may(stage, federated(stage, key, Policy=document(S3)), "s3:GetObject", grant(user))
    assert not may(stage, federated(stage, key, Policy=document(SQS)), "s3:GetObject", grant(user))


def test_what_his_broker_loses_he_loses(stage: Stage) -> None:
    """The broker's policies are live, and his boundary binds; the session policy is frozen."""
    key = broker(stage, "live", S3)
    answer = federated(stage, key, Policy=document(S3))
    assert may(stage, answer, "s3:GetObject")
    stage.iam().put_user_policy(UserName="live", PolicyName="own", PolicyDocument=document(BROKER))
    assert not may(stage, answer, "s3:GetObject")


def test_his_tags_stand_over_his_brokers(stage: Stage) -> None:
    """Session tags are principal tags; a key that the user has too, in any case, has the session's value."""
    key = broker(stage, "tagged", S3, Tags=[{"Key": "team", "Value": "red"}, {"Key": "floor", "Value": "3"}])
    caller = caller_of(stage, federated(stage, key, Tags=[{"Key": "Team", "Value": "blue"}]))
    assert dict(caller.tags) == {"floor": "3", "Team": "blue"}
    assert caller.session is not None
    assert caller.session.transitive == ()


def test_he_ends_with_his_broker(stage: Stage) -> None:
    """A deleted broker leaves no federated users."""
    answer = federated(stage, broker(stage, "leaver"))
    iam = stage.iam()
    iam.delete_user_policy(UserName="leaver", PolicyName="own")
    for key in iam.list_access_keys(UserName="leaver")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="leaver")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        stage.sts(Signer.of(answer["Credentials"])).get_caller_identity()


def test_roots_federated_user_is_cut_by_nothing_but_his_policy(stage: Stage) -> None:
    """Nothing limits root, so a federated user of root may what his session policy allows, and nothing without."""
    made = stage.daypass.daypass.operator("daypass:CreateRootAccessKey", {})
    try:
        key = Signer.of(made["AccessKey"])
        answer = federated(stage, key, Policy=document(S3))
        assert may(stage, answer, "s3:GetObject")
        assert not may(stage, answer, "sqs:SendMessage")
        assert not may(stage, federated(stage, key), "s3:GetObject")
    finally:
        stage.daypass.daypass.operator("daypass:DeleteRootAccessKeys", {})


@pytest.mark.parametrize("least", [0, 500, 501, 2047, 4096])
def test_a_token_is_made_as_long_as_asked(stage: Stage, least: int) -> None:
    """MinimumSessionTokenSize fills the token up; the answer tells its size and how much of the largest that is."""
    answer = federated(stage, broker(stage, f"long-{least}"), MinimumSessionTokenSize=least)
    token = answer["Credentials"]["SessionToken"]
    assert least <= len(token) <= max(least + 4, 300)
    assert answer["SessionTokenSize"] == len(token)
    assert answer["SessionTokenUtilization"] == -(-100 * len(token) // 4096)
    assert stage.sts(Signer.of(answer["Credentials"])).get_caller_identity()["UserId"] == f"{stage.account}:bob"


def test_sizes_are_told_to_whom_they_matter(stage: Stage) -> None:
    """Who says nothing of the size gets the answer that AWS gave before there was one to speak of."""
    assert "SessionTokenSize" not in federated(stage, broker(stage, "silent"))
    sized = stage.sts(stage.daypass.admin).get_session_token(MinimumSessionTokenSize=1000)
    assert sized["SessionTokenSize"] >= 1000
    assert len(json.dumps(sized["Credentials"]["SessionToken"])) >= 1000
