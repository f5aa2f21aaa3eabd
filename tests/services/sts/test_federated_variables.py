"""Who signed in, as policies of the session know it: variables and conditions on the keys of its provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daypass.exchange import Response
from daypass.federation.saml.condition_keys import name_qualifier
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import Signer
from tests.calling import code_of, credentials_in
from tests.services.sts.saml_world import World, saml_world

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "cases/context/federated.json").read_text(encoding="utf-8")
)
AUDIENCE = "sts.amazonaws.com"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass
class Office:
    """See the table's ``people``. Its roles `staff` and `next` trust the SAML provider, the issuer, and `staff`."""

    world: World
    issuer: StubIssuer

    def ask(self, service: str, action: str, params: dict[str, Any], signer: Signer | None = None) -> Response:
        """A call that must succeed."""
        answer = self.world.daypass.call(service, action, params, signer)
        assert answer.status == 200, answer.body
        return answer

    def policy(self, case: dict[str, Any]) -> str:
        """What the case says, as a policy."""
        arn = f"arn:aws:iam::{self.world.daypass.account}:{case['resource']}"
        statement = {"Effect": case.get("effect", "Allow"), "Action": "iam:GetUser", "Resource": arn}
        statement["Condition"] = case.get("condition", {})
        denying = [ALL] if statement["Effect"] == "Deny" else []
        text = json.dumps({"Version": case.get("version", "2012-10-17"), "Statement": [statement, *denying]})
        return text.replace("ISSUER", self.issuer.url.removeprefix("https://"))

    def session(self, case: dict[str, Any], **params: str) -> Signer:
        """Of whom the provider that the case names calls ``subject``."""
        subject = case.get("subject", "ada")
        if case["by"] == "saml":
            answer = self.world.come(self.world.response(subject=subject), **params)
        else:
            token = self.issuer.token(sub=subject, amr=["pwd", "mfa"], email="ada@example.com")
            answer = self.world.daypass.call("sts", "AssumeRoleWithWebIdentity", self.wish("staff", token, **params))
        made = credentials_in(answer)
        return credentials_in(self.ask("sts", "AssumeRole", self.wish("next"), made)) if "chained" in case else made

    def wish(self, role: str, token: str | None = None, **params: str) -> dict[str, Any]:
        """For a session of ``role``, by ``token`` if that is what is shown."""
        shown = {} if token is None else {"WebIdentityToken": token}
        arn = f"arn:aws:iam::{self.world.daypass.account}:role/{role}"
        return {"RoleArn": arn, "RoleSessionName": "visit", **shown, **params}


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with saml_world() as world, StubIssuer(AUDIENCE, "/realms/one") as issuer:
        office = Office(world, issuer)
        made = world.daypass.client("iam").create_open_id_connect_provider(Url=issuer.url, ClientIDList=[AUDIENCE])
        provider = made["OpenIDConnectProviderArn"]
        terms = {"OpenIDConnectProviderArn": provider, "Authorities": issuer.authority, "AllowPrivate": True}
        world.daypass.daypass.operator("daypass:SetOpenIDConnectProviderTerms", terms)
        by_token = {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
        world.trust({}, by_token)
        statement = {"Effect": "Allow", "Principal": {"AWS": world.role}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        office.ask("iam", "CreateRole", {"RoleName": "next", "AssumeRolePolicyDocument": trust})
        _hire(office, name_qualifier(world.idp.entity_id, world.daypass.account, "corp"))
        yield office


def _hire(office: Office, qualifier: str) -> None:
    for name, path, owner in (
        ("ada", "/", "nobody"),
        ("eve", "/", "nobody"),
        ("mine", f"/{qualifier}/ada/", "ada"),
        ("hers", f"/{qualifier}/eve/", "eve"),
    ):
        tags = [{"Key": "owner", "Value": owner}]
        office.ask("iam", "CreateUser", {"UserName": name, "Path": path, "Tags": tags})


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_a_policy_allows_exactly_what_its_provider_s_keys_say(office: Office, case: dict[str, Any]) -> None:
    """Every user of the table is asked for, by a session that was opened as the case says."""
    policy, is_session_policy = office.policy(case), case.get("session policy", False)
    for role in ("staff", "next"):
        own = json.dumps({"Version": "2012-10-17", "Statement": ALL}) if is_session_policy else policy
        office.ask("iam", "PutRolePolicy", {"RoleName": role, "PolicyName": "p", "PolicyDocument": own})
    session = office.session(case, **({"Policy": policy} if is_session_policy else {}))
    found = {}
    for name in ("ada", "eve", "hers", "mine"):
        answer = office.world.daypass.call("iam", "GetUser", {"UserName": name}, session)
        found[name] = code_of(answer)
    assert found == {name: "200" if name in case["allowed"] else "AccessDenied" for name in found}
