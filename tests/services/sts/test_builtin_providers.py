"""The providers that AWS knows by their host: off, then on, and asked about whose a token is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.adapters.access_tokens import AccessTokenJudges
from daypass.adapters.fetch import Answered, FetchFailed
from daypass.entities import OidcProvider
from daypass.exchange import Response
from daypass.federation.key_set import read_key_set
from daypass.operations.doors import Place
from daypass.operations.pipeline import Service
from daypass.operations.registry import REGISTRY
from daypass.ports import IssuerKey, KeysUnavailable
from daypass.services.identities import ProviderIdentities
from daypass.services.identities.builtin import OAUTH, OPENID, Builtin
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import VERSIONS, LocalDaypass, raw_request
from tests.calling import code_of, credentials_in, element

AMAZON, FACEBOOK, GOOGLE, COGNITO = (*OAUTH, *OPENID)
GOOD: dict[str, Any] = {
    "/auth/o2/tokeninfo": {"iss": "https://www.amazon.com", "aud": "app", "user_id": "ada", "exp": 60},
    "/app": {"id": "app"},
    "/me": {"id": "ada"},
}


@dataclass
class Internet:
    """What the providers would answer; ``asked`` are the URLs. A key of ``issuer`` is every issuer's."""

    issuer: StubIssuer
    says: dict[str, Any] = field(default_factory=lambda: dict(GOOD))
    status: int = 200
    asked: list[str] = field(default_factory=list)
    away: bool = False

    def ask(self, url: str) -> Answered:
        self.asked.append(url)
        if self.away:
            raise FetchFailed("away")
        path = "/" + url.split("/", 3)[3].partition("?")[0]
        return Answered(self.status, json.dumps(self.says[path]).encode())

    def find(self, provider: OidcProvider, algorithm: str, key_id: str | None, wait: Callable[[], None]) -> IssuerKey:
        self.asked.append(provider.url)
        key = read_key_set(self.issuer.answers[f"{self.issuer.path}/jwks"]).find(algorithm, key_id)
        if key is None:
            raise KeysUnavailable("no such key")
        return IssuerKey(key, "IAMTrustStore")


@dataclass
class World:
    daypass: LocalDaypass
    internet: Internet

    def come(self, enabled: tuple[str, ...], role: str, token: str, provider: str | None = None) -> Response:
        daypass = self.daypass.daypass
        ports, builtin = daypass.service._ports, Builtin(enabled, AccessTokenJudges(self.internet.ask))
        uses = daypass.storage.single_uses
        known = ProviderIdentities(self.internet, daypass.keys, uses, (), Lock(), builtin)
        service = Service(replace(ports, identities=known), REGISTRY, Place())
        asked = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": VERSIONS["sts"],
            "RoleArn": f"arn:aws:iam::{self.daypass.account}:role/{role}",
            "RoleSessionName": "visit",
            "WebIdentityToken": token,
            **({"ProviderId": provider} if provider else {}),
        }
        headers = [("host", "127.0.0.1:7177"), ("content-type", "application/x-www-form-urlencoded")]
        return service.serve_blocking(raw_request("POST", "/", headers, urlencode(asked).encode()))


@pytest.fixture(scope="module")
def opened() -> Iterator[World]:
    """A daypass with a role for each provider, whose trust asks for one application."""
    keys = {AMAZON: "app_id", FACEBOOK: "app_id", GOOGLE: "aud", COGNITO: "aud"}
    with LocalDaypass() as daypass, StubIssuer("app") as issuer:
        for host, key in keys.items():
            statement = {
                "Effect": "Allow",
                "Principal": {"Federated": host},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{host}:{key}": "app"}},
            }
            trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
            daypass.client("iam").create_role(RoleName=host, AssumeRolePolicyDocument=trust)
        yield World(daypass, Internet(issuer))


@pytest.fixture
def world(opened: World) -> World:
    """The same, with providers that answer well and were not asked yet."""
    opened.internet = Internet(opened.internet.issuer)
    return opened


oauth, openid = pytest.mark.parametrize("host", OAUTH), pytest.mark.parametrize("host", OPENID)


