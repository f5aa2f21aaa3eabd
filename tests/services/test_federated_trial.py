"""Tokens and assertions tried out: the same verdict as for credentials, every step told, nothing left behind."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import daypass
from daypass.credentials import Secret
from daypass.exchange import Response
from daypass.services.trial_report import FACTS
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of, element

AUDIENCE = "sts.amazonaws.com"
AWS = "https://aws.amazon.com/"


@dataclass
class World:
    """A daypass, an issuer and a SAML provider, and roles that trust each of them."""

    local: LocalDaypass
    issuer: StubIssuer
    idp: StubIdentityProvider
    web_role: str
    saml_role: str
    saml_provider: str

    def try_out(self, proof: str, role: str, **more: Any) -> Mapping[str, Any]:
        params = {"Proof": Secret(proof), "RoleArn": role, **more}
        return self.local.daypass.operator("daypass:TryFederatedRole", params)

    def come(self, proof: str, role: str) -> Response:
        asked = {"RoleArn": role, "Version": VERSIONS["sts"]}
        if proof.count(".") == 2:
            asked |= {"Action": "AssumeRoleWithWebIdentity", "RoleSessionName": "trial", "WebIdentityToken": proof}
        else:
            asked |= {"Action": "AssumeRoleWithSAML", "PrincipalArn": self.saml_provider, "SAMLAssertion": proof}
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        service = self.local.daypass.service
        return service.serve_blocking(raw_request("POST", "/", headers, urlencode(asked).encode()))

    def attributes(self, **more: Any) -> dict[str, Any]:
        return {"Role": f"{self.saml_role},{self.saml_provider}", "RoleSessionName": "ada@example.com", **more}

    def records(self) -> list[dict[str, Any]]:
        files = sorted((self.local.data / "audit").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def trust(provider: str, action: str, condition: dict[str, str]) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": [f"sts:{action}", "sts:TagSession"],
        "Condition": {"StringEquals": condition},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    idp = StubIdentityProvider()
    with LocalDaypass() as local, StubIssuer(AUDIENCE) as issuer:
        iam = local.client("iam")
        made = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
        arn = made["OpenIDConnectProviderArn"]
        terms = {"OpenIDConnectProviderArn": arn, "Authorities": issuer.authority, "AllowPrivate": True}
        local.daypass.operator("daypass:SetOpenIDConnectProviderTerms", terms)
        saml = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
        web_trust = trust(arn, "AssumeRoleWithWebIdentity", {f"{issuer.url.removeprefix('https://')}:sub": "ada"})
        web = iam.create_role(RoleName="web", AssumeRolePolicyDocument=web_trust)["Role"]["Arn"]
        saml_trust = trust(saml, "AssumeRoleWithSAML", {"saml:sub": "ada"})
        staff = iam.create_role(RoleName="staff", AssumeRolePolicyDocument=saml_trust)["Role"]["Arn"]
        yield World(local, issuer, idp, web, staff, saml)


def forged(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'A' * len(signature)}"


TOKENS: dict[str, tuple[Callable[[World], str], str]] = {
    "good": (lambda w: w.issuer.token(), "session"),
    "tagged": (
        lambda w: w.issuer.token(
            **{f"{AWS}tags": {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}}
        ),
        "session",
    ),
    "no token": (lambda w: "a.b.c", "token"),
    "another issuer": (lambda w: w.issuer.token(iss="https://other.example"), "issuer"),
    "no subject": (lambda w: w.issuer.token(sub=None), "claims"),
    "expired": (lambda w: w.issuer.token(exp=int(time.time()) - 1_000), "lifetime"),
    "too old": (lambda w: w.issuer.token(iat=int(time.time()) - 100_000), "lifetime"),
    "another audience": (lambda w: w.issuer.token(aud="other"), "audience"),
    "an unknown key": (lambda w: w.issuer.token({"kid": "other"}), "key"),
    "forged": (lambda w: forged(w.issuer.token()), "signature"),
    "bad tags": (lambda w: w.issuer.token(None, **{f"{AWS}tags": 7}), "session claims"),
    "other roles": (lambda w: w.issuer.token(None, **{f"{AWS}roles": [w.saml_role]}), "roles claim"),
    "twin tags": (
        lambda w: w.issuer.token(None, **{f"{AWS}tags": {"principal_tags": {"a": ["1"], "A": ["2"]}}}),
        "session tags",
    ),
    "somebody else": (lambda w: w.issuer.token(sub="eve"), "trust policy"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_a_token_gets_the_same_verdict_as_for_credentials(world: World, case: str) -> None:
    """The same refusal in the same words, at the step that it belongs to; all steps before have passed."""
    make, last = TOKENS[case]
    token = make(world)
    world.local.daypass._issuer_keys._issuers.clear()  # unknown keys are asked for three times a minute
    found = world.try_out(token, world.web_role)
    expect_same(found, world.come(token, world.web_role), last)


def expect_same(found: Mapping[str, Any], answer: Response, last: str) -> None:
    assert found["Steps"][-1]["name"] == last
    passed = [step["passed"] for step in found["Steps"]]
    assert all(passed[:-1])
    if answer.status == 200:
        assert found["Accepted"]
        assert passed[-1]
        assert found["Error"] is None
    else:
        assert not found["Accepted"]
        assert not passed[-1]
        assert (found["Error"]["Code"], found["Error"]["Message"]) == (code_of(answer), element(answer, "Message"))
    json.dumps(found)


RESPONSES: dict[str, tuple[Callable[[World], str], str]] = {
    "good": (lambda w: w.idp.response(w.attributes()), "session"),
    "both signed": (lambda w: w.idp.response(w.attributes(), signed=("assertion", "response")), "session"),
    "not base64": (lambda w: "****", "response"),
    "no XML": (lambda w: "aGVsbG8=", "shape"),
    "not signed": (lambda w: w.idp.response(w.attributes(), signed=()), "signer"),
    "another's": (lambda w: StubIdentityProvider().response(w.attributes()), "assertion signature"),
    "another issuer": (lambda w: w.idp.response(w.attributes(), issuer="https://x.example"), "assertion signature"),
    "no recipient": (lambda w: w.idp.response(w.attributes(), recipient=None), "assertion"),
    "expired": (lambda w: w.idp.response(w.attributes(), ends=time.time() - 5), "time limits"),
    "another recipient": (lambda w: w.idp.response(w.attributes(), recipient="https://x.example"), "recipient"),
    "another audience": (lambda w: w.idp.response(w.attributes(), audiences=["x"]), "audience restriction"),
    "no session name": (lambda w: w.idp.response({"Role": f"{w.saml_role},{w.saml_provider}"}), "attributes"),
    "another role": (
        lambda w: w.idp.response(w.attributes(Role=f"{w.web_role},{w.saml_provider}")),
        "role pair",
    ),
    "somebody else": (lambda w: w.idp.response(w.attributes(), subject="eve"), "trust policy"),
    "a session that is over": (
        lambda w: w.idp.response(w.attributes(), session_ends=time.time() - 5),
        "time limits",
    ),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_a_response_gets_the_same_verdict_as_for_credentials(world: World, case: str) -> None:
    """Likewise; the provider is found by the response itself."""
    make, last = RESPONSES[case]
    response = make(world)
    expect_same(world.try_out(response, world.saml_role), world.come(response, world.saml_role), last)


def test_a_trial_mints_nothing_and_uses_nothing_up(world: World) -> None:
    """Tried twice and then shown, a response still opens its one session; from then on trials know that."""
    response = world.idp.response(world.attributes())
    for _ in range(2):
        assert world.try_out(response, world.saml_role)["Accepted"]
    tried = [record for record in world.records() if record["eventName"] == "TryFederatedRole"]
    assert tried[-1]["daypass"]["trial"] == {"action": "AssumeRoleWithSAML", "refused": None}
    assert "session" not in tried[-1]["daypass"]
    assert world.come(response, world.saml_role).status == 200
    found = world.try_out(response, world.saml_role)
    assert (found["Steps"][-1]["name"], found["Accepted"]) == ("replay", False)


def test_what_is_tried_is_not_recorded(world: World) -> None:
    """Neither a token nor a response stands in the trail, nor in what is told, which anybody may be shown."""
    token, response = world.issuer.token(), world.idp.response(world.attributes())
    told = [
        json.dumps(dict(world.try_out(proof, role)))
        for proof, role in ((token, world.web_role), (response, world.saml_role))
    ]
    written = json.dumps(world.records())
    for proof in (*token.split("."), response[200:260]):
        assert proof not in written
        assert all(proof not in one for one in told)


def test_every_step_is_told_with_its_numbers(world: World) -> None:
    """What an administrator needs to mend it: ages, expected audiences, key, reasons, condition keys, the session."""
    found = world.try_out(world.issuer.token(), world.web_role, DurationSeconds=900)
    facts = {step["name"]: step["facts"] for step in found["Steps"]}
    assert "s ago" in facts["lifetime"]["issued"]
    assert facts["audience"] == {"aud": AUDIENCE, "expected": [AUDIENCE]}
    assert facts["key"]["keyId"] == world.issuer.key_id
    assert facts["signature"] == {"key": "RSA", "trustedBy": "an authority", "inRecords": "IAMTrustStore"}
    assert facts["trust policy"]["effect"] == "allowed"
    assert f"{world.issuer.url.removeprefix('https://')}:sub" in facts["trust policy"]["conditionKeys"]
    assert facts["session"]["durationSeconds"] == 900
    assert facts["session"]["arn"].endswith(":assumed-role/web/trial")
    refused = world.try_out(world.issuer.token(sub="eve"), world.web_role)["Steps"][-1]["facts"]
    assert any("came near" in line for line in refused["explanation"])


def test_every_step_that_is_taken_can_be_told() -> None:
    """The table of facts has the steps of the source, each, and no other."""
    told = set()
    for file in Path(daypass.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and "tell" in (getattr(node.func, "attr", ""), getattr(node.func, "id", "")):
                told |= {argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    assert told == FACTS.keys()
