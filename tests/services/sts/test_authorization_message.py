"""DecodeAuthorizationMessage: a decision made elsewhere comes back as JSON, to its account, with permission."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass import PolicySet, RequestContext, User, encode_decision, evaluate
from daypass.sessions.authorization_message import LIFETIME

from .conftest import Stage, document


def encoded(stage: Stage, account: str) -> str:
    """The message that a service gives to zoe, a user of ``account``, who may nothing there."""
    zoe = User(account, "AIDAZOEZOEZOEZOEZOE22", "zoe")
    decision = evaluate(RequestContext("orders:Read", "*", zoe, account, {}), PolicySet())
    daypass = stage.daypass
    return encode_decision(
        decision, keyring=daypass.daypass.keys.ring(), now=daypass.clock.now(), entropy=daypass.entropy.bytes(12)
    )


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**params)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_who_may_reads_the_decision(stage: Stage) -> None:
    """The administrator of the account reads why its user was refused elsewhere."""
    message = encoded(stage, stage.account)
    answer = stage.sts(stage.daypass.admin).decode_authorization_message(EncodedMessage=message)
    told = json.loads(answer["DecodedMessage"])
    assert (told["allowed"], told["explicitDeny"]) == (False, False)
    assert told["context"]["principal"]["name"] == "zoe"
    assert told["daypass"]["reason"] == "because no identity-based policy allows the orders:Read action"


def test_it_needs_a_permission_of_its_own(stage: Stage) -> None:
    """A user without it is refused in AWS's words, whatever the message is."""
    for message in (encoded(stage, stage.account), "none"):
        assert refusal(stage.sts().decode_authorization_message, EncodedMessage=message) == (
            "AccessDenied",
            (
                f"User: {stage.alice_arn} is not authorized to perform: sts:DecodeAuthorizationMessage "
                "because no identity-based policy allows the sts:DecodeAuthorizationMessage action"
            ),
        )
    allow = document({"Effect": "Allow", "Action": "sts:DecodeAuthorizationMessage", "Resource": "*"})
    stage.iam().put_user_policy(UserName="alice", PolicyName="decode", PolicyDocument=allow)
    try:
        assert stage.sts().decode_authorization_message(EncodedMessage=encoded(stage, stage.account))
    finally:
        stage.iam().delete_user_policy(UserName="alice", PolicyName="decode")


def test_neither_another_accounts_nor_an_old_one_is_read(stage: Stage) -> None:
    """Both answer as what was never a message."""
    sts, invalid = stage.sts(stage.daypass.admin), "InvalidAuthorizationMessageException"
    theirs, ours = encoded(stage, stage.other), encoded(stage, stage.account)
    assert refusal(sts.decode_authorization_message, EncodedMessage=theirs)[0] == invalid
    assert refusal(sts.decode_authorization_message, EncodedMessage="no message")[0] == invalid
    stage.daypass.clock.advance(-LIFETIME - 5)
    try:
        old = encoded(stage, stage.account)
    finally:
        stage.daypass.clock.advance(LIFETIME + 5)
    assert refusal(sts.decode_authorization_message, EncodedMessage=old)[0] == invalid
    assert sts.decode_authorization_message(EncodedMessage=ours)