def test_what_is_off_is_never_asked(world: World) -> None:
    """No provider is on unless it is named, and one that is on speaks for itself alone."""
    for host in OAUTH:
        for enabled in ((), tuple({*OAUTH, *OPENID} - {host})):
            answer = world.come(enabled, host, "secret-token", host)
            assert (answer.status, code_of(answer)) == (403, "AccessDenied")
    for host in OPENID:
        answer = world.come(tuple({*OAUTH, *OPENID} - {host}), host, world.internet.issuer.token(iss=f"https://{host}"))
        assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")
        assert "No OpenIDConnect provider found" in element(answer, "Message")
    assert world.internet.asked == []


@oauth
def test_whom_an_access_token_belongs_to_gets_a_session(world: World, host: str) -> None:
    """By the provider's word; the session knows by whose."""
    answer = world.come((host,), host, "secret-token", host)
    assert answer.status == 200, answer.body
    told = [element(answer, name) for name in ("Provider", "Audience", "SubjectFromWebIdentityToken")]
    assert told == [host, "app", "ada"]
    assert world.daypass.call("sts", "GetCallerIdentity", {}, credentials_in(answer)).status == 200
    assert all("access_token=secret-token" in url for url in world.internet.asked)
    trail = b"".join(file.read_bytes() for file in (world.daypass.data / "audit").iterdir())
    assert b"secret-token" not in trail


@pytest.mark.parametrize("issuer", [f"https://{GOOGLE}", GOOGLE, f"https://{COGNITO}"])
def test_a_token_of_a_built_in_issuer_opens_what_trusts_its_host(world: World, issuer: str) -> None:
    """Google's comes in two spellings."""
    host = issuer.removeprefix("https://")
    answer = world.come((host,), host, world.internet.issuer.token(iss=issuer))
    assert answer.status == 200, answer.body
    assert [element(answer, name) for name in ("Provider", "Audience")] == [host, "app"]


@openid
def test_a_token_for_another_application_is_the_trust_policys_to_refuse(world: World, host: str) -> None:
    """Nobody has listed clients, so what decides is the condition on them."""
    answer = world.come((host,), host, world.internet.issuer.token(iss=f"https://{host}", aud="another"))
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")


@oauth
def test_what_the_provider_does_not_stand_by_is_refused(world: World, host: str) -> None:
    """In the words that AWS was seen to use."""
    world.internet.status = 400
    answer = world.come((host,), host, "secret-token", host)
    assert (answer.status, code_of(answer)) == (403, "IDPRejectedClaim")
    assert element(answer, "Message") == f"{host}: {host} responded with HTTP/1.1 400 Bad Request"


@pytest.mark.parametrize("said", [{"iss": "https://evil.example"}, {"exp": 0}, {"exp": None}, {"exp": "60"}])
def test_a_word_of_amazon_about_something_else_is_refused(world: World, said: dict[str, Any]) -> None:
    """A token that is over, or that somebody else has issued."""
    world.internet.says["/auth/o2/tokeninfo"] = {**GOOD["/auth/o2/tokeninfo"], **said}
    answer = world.come((AMAZON,), AMAZON, "secret-token", AMAZON)
    assert (answer.status, code_of(answer)) == (403, "IDPRejectedClaim")


@oauth
@pytest.mark.parametrize("broken", ["away", "408", "429", "500", "no user", "no object"])
def test_a_provider_that_says_nothing_can_be_asked_again(world: World, host: str, broken: str) -> None:
    """SDKs try again; nobody comes in meanwhile. That one asks too often says nothing of the token."""
    world.internet.away = broken == "away"
    world.internet.status = int(broken) if broken.isdigit() else 200
    if broken == "no user":
        world.internet.says |= {"/me": {}, "/auth/o2/tokeninfo": {**GOOD["/auth/o2/tokeninfo"], "user_id": ""}}
    if broken == "no object":
        world.internet.says = {path: [] for path in GOOD}
    answer = world.come((host,), host, "secret-token", host)
    assert (answer.status, code_of(answer)) == (400, "IDPCommunicationError")


@oauth
@pytest.mark.parametrize("token", ["a.b.c", "x" * 1_501, "\r\n\r\n"])
def test_what_is_no_access_token_is_not_shown_to_the_provider(world: World, host: str, token: str) -> None:
    """A web identity token is for somebody else, a long text and an empty one for nobody."""
    answer = world.come((host,), host, token, host)
    assert (answer.status, code_of(answer)) == (400, "InvalidIdentityToken")
    assert world.internet.asked == []
