"""GetWebIdentityToken: what a token says, who gets one, and what is refused in which words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt as pyjwt
import pytest
from botocore.exceptions import ClientError

from daypass.testing.local import LocalDaypass, Signer, raw_request
from tests.calling import code_of
from tests.services.sts.conftest import EVERYTHING, document, trusting

URL = "https://sts.example.com"
MINE = "https://sts.amazonaws.com/"
NEVER = "Outbound web identity federation is disabled for your account"


@dataclass
class Issuing:
    """An account that issues tokens."""

    daypass: LocalDaypass
    name: str

    def iam(self) -> Any:
        return self.daypass.client("iam")

    def person(self, name: str, *statements: dict[str, object]) -> Signer:
        """A user with one policy, and a key."""
        self.iam().create_user(UserName=name)
        if statements:
            self.iam().put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
        return Signer.of(self.iam().create_access_key(UserName=name)["AccessKey"])

    def role(self, name: str, path: str = "/", **more: object) -> str:
        """A role that may do everything and trusts its account; its ARN."""
        trust = trusting(f"arn:aws:iam::{self.daypass.account}:root")
        made = self.iam().create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust, **more)
        self.iam().put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(EVERYTHING))
        return str(made["Role"]["Arn"])

    def session(self, role: str, **more: object) -> Signer:
        answer = self.daypass.client("sts").assume_role(RoleArn=role, RoleSessionName="session", **more)
        return Signer.of(answer["Credentials"])

    def ask(self, signer: Signer | None = None, **params: object) -> dict[str, Any]:
        """The answer to a request for a token."""
        wish = {"Audience": ["https://vault.example.com"], "SigningAlgorithm": "ES384", **params}
        answer: dict[str, Any] = self.daypass.client("sts", signer).get_web_identity_token(**wish)
        return answer

    def claims(self, signer: Signer | None = None, **params: object) -> dict[str, Any]:
        """What the token says, verified as anybody would."""
        return self.verified(self.ask(signer, **params)["WebIdentityToken"])

    def verified(self, token: str) -> dict[str, Any]:
        documents = self.daypass.daypass.issuers.find(self.name.rpartition("/")[2], may_block=True)
        assert documents is not None
        header = pyjwt.get_unverified_header(token)
        keys = pyjwt.PyJWKSet.from_dict(json.loads(documents["/.well-known/jwks.json"]))
        options: Any = {"verify_aud": False}
        found: dict[str, Any] = pyjwt.decode(
            token, keys[header["kid"]], algorithms=[header["alg"]], issuer=self.name, options=options
        )
        return found

    def refusal(self, signer: Signer | None = None, **params: object) -> tuple[int, str, str]:
        with pytest.raises(ClientError) as refused:
            self.ask(signer, **params)
        said = refused.value.response
        return said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"], said["Error"]["Message"]


@pytest.fixture(scope="module")
def issuing() -> Iterator[Issuing]:
    """One for all tests of the module."""
    with LocalDaypass(public_url=URL) as daypass:
        name = daypass.client("iam").enable_outbound_web_identity_federation()["IssuerIdentifier"]
        yield Issuing(daypass, name)


def test_an_issuer_is_named_below_the_public_address(issuing: Issuing) -> None:
    """Its id ends in the account's, which every token tells anyway, and is no account id to whoever guesses."""
    assert issuing.name.startswith(f"{URL}/-/issuers/")
    assert issuing.name.endswith(f"-{issuing.daypass.account}")
    assert len(issuing.name.rpartition("/")[2]) == 36


def test_a_users_token_says_who_he_is_and_nothing_else(issuing: Issuing) -> None:
    """What does not apply is absent; the id is the request's; the end is the answer's."""
    answer = issuing.ask()
    found = issuing.verified(answer["WebIdentityToken"])
    arn = f"arn:aws:iam::{issuing.daypass.account}:user/admin"
    assert found == {
        "iss": issuing.name,
        "aud": "https://vault.example.com",
        "sub": arn,
        "iat": found["iat"],
        "exp": found["iat"] + 300,
        "jti": answer["ResponseMetadata"]["RequestId"],
        MINE: {"aws_account": issuing.daypass.account, "source_region": "us-east-1", "principal_id": arn},
    }
    assert answer["Expiration"].timestamp() == found["exp"]


