"""AssumeRoleWithWebIdentity, from the token to the credentials: a real issuer over https, real keys, real policies."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

import pytest

from daypass.adapters.issuer_keys import elapsed
from daypass.entities import OidcProvider
from daypass.exchange import Response
from daypass.federation.key_set import read_key_set
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of, credentials_in, element
from tests.federation.attacks.kit import CLIENTS, ISSUER, NOW, usual_keys
from tests.federation.test_attacks import ATTACKS

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


# ── what becomes of it ───────────────────────────────────────────────────────────────────────────────

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def records(world: World, event: str = "AssumeRoleWithWebIdentity") -> list[dict[str, Any]]:
    """The records of an operation, in order."""
    lines = [line for file in sorted((world.daypass.data / "audit").glob("*.jsonl")) for line in file.open()]
    return [found for line in lines if (found := json.loads(line)).get("eventName") == event]


def refused(answer: Response) -> tuple[int, str, str]:
    return answer.status, code_of(answer), element(answer, "Message")


def test_the_record_tells_who_came_and_never_the_token(world: World) -> None:
    """Issuer, subject and key, how the issuer's connection was trusted; of the token not even the signature."""
    token = world.issuer.token(sub="ada")
    world.come(token)
    record = records(world)[-1]
    assert record["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{world.provider}:sts.amazonaws.com:ada",
        "userName": "ada",
        "identityProvider": world.provider,
    }
    assert [each["type"] for each in record["resources"]] == ["AWS::IAM::Role"]
    assert record["additionalEventData"] == {"identityProviderConnectionVerificationMethod": "IAMTrustStore"}
    told = record["daypass"]["identity"]
    assert told == {"issuer": world.issuer.url, "subject": "ada", "keyId": world.issuer.key_id}
    written = json.dumps(records(world))
    assert all(part not in written for part in token.split(".")[1:])


def test_the_records_of_its_session_tell_the_provider(world: World) -> None:
    """Where CloudTrail tells it, in all that the session does; of another session nothing stands there."""
    for signer, told in (
        (credentials_in(world.come(world.issuer.token())), {"federatedProvider": world.provider, "attributes": {}}),
        (credentials_in(world.daypass.call("sts", "AssumeRole", own_role(world))), {}),
    ):
        world.daypass.call("sts", "GetCallerIdentity", {}, signer)
        record = records(world, "GetCallerIdentity")[-1]
        assert record["userIdentity"]["sessionContext"]["webIdFederationData"] == told


