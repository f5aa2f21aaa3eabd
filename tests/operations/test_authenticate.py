"""The six steps of authentication, each alone, and their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from daypass.credentials import Secret
from daypass.testing.local import LocalDaypass, Signer

from .conftest import Stage

_TOKEN = "The security token included in the request is invalid"


def code_and_text(stage: Stage, signer: Signer, **options: object) -> tuple[str, str]:
    """Error code and message of a GetCallerIdentity by ``signer``; ``200`` and the ARN where it is accepted."""
    answer = stage.daypass.call("sts", "GetCallerIdentity", signer=signer, **options)
    body = answer.body.decode()
    if answer.status == 200:
        return "200", between(body, "Arn")
    return between(body, "Code"), between(body, "Message")


def between(body: str, element: str) -> str:
    return body.partition(f"<{element}>")[2].partition(f"</{element}>")[0]


def stale(stage: Stage, session: Signer) -> tuple[str, str]:
    request_time = stage.daypass.clock.now()
    stage.daypass.clock.freeze(request_time)
    raw = {}
    original = stage.daypass.serve

    def late(request: object) -> object:
        stage.daypass.clock.advance(901)
        return original(request)  # type: ignore[arg-type]

    stage.daypass.serve = late  # type: ignore[method-assign, assignment]
    return code_and_text(stage, session, **raw)


def wrong_region(stage: Stage, session: Signer) -> tuple[str, str]:
    return code_and_text(stage, session, region="moon-1")


def no_token(stage: Stage, session: Signer) -> tuple[str, str]:
    return code_and_text(stage, replace(session, session_token=None))


def another_sessions_token(stage: Stage, session: Signer) -> tuple[str, str]:
    return code_and_text(stage, replace(session, session_token=stage.assume().session_token))


def expired(stage: Stage, session: Signer) -> tuple[str, str]:
    stage.daypass.clock.advance(3601)
    return code_and_text(stage, session)


def role_deleted(stage: Stage, session: Signer) -> tuple[str, str]:
    iam = stage.daypass.client("iam")
    iam.delete_role_policy(RoleName="reader", PolicyName="all")
    iam.delete_role(RoleName="reader")
    return code_and_text(stage, session)


def wrong_secret(stage: Stage, session: Signer) -> tuple[str, str]:
    return code_and_text(stage, replace(session, secret_access_key=Secret("x" * 40)))


STEPS: dict[Callable[[Stage, Signer], tuple[str, str]], tuple[str, str]] = {
    stale: ("SignatureDoesNotMatch", "Signature expired: "),
    wrong_region: ("SignatureDoesNotMatch", "Credential should be scoped to a valid region. "),
    no_token: ("InvalidClientTokenId", _TOKEN),
    another_sessions_token: ("InvalidClientTokenId", _TOKEN),
    expired: ("ExpiredToken", "The security token included in the request is expired"),
    role_deleted: ("InvalidClientTokenId", _TOKEN),
    wrong_secret: ("SignatureDoesNotMatch", "The request signature we calculated does not match"),
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_no_step_can_be_skipped(stage: Stage, step: Callable[[Stage, Signer], tuple[str, str]]) -> None:
    """A session that fails one step of authentication is refused with that step's code and text."""
    session = stage.assume()
    assert code_and_text(stage, session)[0] == "200"
    code, text = step(stage, session)
    assert (code, text[: len(STEPS[step][1])]) == STEPS[step]


def test_a_session_token_beside_a_long_term_key_is_refused(stage: Stage) -> None:
    """A long-term key comes without a session token."""
    both = replace(stage.alice, session_token=stage.assume().session_token)
    assert code_and_text(stage, both) == ("InvalidClientTokenId", _TOKEN)