def test_a_role_sessions_token_names_the_role_with_its_path_and_what_the_session_carries(issuing: Issuing) -> None:
    """Principal tags are the role's under the session's, request tags stand apart, several audiences are a list."""
    role = issuing.role("worker", "/batch/", Tags=[{"Key": "team", "Value": "red"}, {"Key": "tier", "Value": "1"}])
    session = issuing.session(role, Tags=[{"Key": "Team", "Value": "blue"}], SourceIdentity="zoe")
    found = issuing.claims(
        session, Audience=["a", "b"], SigningAlgorithm="RS256", Tags=[{"Key": "job", "Value": "7"}], DurationSeconds=60
    )
    assert found["sub"] == role == f"arn:aws:iam::{issuing.daypass.account}:role/batch/worker"
    assert found["aud"] == ["a", "b"]
    assert found["exp"] - found["iat"] == 60
    facts = found[MINE]
    assert facts.pop("original_session_exp").endswith("Z")
    assert facts == {
        "aws_account": issuing.daypass.account,
        "source_region": "us-east-1",
        "principal_id": role,
        "principal_tags": {"tier": "1", "Team": "blue"},
        "request_tags": {"job": "7"},
        "source_identity": "zoe",
    }


def test_the_end_has_milliseconds_unlike_any_other(issuing: Issuing) -> None:
    """As AWS writes it, in XML."""
    wish = {"Audience": ["a"], "SigningAlgorithm": "ES384"}
    body = issuing.daypass.call("sts", "GetWebIdentityToken", wish).body.decode()
    assert ".000Z</Expiration>" in body


def test_a_token_never_outlives_the_session_that_asked_for_it(issuing: Issuing) -> None:
    """Not by a second, also where nothing was asked and five minutes go without saying."""
    session = issuing.session(issuing.role("brief"), DurationSeconds=900)
    clock = issuing.daypass.clock
    wish: dict[str, object] = {"Audience": ["a"], "SigningAlgorithm": "ES384"}
    now = clock.now()
    clock.freeze(int(now) + 1)
    try:
        left = issuing.daypass.call("sts", "GetWebIdentityToken", {**wish, "DurationSeconds": 902}, session)
        assert (left.status, code_of(left)) == (403, "SessionDurationEscalationException")
        clock.advance(300)
        assert (
            code_of(issuing.daypass.call("sts", "GetWebIdentityToken", {**wish, "DurationSeconds": 590}, session))
            == "200"
        )
        clock.advance(300)
        assert code_of(issuing.daypass.call("sts", "GetWebIdentityToken", wish, session)).startswith("SessionDuration")
    finally:
        clock._frozen, clock._offset = None, 0.0


