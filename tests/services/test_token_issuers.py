"""The keys of token issuers in a real daypass: on both stores, on every node, through rotations."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import jwt as pyjwt
import pytest

from daypass.errors import AccessDenied, NoSuchEntity
from daypass.ids import account_uuid
from daypass.operations.facts import RequestFacts
from daypass.operations.registry import REGISTRY
from daypass.outbound.keys import LEAD, RETENTION
from daypass.principals import Caller, Root
from daypass.testing.local import LocalDaypass
from tests.postgres import PostgresServer
from tests.running import up

PERIOD = 90 * 86_400


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    """A daypass whose first account issues tokens."""
    with LocalDaypass() as one:
        one.client("iam").enable_outbound_web_identity_federation()
        yield one


def kids(daypass: LocalDaypass) -> list[str]:
    """The ids of the published keys."""
    issuer = daypass.daypass.storage.directory.load(daypass.account).issuer  # type: ignore[union-attr]
    assert issuer is not None
    documents = daypass.daypass.issuers.find(issuer.id, may_block=True)
    assert documents is not None
    return [key["kid"] for key in json.loads(documents["/.well-known/jwks.json"])["keys"]]


def signer_of(daypass: LocalDaypass) -> str:
    """The id of the key that signs now."""
    answer = daypass.call("sts", "GetWebIdentityToken", {"Audience": ["a"], "SigningAlgorithm": "ES384"})
    token = answer.body.decode().partition("<WebIdentityToken>")[2].partition("<")[0]
    return str(pyjwt.get_unverified_header(token)["kid"])


def test_keys_are_rotated_by_the_timer_through_all_their_states() -> None:
    """Nothing is done before its time; what is due is done once, with a record each."""
    with LocalDaypass() as daypass:
        daypass.client("iam").enable_outbound_web_identity_federation()
        clock, rotate = daypass.clock, daypass.daypass.rotate_issuer_keys
        clock.freeze(int(clock.now()))
        rotate()
        assert (kids(daypass), signer_of(daypass)) == (["RSA_1", "EC_2"], "EC_2")
        clock.advance(PERIOD + 60)
        rotate()
        assert (kids(daypass), signer_of(daypass)) == (["RSA_1", "EC_2", "RSA_3", "EC_4"], "EC_2")
        clock.advance(LEAD)
        rotate()
        rotate()
        assert (kids(daypass), signer_of(daypass)) == (["RSA_1", "EC_2", "RSA_3", "EC_4"], "EC_4")
        clock.advance(RETENTION + 1)
        rotate()
        assert kids(daypass) == ["RSA_3", "EC_4"]
        trail = "".join(file.read_text() for file in (daypass.data / "audit").glob("*.jsonl"))
        assert trail.count('"RotateIssuerKeys"') == 3, "a record for each change, and none for looking"


def test_an_account_that_never_issued_has_no_keys_to_rotate(daypass: LocalDaypass) -> None:
    """The operator is told so."""
    other, _ = daypass.account_named("silent")
    with pytest.raises(NoSuchEntity):
        daypass.daypass.operator("daypass:RotateIssuerKeys", {"OnDemand": True, "Period": PERIOD}, other)


def test_nobody_but_the_operator_rotates(daypass: LocalDaypass) -> None:
    """The operation is no AWS API, and asks who calls."""
    operation = REGISTRY.find("daypass:RotateIssuerKeys")
    assert operation is not None
    facts = RequestFacts(Caller(Root(daypass.account), ""), 0, "us-east-1", "daypass")
    call: Any = SimpleNamespace(caller=facts.caller, facts=facts, params={})
    with pytest.raises(AccessDenied):
        operation.handler(call)


def test_an_id_is_a_uuid_that_ends_in_the_account() -> None:
    """Version 8, variant 10 (RFC 9562), whatever the random bytes."""
    import uuid

    for entropy in (bytes(10), b"\xff" * 10, bytes(range(10))):
        made = uuid.UUID(account_uuid("123456789012", entropy))
        assert (made.version, made.variant, str(made)[-12:]) == (8, uuid.RFC_4122, "123456789012")


def test_strangers_learn_no_account_by_its_number(daypass: LocalDaypass) -> None:
    """The account alone names no issuer; one digit off is nobody's."""
    find = daypass.daypass.issuers.find
    for guess in (account_uuid(daypass.account, bytes(10)), account_uuid("999999999999", bytes(10))):
        assert find(guess, may_block=True) is None


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_two_nodes_sign_with_the_keys_that_either_publishes(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Over HTTP: the issuer's name leads to its documents on any node, and they verify a token of another worker."""
    options: tuple[str, ...] = ("--workers", "2")
    if store == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        options = (*options, "--database", server.new_database())
    with up(tmp_path / "data", *options) as running:
        environment = running.environment()
        session = boto3.session.Session(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        name = session.client("iam", endpoint_url=running.url).enable_outbound_web_identity_federation()[
            "IssuerIdentifier"
        ]
        assert name.startswith(f"{running.url}/-/issuers/")
        sts = session.client("sts", endpoint_url=running.url)
        for _ in range(8):
            asked = sts.get_web_identity_token(Audience=["https://x"], SigningAlgorithm="RS256")
            token = asked["WebIdentityToken"]
            discovery = json.loads(_get(f"{name}/.well-known/openid-configuration"))
            assert discovery["issuer"] == name
            keys = pyjwt.PyJWKSet.from_dict(json.loads(_get(discovery["jwks_uri"])))
            key = keys[pyjwt.get_unverified_header(token)["kid"]]
            assert pyjwt.decode(token, key, algorithms=["RS256"], audience="https://x", issuer=name)["sub"]


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["cache-control"] == "public, max-age=3600"
        found: bytes = answer.read()
        return found
