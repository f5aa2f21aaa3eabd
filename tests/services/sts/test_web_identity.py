"""AssumeRoleWithWebIdentity, from the token to the credentials: a real issuer over https, real keys, real policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.exchange import Response
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of, credentials_in, element

AUDIENCE = "sts.amazonaws.com"


@dataclass
class World:
    """A daypass with one role that trusts ``issuer``'s ``ada``, and a way to come by a token."""

    daypass: LocalDaypass
    issuer: StubIssuer
    provider: str
    role: str

    def come(self, token: str, **params: Any) -> Response:
        asked = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": VERSIONS["sts"],
            "RoleArn": self.role,
            "RoleSessionName": "visit",
            "WebIdentityToken": token,
            **params,
        }
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        service = self.daypass.daypass.service
        return service.serve_blocking(raw_request("POST", "/", headers, urlencode(asked).encode()))

    @property
    def prefix(self) -> str:
        return self.issuer.url.removeprefix("https://")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with LocalDaypass() as daypass, StubIssuer(AUDIENCE, "/realms/one") as issuer:
        iam = daypass.client("iam")
        made = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
        arn = made["OpenIDConnectProviderArn"]
        daypass.daypass.operator(
            "daypass:SetOpenIDConnectProviderTerms",
            {"OpenIDConnectProviderArn": arn, "Authorities": issuer.authority, "AllowPrivate": True},
        )
        prefix = issuer.url.removeprefix("https://")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": arn},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": {f"{prefix}:aud": AUDIENCE, f"{prefix}:sub": "ada"}},
                }
            ],
        }
        role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        yield World(daypass, issuer, arn, role)


def test_whoever_has_a_token_of_the_issuer_gets_a_session(world: World) -> None:
    """The answer has what AWS answers, and the session works."""
    answer = world.come(world.issuer.token())
    assert answer.status == 200, answer.body
    assert element(answer, "Provider") == world.provider
    assert element(answer, "Audience") == AUDIENCE
    assert element(answer, "SubjectFromWebIdentityToken") == "ada"
    identity = world.daypass.call("sts", "GetCallerIdentity", {}, credentials_in(answer))
    assert element(identity, "Arn").endswith(":assumed-role/visitor/visit")


def test_the_trust_policy_asks_for_the_subject(world: World) -> None:
    """Somebody else with a good token of the issuer does not come in."""
    answer = world.come(world.issuer.token(sub="eve"))
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")
