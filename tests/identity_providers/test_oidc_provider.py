"""Tokens of npm's oidc-provider, a certified implementation of OpenID Connect, open roles of a real daypass."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.identity_providers.oidc import OIDC_PROVIDER, OidcProvider, access_token, id_token, oidc_provider
from tests.identity_providers.record import Record
from tests.identity_providers.started import new_authority
from tests.identity_providers.world import World, world

TAGS = "https://aws.amazon.com/tags"


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass that trusts both issuers of an oidc-provider, with a role for each."""

    world: World
    provider: OidcProvider
    usual: str
    lone: str


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    authority = new_authority(tmp_path_factory.mktemp("authority"))
    folder = tmp_path_factory.mktemp("world")
    with world(folder) as here, oidc_provider(folder, authority) as provider:
        usual = here.trust_issuer(provider.usual, "rs256", "es256", "sts.amazonaws.com")
        lone = here.trust_issuer(provider.lone, "sts.amazonaws.com")
        roles = here.role("usual", usual, tags=True), here.role("lone", lone)
        yield Setting(here, provider, *roles)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_an_id_token_opens_a_session(setting: Setting, algorithm: str, record: Record) -> None:
    """Signed with either family of keys, found by discovery; the session works."""
    record(OIDC_PROVIDER, f"id token, {algorithm}")
    token = id_token(setting.provider.usual, "ada", algorithm.lower())
    assert _header(token)["alg"] == algorithm
    answer = setting.world.show_token(setting.usual, token)
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == ("ada", algorithm.lower())
    assert setting.world.holder(answer).get_caller_identity()["Arn"].endswith(":assumed-role/usual/visit")


def test_a_jwt_access_token_with_the_audience_opens_a_session(setting: Setting, record: Record) -> None:
    """What a program gets for itself by client credentials is as good as an id token (RFC 9068)."""
    record(OIDC_PROVIDER, "JWT access token (RFC 9068) by client credentials")
    token = access_token(setting.provider.usual)
    assert _header(token)["typ"] == "at+jwt"
    assert setting.world.show_token(setting.usual, token)["SubjectFromWebIdentityToken"] == "robot"


def test_a_token_that_names_no_key_is_verified_with_the_only_one(setting: Setting, record: Record) -> None:
    """The issuer has one key, so there is no doubt which."""
    record(OIDC_PROVIDER, "token without `kid` of an issuer with one key")
    token = access_token(setting.provider.lone)
    assert "kid" not in _header(token)
    assert setting.world.show_token(setting.lone, token)["SubjectFromWebIdentityToken"] == "robot"


def test_keys_are_rotated_under_way(setting: Setting, record: Record) -> None:
    """A token by a key that was not there at first is taken at once, and one by the old key still."""
    record(OIDC_PROVIDER, "rotated keys, tokens by the new and by the old key")
    before = id_token(setting.provider.usual, "ada")
    setting.world.show_token(setting.usual, before)
    setting.provider.rotate()
    after = id_token(setting.provider.usual, "ada")
    assert _header(before)["kid"] != _header(after)["kid"]
    for token in (after, before):
        assert setting.world.show_token(setting.usual, token)["SubjectFromWebIdentityToken"] == "ada"


def test_session_tags_and_source_identity_come_with_the_token(setting: Setting, record: Record) -> None:
    """As AWS reads them of a token; a role whose policy asks for the tag lets in whoever has it."""
    record(OIDC_PROVIDER, "session tags in the claim `https://aws.amazon.com/tags`")
    provider = f"arn:aws:iam::{setting.world.account}:oidc-provider/{setting.provider.usual.url[8:]}"
    role = setting.world.role("engineers", provider, tags=True, StringEquals={"aws:RequestTag/team": "eng"})
    tagged: dict[str, Any] = {TAGS: {"principal_tags": {"team": ["eng"]}, "transitive_tag_keys": ["team"]}}
    answer = setting.world.show_token(role, id_token(setting.provider.usual, "ada", **tagged))
    assert answer["PackedPolicySize"] > 0
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(role, id_token(setting.provider.usual, "ada"))


def test_a_token_for_another_client_opens_nothing(setting: Setting) -> None:
    """The lone issuer's provider lists one client, and this is none of it."""
    with pytest.raises(ClientError, match="Incorrect token audience"):
        setting.world.show_token(setting.lone, id_token(setting.provider.lone, "ada"))


def test_a_token_of_one_issuer_is_none_of_its_neighbour(setting: Setting) -> None:
    """Both live on one host; the role trusts one of them."""
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(setting.usual, access_token(setting.provider.lone))


def _header(token: str) -> dict[str, Any]:
    head = token.partition(".")[0]
    header: dict[str, Any] = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return header