def test_a_session_cut_to_other_things_gets_none(issuing: Issuing) -> None:
    """A token is a credential: the session policy binds it like any other."""
    role = issuing.role("cut")
    for policy in (document({"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}),):
        status, code, message = issuing.refusal(issuing.session(role, Policy=policy))
        assert (status, code) == (403, "AccessDenied")
        assert message.endswith("because no session policy allows the sts:GetWebIdentityToken action")


def test_who_is_not_allowed_is_told_in_awss_words(issuing: Issuing) -> None:
    """The action and why; a foreign audience among permitted ones is refused, where the policy asks for all."""
    me, account = issuing.person("nobody"), issuing.daypass.account
    said = (
        f"User: arn:aws:iam::{account}:user/nobody is not authorized to perform: sts:GetWebIdentityToken "
        f"on resource: arn:aws:sts::{account}:self "
        "because no identity-based policy allows the sts:GetWebIdentityToken action"
    )
    assert issuing.refusal(me) == (403, "AccessDenied", said)


LIMITED: dict[str, object] = {
    "Effect": "Allow",
    "Action": "sts:GetWebIdentityToken",
    "Resource": "arn:aws:sts::*:self",
    "Condition": {
        "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["good", "better"]},
        "NumericLessThanEquals": {"sts:DurationSeconds": "300"},
        "StringEquals": {"sts:SigningAlgorithm": "ES384"},
    },
}


@pytest.mark.parametrize(
    ("wish", "action"),
    [
        ({"Audience": ["good"]}, ""),
        ({"Audience": ["good", "better"], "DurationSeconds": 60}, ""),
        ({"Audience": ["good", "bad"]}, "sts:GetWebIdentityToken"),
        ({"Audience": ["good"], "DurationSeconds": 301}, "sts:GetWebIdentityToken"),
        ({"Audience": ["good"], "SigningAlgorithm": "RS256"}, "sts:GetWebIdentityToken"),
        ({"Audience": ["good"], "Tags": [{"Key": "job", "Value": "1"}]}, "sts:TagGetWebIdentityToken"),
    ],
)
def test_policies_decide_on_audience_duration_algorithm_and_tags(
    issuing: Issuing, wish: dict[str, object], action: str
) -> None:
    """Each by its condition key; to pass tags is an action of its own."""
    name = f"limited-{abs(hash(json.dumps(wish)))}"
    me = issuing.person(name, LIMITED)
    if not action:
        assert issuing.claims(me, **wish)["sub"].endswith(name)
    else:
        _, code, message = issuing.refusal(me, **wish)
        assert code == "AccessDenied"
        assert f"is not authorized to perform: {action} on" in message


def _violated(value: str, constraint: str) -> str:
    return f"1 validation error detected: {value} failed to satisfy constraint: {constraint}"


@pytest.mark.parametrize(
    ("wish", "status", "code", "message"),
    [
        (
            {"SigningAlgorithm": "HS256"},
            400,
            "ValidationError",
            _violated("Value 'HS256' at 'signingAlgorithm'", "Member must satisfy enum value set: [RS256, ES384]"),
        ),
        (
            {"DurationSeconds": 3601},
            400,
            "ValidationError",
            _violated("Value '3601' at 'durationSeconds'", "Member must have value less than or equal to 3600"),
        ),
        (
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
            400,
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            {"Tags": [{"Key": "aws:team", "Value": "1"}]},
            400,
            "ValidationError",
            "The tag key aws:team is reserved: tag keys must not start with aws:",
        ),
        (
            {"Audience": [str(n) * 999 for n in range(10)]},
            400,
            "JWTPayloadSizeExceededException",
            "The token's payload of … bytes exceeds 5800 bytes.",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    issuing: Issuing, wish: dict[str, object], status: int, code: str, message: str
) -> None:
    """With AWS's codes, and its words where they are known."""
    client = issuing.daypass.client("sts")
    client._serializer = client._serializer._serializer  # the server is to judge, not the client
    with pytest.raises(ClientError) as refused:
        client.get_web_identity_token(**{"Audience": ["a"], "SigningAlgorithm": "ES384", **wish})
    said = refused.value.response
    head, _, tail = message.partition("…")
    assert (said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"]) == (status, code)
    assert said["Error"]["Message"].startswith(head)
    assert said["Error"]["Message"].endswith(tail)


def test_an_account_that_issues_none_says_so_and_its_keys_stay_published(issuing: Issuing) -> None:
    """Tokens that are out stay valid; authorization comes first, so that a stranger does not learn it."""
    before = issuing.ask()["WebIdentityToken"]
    issuing.iam().disable_outbound_web_identity_federation()
    try:
        assert issuing.refusal() == (403, "OutboundWebIdentityFederationDisabledException", NEVER)
        assert issuing.refusal(issuing.person("stranger"))[1] == "AccessDenied"
        assert issuing.verified(before)["iss"] == issuing.name
    finally:
        issuing.iam().enable_outbound_web_identity_federation()


def test_a_global_endpoint_has_no_such_operation(issuing: Issuing) -> None:
    """It exists on regional endpoints only (STS API reference)."""
    from daypass.sigv4 import sign_request

    body = b"Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384"
    who = issuing.daypass.admin
    for host, code in (("sts.amazonaws.com", "InvalidAction"), ("sts.us-east-1.amazonaws.com", "200")):
        signed = sign_request(
            "POST",
            f"https://{host}/",
            {"Content-Type": "application/x-www-form-urlencoded"},
            body,
            access_key_id=who.access_key_id,
            secret_access_key=who.secret_access_key.reveal(),
            region="us-east-1",
            service="sts",
            now=issuing.daypass.clock.now(),
        )
        assert code_of(issuing.daypass.serve(raw_request("POST", "/", signed.items(), body))) == code


def test_a_daypass_that_does_not_know_its_address_names_no_issuer() -> None:
    """It says what the operator has to set, and nothing is made."""
    with LocalDaypass(listen="0.0.0.0:7177") as daypass, pytest.raises(ClientError) as refused:
        daypass.client("iam").enable_outbound_web_identity_federation()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert "public_url" in refused.value.response["Error"]["Message"]


def test_the_record_of_a_token_names_it_and_does_not_hold_it(issuing: Issuing) -> None:
    """Whoever meets a token elsewhere finds by its id who asked for it."""
    answer = issuing.ask(Audience=["recorded"])
    trail = "".join(file.read_text() for file in sorted((issuing.daypass.data / "audit").glob("*.jsonl")))
    record = json.loads(next(line for line in reversed(trail.splitlines()) if '"recorded"' in line))
    token = answer["WebIdentityToken"]
    assert record["daypass"]["webIdentityToken"]["webIdentityTokenId"] == issuing.verified(token)["jti"]
    assert token.rpartition(".")[2] not in trail
    assert token.split(".")[1] not in trail