def own_role(world: World) -> dict[str, str]:
    """The parameters of AssumeRole for a role that trusts its account."""
    trust = {"Effect": "Allow", "Principal": {"AWS": world.daypass.account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = world.daypass.client("iam").create_role(RoleName="own", AssumeRolePolicyDocument=document)
    return {"RoleArn": made["Role"]["Arn"], "RoleSessionName": "own"}


def test_no_attack_opens_anything() -> None:
    """A thousand bad tokens against the whole service: each is refused in AWS's words, and nothing is minted."""
    with LocalDaypass() as daypass:
        world = attacked(daypass)
        for attack in ATTACKS:
            if attack.keys is not None or not 4 <= len(attack.token) <= 20_000 or attack.token.endswith("\n"):
                continue  # a line's end behind the token is the file's that it was read from
            answer = world.come(attack.token)
            if attack.refused is not None:  # what is good may be refused for what it asks for
                code, message = attack.refused
                assert (answer.status, code_of(answer)) == (400, code), attack.case
                assert "…" in message or unescape(element(answer, "Message")) == message, attack.case
        minted = [record["responseElements"] for record in records(world) if record["errorCode"] is None]
        good = [attack for attack in ATTACKS if attack.refused is None and attack.keys is None]
        assert 0 < len(minted) <= len(good)


def attacked(daypass: LocalDaypass) -> World:
    """A world that trusts the issuer of the table of attacks, whose keys it knows already."""
    iam = daypass.client("iam")
    arn = iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=list(CLIENTS))["OpenIDConnectProviderArn"]
    cache = daypass.daypass._issuer_keys
    known = cache._issuer(OidcProvider("", ISSUER.removeprefix("https://"), 0))
    known.keys, known.fetched, known.fresh_until = read_key_set(usual_keys()), elapsed(), math.inf
    known.asked.extend([math.inf] * 3)  # nobody is asked for others
    statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    daypass.clock.freeze(NOW)
    return World(daypass, None, arn, role)  # type: ignore[arg-type]


def test_what_a_token_said_stays_with_the_session(world: World) -> None:
    """Subject, audience and provider are condition keys and variables in the role's policies; other claims are not."""
    iam, prefix = world.daypass.client("iam"), world.prefix
    statement = {
        "Effect": "Allow",
        "Action": "iam:GetUser",
        "Resource": f"arn:aws:iam::{world.daypass.account}:user/${{{prefix}:sub}}",
        "Condition": {
            "StringEquals": {f"{prefix}:aud": AUDIENCE, "aws:FederatedProvider": world.provider},
            "Null": {f"{prefix}:email": "true"},
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="visitor", PolicyName="own", PolicyDocument=policy)
    for name in ("ada", "eve"):
        iam.create_user(UserName=name)
    session = credentials_in(world.come(world.issuer.token(email="ada@example.com")))
    assert world.daypass.call("iam", "GetUser", {"UserName": "ada"}, session).status == 200
    assert code_of(world.daypass.call("iam", "GetUser", {"UserName": "eve"}, session)) == "AccessDenied"
    iam.put_role_policy(RoleName="visitor", PolicyName="own", PolicyDocument=json.dumps(EVERYTHING))


def test_a_session_may_not_make_itself_another(world: World) -> None:
    """GetFederationToken and GetSessionToken are not for it; a chained role has an hour, and no key of the token's."""
    iam, daypass = world.daypass.client("iam"), world.daypass
    iam.put_role_policy(RoleName="visitor", PolicyName="own", PolicyDocument=json.dumps(EVERYTHING))
    session = credentials_in(world.come(world.issuer.token()))
    for operation, params in (("GetSessionToken", {}), ("GetFederationToken", {"Name": "more"})):
        assert daypass.call("sts", operation, params, session).status == 403
    statement = {"Effect": "Allow", "Principal": {"AWS": world.role}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    further = iam.create_role(RoleName="further", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    condition = {"Null": {f"{world.prefix}:sub": "true", "aws:FederatedProvider": "true"}}
    policy = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_role_policy(RoleName="further", PolicyName="own", PolicyDocument=document)
    asked = {"RoleArn": further, "RoleSessionName": "chained"}
    assert code_of(daypass.call("sts", "AssumeRole", {**asked, "DurationSeconds": 3_601}, session)) == "ValidationError"
    chained = credentials_in(daypass.call("sts", "AssumeRole", asked, session))
    assert daypass.call("iam", "ListRoles", {}, chained).status == 200


def test_revoking_a_provider_ends_its_sessions(world: World) -> None:
    """All at once, those that descend from them too; a later token opens a new one."""
    session = credentials_in(world.come(world.issuer.token()))
    assert world.daypass.call("sts", "GetCallerIdentity", {}, session).status == 200
    world.daypass.daypass.operator("daypass:RevokeSessions", {"Provider": world.provider})
    assert world.daypass.call("sts", "GetCallerIdentity", {}, session).status in (400, 403)


def test_a_rotated_key_works_at_once(world: World) -> None:
    """And the old one as long as it is published, of each family."""
    old = world.issuer.token()
    for algorithm in ("ES256", "RS256"):
        world.issuer.rotate(algorithm)
        assert world.come(world.issuer.token()).status in (200, 400)
    assert world.come(old).status == 200


def test_an_issuer_with_another_certificate_is_told_as_such() -> None:
    """Where neither the system's authorities nor a thumbprint vouch for it."""
    with LocalDaypass() as daypass, StubIssuer(AUDIENCE) as issuer:
        made = daypass.client("iam").create_open_id_connect_provider(
            Url=issuer.url, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40]
        )
        arn = made["OpenIDConnectProviderArn"]
        daypass.daypass.operator(
            "daypass:SetOpenIDConnectProviderTerms", {"OpenIDConnectProviderArn": arn, "AllowPrivate": True}
        )
        world = World(daypass, issuer, arn, f"arn:aws:iam::{daypass.account}:role/none")
        text = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
        assert refused(world.come(issuer.token())) == (400, "InvalidIdentityToken", text)
