"""AssumeRoleWithSAML, from the response to the credentials: real signatures, real policies, a real store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from daypass.federation.saml.condition_keys import name_qualifier
from daypass.services.identities import saml
from daypass.testing.backend import together
from daypass.testing.identity_provider import SIGN_IN
from tests.calling import code_of, credentials_in, element
from tests.services.sts.saml_world import World, saml_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with saml_world() as made:
        yield made


@pytest.mark.parametrize("signed", [("assertion",), ("response",), ("assertion", "response")])
def test_whoever_the_provider_names_gets_a_session(world: World, signed: tuple[str, ...]) -> None:
    """The answer has what AWS answers, and the session works, whichever part is signed."""
    answer = world.come(world.response(signed=signed))
    assert answer.status == 200, answer.body
    assert element(answer, "Subject") == "ada"
    assert element(answer, "SubjectType") == "persistent"
    assert element(answer, "Issuer") == world.idp.entity_id
    assert element(answer, "Audience") == SIGN_IN
    identity = world.daypass.call("sts", "GetCallerIdentity", {}, credentials_in(answer))
    assert element(identity, "Arn").endswith(":assumed-role/staff/ada@example.com")


def test_the_record_tells_what_cloudtrail_tells(world: World) -> None:
    """The person by the provider's name qualifier, and what the assertion wishes among the parameters of the call."""
    wishes = {"PrincipalTag:team": "blue", "PrincipalTag:site": "b1", "TransitiveTagKeys": ["team"]}
    response = world.idp.response({**world.attributes(), **wishes}, id="_told")
    world.come(response, DurationSeconds="900")
    lines = [line for file in sorted((world.daypass.data / "audit").glob("*.jsonl")) for line in file.open()]
    record = [told for line in lines if (told := json.loads(line))["eventName"] == "AssumeRoleWithSAML"][-1]
    qualifier = name_qualifier(world.idp.entity_id, world.daypass.account, "corp")
    assert record["userIdentity"] == {
        "type": "SAMLUser",
        "principalId": f"{qualifier}:ada",
        "userName": "ada",
        "identityProvider": qualifier,
    }
    assert record["requestParameters"] == {
        "sAMLAssertionID": "_told",
        "roleSessionName": "ada@example.com",
        "principalTags": {"team": "blue", "site": "b1"},
        "transitiveTagKeys": ["team"],
        "durationSeconds": 900,
        "roleArn": world.role,
        "principalArn": world.provider,
    }
    assert [(each["type"], each["ARN"]) for each in record["resources"]] == [
        ("AWS::IAM::Role", world.role),
        ("AWS::IAM::SAMLProvider", world.provider),
    ]


def test_what_nobody_has_signed_is_refused(world: World) -> None:
    """Without a signature there is nothing to believe."""
    answer = world.come(world.response(signed=()))
    assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")


def test_an_assertion_is_taken_once(world: World) -> None:
    """The second time is refused, whoever comes with it."""
    response = world.response()
    assert world.come(response).status == 200
    answer = world.come(response)
    assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")


def test_an_assertion_is_taken_once_by_nodes_whose_clocks_differ(world: World) -> None:
    """One that is half an hour ahead removes no mark that another still needs."""
    response = world.response()
    assert world.come(response).status == 200
    clock = world.daypass.clock
    clock.advance(1_800)
    try:
        assert world.come(world.response(issued=clock.now())).status == 200  # and sweeps
    finally:
        clock.advance(-1_800)
    assert element(world.come(response), "Message") == "The assertion has been used before."


def test_a_role_that_the_assertion_does_not_name_is_not_opened(world: World) -> None:
    """A role that trusts the provider still needs to be named by it."""
    response = world.idp.response({**world.attributes(), "Role": f"{world.role}x,{world.provider}"})
    answer = world.come(response)
    assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")
    assert "requested Role and Metadata" in element(answer, "Message")


def test_documents_are_read_one_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many strangers come at once: reading takes the interpreter from whoever is served beside them."""
    inside, most = 0, 0
    genuine = saml.verify_response

    def counted(*arguments: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.002)
        try:
            return genuine(*arguments)
        finally:
            inside -= 1

    monkeypatch.setattr(saml, "verify_response", counted)
    responses = [world.response() for _ in range(8)]
    answers = together(*[lambda each=each: world.come(each).status for each in responses])
    assert answers == [200] * 8
    assert most == 1


SESSION_KEYS = {"saml:sub": "ada", "saml:sub_type": "persistent"}


def opened_by(world: World, name: str, **conditions: object) -> str:
    """A role that sessions of the first one may assume, under ``conditions``."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": world.role},
        "Action": "sts:AssumeRole",
        "Condition": conditions,
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = world.daypass.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return str(role)


@pytest.mark.parametrize("key", SESSION_KEYS)
def test_who_signed_in_is_known_to_the_next_role(world: World, key: str) -> None:
    """The keys stay in the session: the trust policy of a chained role can ask for them."""
    session = credentials_in(world.come(world.response()))
    for value, status in ((SESSION_KEYS[key], 200), ("root", 403)):
        name = f"next-{key[5:]}-{status}"
        role = opened_by(world, name, StringEquals={key: value})
        wish = {"RoleArn": role, "RoleSessionName": "next"}
        assert world.daypass.call("sts", "AssumeRole", wish, session).status == status, name


@pytest.mark.parametrize(("operation", "params"), [("GetFederationToken", {"Name": "ada"}), ("GetSessionToken", {})])
def test_who_signed_in_gets_no_tokens_of_users(world: World, operation: str, params: dict[str, str]) -> None:
    """Those are for users with long-term keys."""
    session = credentials_in(world.come(world.response()))
    answer = world.daypass.call("sts", operation, params, session)
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")


def test_the_record_holds_no_assertion(world: World) -> None:
    """Neither of a call that was taken nor of one that was refused."""
    good, bad = world.response(), world.response(signed=())
    assert (world.come(good).status, world.come(bad).status) == (200, 400)
    written = "".join(file.read_text() for file in (world.daypass.data / "audit").glob("*.jsonl"))
    assert "AssumeRoleWithSAML" in written
    for each in (good, bad):
        assert each[1_000:1_100] not in written


def test_the_name_qualifier_is_awss() -> None:
    """IAM User Guide, "Available keys for SAML-based AWS STS federation": issuer, account and provider, hashed."""
    qualifier = name_qualifier("https://example.com/saml", "123456789012", "MySAMLIdP")
    assert qualifier == "1uAJanUnBc2XeUkHURMht+xam2c="
