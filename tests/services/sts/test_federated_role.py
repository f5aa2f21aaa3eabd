"""AssumeRoleWithSAML and AssumeRoleWithWebIdentity behind the proof: given a provider's word, who gets what.

What verifies tokens and assertions is stood in for here by a port that proves what the test says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass import open_session_token
from daypass.exchange import Response
from daypass.operations.doors import Place
from daypass.operations.pipeline import Service
from daypass.operations.registry import REGISTRY
from daypass.ports import Asking, Vouched
from daypass.testing.local import VERSIONS, LocalDaypass, flatten, raw_request
from tests.calling import code_of, credentials_in, element

WEB, SAML = "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"
ISSUER = "issuer.example.com"


class Vouching:
    """Proves ``says`` of whoever shows the token or assertion ``right``."""

    def __init__(self) -> None:
        self.says = Vouched("", "", "")

    def verify_token(self, token: str, session_name: str, asking: Asking) -> Vouched:
        """A token of the word ``right``."""
        assert token == "right"
        return self.says._replace(session_name=session_name)

    def verify_assertion(self, assertion: str, provider_arn: str, role_arn: str, asking: Asking) -> Vouched:
        """An assertion of the word ``right``."""
        assert (assertion, provider_arn) == ("right", self.says.provider)
        return self.says


@dataclass
class Federation:
    """A daypass whose accounts have providers, and a way to be vouched for."""

    daypass: LocalDaypass
    service: Service
    vouching: Vouching

    @property
    def account(self) -> str:
        return self.daypass.account

    def provider(self, operation: str) -> str:
        word = "oidc-provider/" + ISSUER if operation == WEB else "saml-provider/corp"
        return f"arn:aws:iam::{self.account}:{word}"

    def role(self, name: str, operation: str, *more: str, path: str = "/", **conditions: Any) -> str:
        """Make a role that trusts the provider, for the operation and the actions ``more``."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Federated": self.provider(operation)},
            "Action": [f"sts:{operation}", *more],
        }
        if conditions:
            statement["Condition"] = conditions
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        made = self.daypass.client("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
        return str(made["Role"]["Arn"])

    def ask(
        self, operation: str, role: str, says: dict[str, Any] | None = None, host: str = "localhost", **params: Any
    ) -> Response:
        """Ask for ``role`` without a signature; ``says``: what the provider's word proves beside the person."""
        given = {"subject": "ann", "session_name": "ann", "qualifier": "what-ann-is-known-by", **(says or {})}
        self.vouching.says = Vouched(self.provider(operation), **given)
        shown = {"RoleSessionName": "ann", "WebIdentityToken": "right"}
        if operation == SAML:
            shown = {"PrincipalArn": self.provider(SAML), "SAMLAssertion": "right"}
        form = {"Action": operation, "Version": VERSIONS["sts"], **flatten({"RoleArn": role, **shown, **params})}
        headers = (("Host", host), ("Content-Type", "application/x-www-form-urlencoded"))
        raw = raw_request("POST", "/", headers, urlencode(form).encode())
        return self.service.serve_blocking(raw)

    def session(self, answer: Response) -> Any:
        """What is sealed in the token of an answer."""
        made = credentials_in(answer)
        assert made.session_token
        keyring, now = self.daypass.daypass.keys.ring(), self.daypass.clock.now()
        return open_session_token(made.session_token, made.access_key_id, keyring=keyring, now=now)

    def records(self) -> list[dict[str, Any]]:
        files = sorted((self.daypass.data / "audit").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def last_record(self) -> dict[str, Any]:
        return self.records()[-1]


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    with LocalDaypass() as daypass:
        vouching = Vouching()
        ports = replace(daypass.daypass.service._ports, identities=vouching)
        yield Federation(daypass, Service(ports, REGISTRY, Place()), vouching)


both = pytest.mark.parametrize("operation", [WEB, SAML])


@both
def test_whom_the_provider_vouches_for_gets_a_session_of_the_role(federation: Federation, operation: str) -> None:
    """The session is the role's under the name that was given, and knows who vouched for it."""
    role = federation.role(f"plain-{operation}", operation, path="/team/")
    said = (("saml:sub", "ann"),) if operation == SAML else ((f"{ISSUER}:sub", "ann"),)
    answer = federation.ask(operation, role, {"federation": said, "result": {"Audience": "me"}})
    assert element(answer, "Arn") == f"arn:aws:sts::{federation.account}:assumed-role/plain-{operation}/ann"
    assert element(answer, "Audience") == "me"
    session = federation.session(answer)
    assert (session.kind, session.name, session.federation, session.lineage) == ("role", "ann", said, ())
    assert session.expires - session.issued == 3600
    who = federation.daypass.client("sts", credentials_in(answer)).get_caller_identity()
    assert who["Arn"] == element(answer, "Arn")


@both
@pytest.mark.parametrize("account", ["anonymous", "", "111122223333"])
def test_an_account_that_is_not_here_has_no_provider(federation: Federation, operation: str, account: str) -> None:
    """Not even the one that a stranger's request is said to come from."""
    answer = federation.ask(operation, f"arn:aws:iam::{account}:role/any")
    assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")


@both
def test_the_record_says_who_was_vouched_for(federation: Federation, operation: str) -> None:
    """Whoever is proved is the record's user, in the role's account, and neither token nor assertion is written."""
    federation.ask(operation, federation.role(f"told-{operation}", operation))
    record = federation.last_record()
    identity = record["userIdentity"]
    assert identity["type"] == {WEB: "WebIdentityUser", SAML: "SAMLUser"}[operation]
    provider = {WEB: federation.provider(WEB), SAML: "what-ann-is-known-by"}[operation]
    assert (identity["userName"], identity["identityProvider"]) == ("ann", provider)
    assert identity["principalId"] == "what-ann-is-known-by:ann"
    assert (record["eventName"], record["recipientAccountId"]) == (operation, federation.account)
    assert "right" not in json.dumps(record)


@both
def test_only_what_the_trust_policy_allows_is_opened(federation: Federation, operation: str) -> None:
    """Another provider's role, one with a condition that fails, and one that is not there are refused alike."""
    other = {WEB: SAML, SAML: WEB}[operation]
    key = "saml:sub" if operation == SAML else f"{ISSUER}:sub"
    roles = [
        federation.role(f"others-{operation}", other),
        federation.role(f"picky-{operation}", operation, StringEquals={key: "zoe"}),
        f"arn:aws:iam::{federation.account}:role/none",
        f"arn:aws:iam::{federation.account}:role/wrong/path/plain-{operation}",
    ]
    for role in roles:
        answer = federation.ask(operation, role, {"keys": {key.lower(): "ann"}})
        assert (code_of(answer), element(answer, "Message")) == (
            "AccessDenied",
            f"Not authorized to perform sts:{operation}",
        )
    assert code_of(federation.ask(operation, roles[1], {"keys": {key.lower(): "zoe"}})) == "200"


@both
def test_tags_and_source_identity_need_the_trust_policys_word(federation: Federation, operation: str) -> None:
    """Each is an action of its own in the trust policy; with both, they are sealed in the session."""
    bare = federation.role(f"bare-{operation}", operation)
    full = federation.role(f"full-{operation}", operation, "sts:TagSession", "sts:SetSourceIdentity")
    for says in ({"tags": (("team", "blue"),)}, {"source_identity": "ann@corp"}):
        answer = federation.ask(operation, bare, says)
        assert element(answer, "Message") == f"Not authorized to perform sts:{operation}"
    says = {"tags": (("team", "blue"),), "transitive": ("team",), "source_identity": "ann@corp"}
    answer = federation.ask(operation, full, says)
    session = federation.session(answer)
    assert (session.tags, session.transitive, session.source_identity) == ((("team", "blue"),), ("team",), "ann@corp")
    assert (element(answer, "SourceIdentity"), element(answer, "PackedPolicySize")) == ("ann@corp", "2")


@both
def test_a_session_policy_goes_into_the_session(federation: Federation, operation: str) -> None:
    """Inline and managed ones, with their size; one that does not exist is refused."""
    role = federation.role(f"cut-{operation}", operation)
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
    arns = [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    answer = federation.ask(operation, role, Policy=policy, PolicyArns=arns, MinimumSessionTokenSize=1000)
    session = federation.session(answer)
    assert (session.policy, session.policy_arns) == (policy, (arns[0]["arn"],))
    assert int(element(answer, "PackedPolicySize")) > 0
    assert int(element(answer, "SessionTokenSize")) >= 1000
    gone = [{"arn": f"arn:aws:iam::{federation.account}:policy/none"}]
    assert code_of(federation.ask(operation, role, PolicyArns=gone)) == "ValidationError"


def test_each_operation_has_words_of_its_own_for_too_long(federation: Federation) -> None:
    """Above the role's maximum."""
    sentences = {
        WEB: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        SAML: "Requested DurationSeconds exceeds MaxSessionDuration set for this role.",
    }
    for operation, sentence in sentences.items():
        role = federation.role(f"long-{operation}", operation)
        answer = federation.ask(operation, role, DurationSeconds=3601)
        assert (code_of(answer), element(answer, "Message")) == ("ValidationError", sentence)


def test_an_assertions_end_is_the_sessions_end(federation: Federation) -> None:
    """The shorter wins without a word; an assertion whose session is over opens none."""
    role, now = federation.role("ending", SAML), int(federation.daypass.clock.now())
    session = federation.session(federation.ask(SAML, role, {"not_after": now + 600}, DurationSeconds=3600))
    assert session.expires == now + 600
    assert code_of(federation.ask(SAML, role, {"not_after": now - 1})) == "InvalidIdentityToken"


def test_whoever_has_a_token_of_anybodys_issuer_fills_no_disk(federation: Federation) -> None:
    """Anybody gets a token of a public issuer: of each provider a few refusals a second are recorded, and no more."""
    time.sleep(1.1)  # what others were refused before is a second ago
    before = len(federation.records())
    web, saml = (federation.role(f"closed-{action}", action, Null={"aws:userid": "false"}) for action in (WEB, SAML))
    for number in range(100):
        assert code_of(federation.ask(WEB, web, {"subject": f"stranger-{number}"})) == "AccessDenied"
    assert code_of(federation.ask(SAML, saml)) == "AccessDenied"
    refused = [record["eventName"] for record in federation.records()[before:] if record["errorCode"]]
    assert 1 <= refused.count(WEB) <= 20
    assert refused.count(SAML) == 1


def test_a_roles_claim_is_asked_before_the_trust_policy(federation: Federation) -> None:
    """A token that lists roles opens those alone; the trust policy can see that it did."""
    role = federation.role("listed", WEB, Bool={"sts:RoleAuthorizedByIdp": "true"})
    assert code_of(federation.ask(WEB, role, {"roles": (role,)})) == "200"
    assert code_of(federation.ask(WEB, role)) == "AccessDenied"
    for listed in ((), (f"{role}x",)):
        answer = federation.ask(WEB, role, {"roles": listed})
        assert (code_of(answer), element(answer, "Message")) == (
            "InvalidIdentityToken",
            "The target role ARN is not present in the roles claim of the identity token",
        )


def test_sign_on_roles_are_not_had_by_assertion(federation: Federation) -> None:
    """Roles of IAM Identity Center are refused whoever they trust."""
    role = federation.role("AWSReservedSSO_Admin", SAML)
    answer = federation.ask(SAML, role)
    assert element(answer, "Message") == "Not authorized to perform sts:AssumeRoleWithSAML"


def test_another_accounts_provider_proves_nothing(federation: Federation) -> None:
    """Provider and role are of one account."""
    role = federation.role("own-provider", SAML)
    answer = federation.ask(SAML, role, PrincipalArn="arn:aws:iam::999999999999:saml-provider/corp")
    assert (code_of(answer), element(answer, "Message")) == (
        "InvalidIdentityToken",
        "Specified provider doesn't exist.",
    )


def test_the_sessions_that_follow_are_chained(federation: Federation) -> None:
    """Assuming a further role from such a session is chaining: an hour at most, and tags that stay."""
    first = federation.role("first-hop", WEB, "sts:TagSession")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": federation.account},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    iam = federation.daypass.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    made = iam.create_role(RoleName="next-hop", AssumeRolePolicyDocument=document, MaxSessionDuration=43200)
    iam.attach_role_policy(RoleName="first-hop", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    says = {"tags": (("team", "blue"),), "transitive": ("team",)}
    signer = credentials_in(federation.ask(WEB, first, says))
    wish = {"RoleArn": made["Role"]["Arn"], "RoleSessionName": "next"}
    too_long = federation.daypass.call("sts", "AssumeRole", {**wish, "DurationSeconds": 3601}, signer)
    assert "role chaining" in element(too_long, "Message")
    session = federation.session(federation.daypass.call("sts", "AssumeRole", wish, signer))
    assert (session.tags, session.lineage) == ((("team", "blue"),), (signer.access_key_id,))


@both
def test_a_region_that_is_not_active_issues_nothing_on_a_providers_word_either(
    federation: Federation, operation: str
) -> None:
    """Without a signature the host name says which region it is; the role's account decides."""
    role = federation.role(f"regional-{operation}", operation)
    usual, opt_in = "eu-west-3", "af-south-1"
    hosts = {region: f"sts.{region}.amazonaws.com" for region in (usual, opt_in, "eu-west-1")}
    federation.daypass.daypass.operator("daypass:DisableRegion", {"Region": usual})
    try:
        for region in (usual, opt_in):
            answer = federation.ask(operation, role, host=hosts[region])
            assert (answer.status, code_of(answer)) == (403, "RegionDisabledException")
            assert f"account:{federation.account}." in element(answer, "Message")
        assert federation.session(federation.ask(operation, role, host=hosts["eu-west-1"])).token_version == 2
        assert federation.session(federation.ask(operation, role, host="sts.amazonaws.com")).token_version == 1
    finally:
        federation.daypass.daypass.operator("daypass:EnableRegion", {"Region": usual})
