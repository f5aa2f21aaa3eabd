"""AWS's own laxities, one by one: taken of a provider that the operator has made lax, refused of every other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daypass.cli.main import run
from daypass.exchange import Response
from tests.calling import code_of, credentials_in, element
from tests.services.sts.saml_world import World, saml_world

Change = Callable[[], dict[str, Any]]
Operator = Callable[[str], None]
DAY = 86_400

LAXITIES: dict[str, tuple[Change, str]] = {
    "another recipient": (
        lambda: {"recipient": "https://sp.example/saml"},
        "Response is not meant for this recipient.",
    ),
    "another audience": (lambda: {"audiences": ["urn:other"]}, "Response does not contain the required audience."),
    "no audience": (lambda: {"audiences": []}, "Response does not contain the required audience."),
    "it begins later": (
        lambda: {"begins": time.time() + DAY / 2, "ends": time.time() + DAY},
        "Response is not valid yet.",
    ),
    "it will be issued tomorrow": (lambda: {"issued": time.time() + DAY}, "Response is not valid yet."),
}
"""What AWS takes although its documentation or SAML says otherwise, and what it is refused with elsewhere."""

HELD: dict[str, tuple[Change, str]] = {
    "nobody has signed it": (lambda: {"signed": ()}, "Response signature invalid"),
    "an issuer that is not the provider's": (
        lambda: {"issuer": "https://other.example"},
        "Issuer not present in specified provider",
    ),
    "no recipient at all": (
        lambda: {"recipient": None},
        "Responses must contain SubjectConfirmatonData with a Recipient and NotOnOrAfter",
    ),
    "it is over": (lambda: {"ends": time.time() - 1}, "Response has expired"),
    "its confirmation is over": (lambda: {"confirmed_until": time.time() - 1}, "Response has expired"),
    "it was issued six minutes ago": (
        lambda: {"issued": time.time() - 360, "ends": time.time() + 60, "confirmed_until": time.time() + 60},
        "Token must be redeemed within 5 minutes of issuance",
    ),
}
"""What is refused of everybody."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with saml_world() as made:
        made.trust({})
        yield made


@pytest.fixture
def operator(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    """``operator("--lax")``: what whoever has the data directory types about the provider; strict again afterwards."""
    monkeypatch.setenv("DAYPASS_DATA", str(world.daypass.data))

    def types(word: str) -> None:
        assert run(["federation", "change", "corp", word]) == 0

    yield types
    types("--strict")


def said(answer: Response) -> tuple[str, str]:
    return code_of(answer), element(answer, "Message")


@pytest.mark.parametrize("name", LAXITIES)
def test_a_laxity_of_aws_is_for_lax_providers_alone(world: World, operator: Operator, name: str) -> None:
    """The same assertion: refused, then taken when the operator has said so, and others are refused again after."""
    changes, refusal = LAXITIES[name]
    first, again = world.response(**changes()), world.response(**changes())
    assert said(world.come(first)) == ("InvalidIdentityToken", refusal)
    operator("--lax")
    answer = world.come(first)
    assert answer.status == 200, answer.body
    assert world.daypass.call("sts", "GetCallerIdentity", {}, credentials_in(answer)).status == 200
    operator("--strict")
    assert said(world.come(again)) == ("InvalidIdentityToken", refusal)


def test_a_second_use_is_for_lax_providers_alone(world: World, operator: Operator) -> None:
    """While the provider is lax nothing is marked; what was used before it was, stays used after."""
    before, between = world.response(), world.response()
    assert world.come(before).status == 200
    operator("--lax")
    assert [world.come(each).status for each in (before, between, between)] == [200] * 3
    operator("--strict")
    used = ("InvalidIdentityToken", "The assertion has been used before.")
    assert said(world.come(before)) == used
    assert world.come(between).status == 200
    assert said(world.come(between)) == used


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("word", ["--strict", "--lax"])
def test_what_aws_refuses_is_refused_of_everybody(world: World, operator: Operator, name: str, word: str) -> None:
    """Being lax waives nothing that AWS asks for."""
    changes, refusal = HELD[name]
    operator(word)
    answer = world.come(world.response(**changes()))
    assert (answer.status, element(answer, "Message")) == (400, refusal)


def test_a_trust_policy_can_ask_what_is_not_checked(world: World, operator: Operator) -> None:
    """As at AWS, where `saml:aud` is how the recipient is held to be one's own."""
    operator("--lax")
    world.trust({"Condition": {"StringEquals": {"saml:aud": "https://sp.example/saml"}}})
    try:
        assert world.come(world.response(recipient="https://sp.example/saml")).status == 200
        assert said(world.come(world.response()))[0] == "AccessDenied"
    finally:
        world.trust({})
