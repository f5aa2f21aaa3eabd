"""AssumeRoleWithSAML, from the response to the credentials: real signatures, real policies, a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.exchange import Response
from daypass.testing.identity_provider import SIGN_IN, StubIdentityProvider
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of, credentials_in, element


@dataclass
class World:
    """A daypass with a role that trusts ``idp``, and a way to come by what it says."""

    daypass: LocalDaypass
    idp: StubIdentityProvider
    provider: str
    role: str

    def attributes(self, **more: Any) -> dict[str, Any]:
        return {"Role": f"{self.role},{self.provider}", "RoleSessionName": "ada@example.com", **more}

    def response(self, *, signed: tuple[str, ...] = ("assertion",), **changes: Any) -> str:
        return self.idp.response(self.attributes(), signed=signed, **changes)

    def come(self, assertion: str, **params: Any) -> Response:
        asked = {
            "Action": "AssumeRoleWithSAML",
            "Version": VERSIONS["sts"],
            "RoleArn": self.role,
            "PrincipalArn": self.provider,
            "SAMLAssertion": assertion,
            **params,
        }
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        service = self.daypass.daypass.service
        return service.serve_blocking(raw_request("POST", "/", headers, urlencode(asked).encode()))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    idp = StubIdentityProvider()
    with LocalDaypass() as daypass:
        iam = daypass.client("iam")
        arn = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": arn},
                    "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                    "Condition": {"StringEquals": {"saml:aud": SIGN_IN, "saml:sub": "ada"}},
                }
            ],
        }
        role = iam.create_role(RoleName="staff", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        yield World(daypass, idp, arn, role)


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


def test_a_role_that_the_assertion_does_not_name_is_not_opened(world: World) -> None:
    """A role that trusts the provider still needs to be named by it."""
    response = world.idp.response({**world.attributes(), "Role": f"{world.role}x,{world.provider}"})
    answer = world.come(response)
    assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")
    assert "requested Role and Metadata" in element(answer, "Message")
