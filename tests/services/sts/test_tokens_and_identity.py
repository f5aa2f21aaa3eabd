"""GetSessionToken, GetCallerIdentity, GetAccessKeyInfo."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from daypass.testing.local import Signer

from .conftest import EVERYTHING, Stage, document, trusting


def refusal(call: object, **params: object) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**params)  # type: ignore[operator]
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_session_token_session_is_the_user(stage: Stage) -> None:
    """Identity is unchanged, and the session lasts twelve hours unless asked otherwise."""
    answer = stage.sts().get_session_token()["Credentials"]
    left = answer["Expiration"].timestamp() - stage.daypass.clock.now()
    assert 43_195 < left <= 43_200
    who = stage.sts(Signer.of(answer)).get_caller_identity()
    assert who["Arn"] == stage.alice_arn
    short = stage.sts().get_session_token(DurationSeconds=900)["Credentials"]
    assert short["Expiration"].timestamp() - stage.daypass.clock.now() <= 900


def test_a_session_token_session_without_mfa_reaches_no_iam(stage: Stage) -> None:
    """IAM answers as to an unknown key, though the user is an administrator."""
    own = Signer.of(stage.sts(stage.daypass.admin).get_session_token()["Credentials"])
    invalid = ("InvalidClientTokenId", "The security token included in the request is invalid")
    assert refusal(stage.iam(own).list_users) == invalid
    assert refusal(stage.sts(own).get_session_token)[1] == "Cannot call GetSessionToken with session credentials"


def test_a_role_session_gets_no_session_token(stage: Stage) -> None:
    """A role session cannot renew itself."""
    role = stage.role("renewer", trusting(stage.alice_arn), EVERYTHING)
    session = stage.session(role)
    denied = ("AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert refusal(stage.sts(session).get_session_token) == denied


def test_a_denied_user_still_knows_who_she_is(stage: Stage) -> None:
    """GetCallerIdentity cannot be denied, GetSessionToken neither."""
    deny = {**EVERYTHING, "Effect": "Deny"}
    stage.iam().put_user_policy(UserName="alice", PolicyName="never", PolicyDocument=document(deny))
    try:
        assert stage.sts().get_caller_identity()["Arn"] == stage.alice_arn
        assert stage.sts().get_session_token()["Credentials"]
    finally:
        stage.iam().delete_user_policy(UserName="alice", PolicyName="never")


def test_a_users_session_follows_her_policies(stage: Stage) -> None:
    """Permissions are live; deleting the user ends the session."""
    iam = stage.iam()
    iam.create_user(UserName="dora")
    key = Signer.of(iam.create_access_key(UserName="dora")["AccessKey"])
    own = Signer.of(stage.sts(key).get_session_token()["Credentials"])
    iam.delete_access_key(UserName="dora", AccessKeyId=key.access_key_id)
    assert stage.sts(own).get_caller_identity()["Arn"].endswith("user/dora")
    iam.delete_user(UserName="dora")
    assert refusal(stage.sts(own).get_caller_identity)[0] == "InvalidClientTokenId"


def test_an_access_key_id_carries_its_account(stage: Stage) -> None:
    """GetAccessKeyInfo decodes any id, existing or not, and needs permission."""
    admin = stage.sts(stage.daypass.admin)
    assert admin.get_access_key_info(AccessKeyId="ASIAY34FZKBOKMUTVV7A")["Account"] == "609629065308"
    code, _ = refusal(admin.get_access_key_info, AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    assert code == "ValidationError"
    assert refusal(stage.sts().get_access_key_info, AccessKeyId=stage.alice.access_key_id) == (
        "AccessDenied",
        (
            f"User: {stage.alice_arn} is not authorized to perform: sts:GetAccessKeyInfo because no identity-based "
            "policy allows the sts:GetAccessKeyInfo action"
        ),
    )