def test_an_inactive_key_is_reported_although_the_signature_is_wrong(stage: Stage) -> None:
    """The state of the key is looked at before the signature."""
    stage.daypass.client("iam").update_access_key(
        UserName="alice", AccessKeyId=stage.alice.access_key_id, Status="Inactive"
    )
    wrong = replace(stage.alice, secret_access_key=Secret("x" * 40))
    assert code_and_text(stage, wrong) == ("InvalidClientTokenId", _TOKEN + ".")


def test_an_expired_session_is_reported_although_the_signature_is_wrong(stage: Stage) -> None:
    """Expiry is looked at before the signature."""
    session = replace(stage.assume(), secret_access_key=Secret("x" * 40))
    stage.daypass.clock.advance(3601)
    assert code_and_text(stage, session)[0] == "ExpiredToken"


def test_a_session_ends_to_the_second(stage: Stage) -> None:
    """One second before its expiry a session is accepted, at its expiry it is not."""
    stage.daypass.clock.freeze(1_800_000_000.0)
    answer = stage.daypass.call(
        "sts", "AssumeRole", {"RoleArn": stage.role_arn, "RoleSessionName": "test", "DurationSeconds": 900}, stage.alice
    ).body.decode()
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    session = Signer.of({name: between(answer, name) for name in names})
    stage.daypass.clock.freeze(1_800_000_899.0)
    assert code_and_text(stage, session)[0] == "200"
    stage.daypass.clock.freeze(1_800_000_900.0)
    assert code_and_text(stage, session)[0] == "ExpiredToken"


def test_a_recreated_role_does_not_revive_its_sessions(stage: Stage) -> None:
    """Sessions are bound to the role's unique id, not to its name."""
    session = stage.assume()
    role_deleted(stage, session)
    stage.daypass.client("iam").create_role(
        RoleName="reader",
        AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"AWS":"' + stage.alice_arn + '"}}]}',
    )
    assert code_and_text(stage, session) == ("InvalidClientTokenId", _TOKEN)


def test_a_region_with_an_endless_name_is_none(stage: Stage) -> None:
    """Whoever knows a key id can claim any region; a name that fits the pattern and never ends is refused, not kept."""
    for name in ("us-" + "a" * 28 + "-1", "us-" + "a" * 9_000 + "-1"):
        code, text = code_and_text(stage, stage.alice, region=name)
        assert code == "SignatureDoesNotMatch"
        assert text.startswith("Credential should be scoped to a valid region.")
    assert code_and_text(stage, stage.alice, region="us-newer-9")[0] == "200"


GLOBAL, HOME, AWAY = "sts.amazonaws.com", "sts.eu-central-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"
HOSTS = [
    (None, GLOBAL, "us-east-1", "200"),
    (None, AWAY, "eu-west-1", "200"),
    (None, AWAY, "eu-central-1", "SignatureDoesNotMatch"),
    (None, "sts.cn-north-1.amazonaws.com.cn", "cn-north-1", "SignatureDoesNotMatch"),
    (None, f"sts.us-{'a' * 200}-1.amazonaws.com", f"us-{'a' * 200}-1", "SignatureDoesNotMatch"),
    ("eu-central-1", GLOBAL, "us-east-1", "200"),
    ("eu-central-1", HOME, "eu-central-1", "200"),
    ("eu-central-1", AWAY, "eu-west-1", "SignatureDoesNotMatch"),
    ("eu-central-1", AWAY, "eu-central-1", "SignatureDoesNotMatch"),
    ("eu-central-1", "daypass.test", "eu-west-1", "SignatureDoesNotMatch"),
]


@pytest.mark.parametrize(("pinned", "host", "region", "code"), HOSTS)
def test_a_host_name_opens_no_other_region(pinned: str | None, host: str, region: str, code: str) -> None:
    """An AWS host name stands for its own region, where this daypass serves that one; clients cannot name another."""
    with LocalDaypass(region=pinned) as local:
        answer = local.call("sts", "GetCallerIdentity", region=region, headers={"Host": host})
    assert (between(answer.body.decode(), "Code") or str(answer.status)) == code
