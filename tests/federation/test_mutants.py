"""Good tokens, changed at random: bits, characters, parts, members. The seed makes every run the same."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from daypass.errors import ServiceError
from daypass.ports import Vouched
from tests.federation.attacks.judges import second_verdict, stopped, vouched
from tests.federation.attacks.kit import (
    CLIENT,
    CURVES,
    GOOD_CLAIMS,
    GOOD_HEADER,
    ISSUER,
    NOW,
    OTHER_CLIENT,
    ec_key,
    good,
    payload,
    rsa_key,
    sealed,
    spell,
    with_claims,
)

__all__ = ["stopped"]

TOKENS = [
    *(good(algorithm) for algorithm in ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")),
    with_claims(sub="eve", aud=[CLIENT, OTHER_CLIENT], azp=OTHER_CLIENT, nbf=NOW),
    with_claims(**{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}}, "amr": ["mfa"]}),
]
REFUSALS = {"InvalidIdentityToken", "ExpiredTokenException"}
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, "", "0", "none", "RS256", "HS256", "ES256", "rsa", "es256",
    ISSUER, f"{ISSUER}/", CLIENT, OTHER_CLIENT, [CLIENT], [CLIENT, OTHER_CLIENT], [], {}, [[]], {"a": {}}, "\0", "ada",
    "eve",     NOW, NOW - 301, NOW + 301, str(NOW), NOW - 90_000, NOW + 90_000, float(NOW), "\u202e", "a" * 2_000,
]  # fmt: skip
NAMES = ["alg", "kid", "typ", "crit", "b64", "jwk", "iss", "sub", "aud", "azp", "iat", "exp", "nbf", "jti", "amr", "x"]


def _bytes(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _bit(token: str, chance: Random) -> str:
    """A bit of what a part spells."""
    parts = token.split(".")
    at = chance.randrange(3)
    data = bytearray(_bytes(parts[at]))
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return ".".join([*parts[:at], spell(bytes(data)), *parts[at + 1 :]])


def _character(token: str, chance: Random) -> str:
    """A character, replaced, put in or left out."""
    at = chance.randrange(len(token))
    new = chance.choice("ABCXYZabcxyz0189-_.=+/ \n\0é" if chance.random() < 0.5 else token)
    return token[:at] + chance.choice(["", new]) + token[at + chance.choice([0, 1, 1, 2]) :]


def _part(token: str, chance: Random) -> str:
    """Parts dropped, doubled, moved, cut short, or of another token."""
    parts, others = token.split("."), chance.choice(TOKENS).split(".")
    at, other = chance.randrange(3), chance.randrange(3)
    return ".".join(
        chance.choice(
            [
                parts[:at] + parts[at + 1 :],
                [*parts, parts[at]],
                [*parts[:at], parts[other], *parts[at + 1 :]],
                [*parts[:at], others[at], *parts[at + 1 :]],
                [*parts[:at], others[other], *parts[at + 1 :]],
                [*parts[:at], parts[at][: chance.randrange(len(parts[at]))], *parts[at + 1 :]],
                [*parts[:at], parts[at] + others[other], *parts[at + 1 :]],
                parts[::-1],
            ]
        )
    )


def _member(found: dict[str, Any], chance: Random) -> dict[str, Any]:
    """``found`` with a member changed, added, taken away or renamed."""
    name, changed = chance.choice([*found, *NAMES]), dict(found)
    match chance.randrange(4):
        case 0:
            changed.pop(name, None)
        case 1 if name in changed:
            changed[chance.choice([name.upper(), f"{name} ", *NAMES])] = changed.pop(name)
        case _:
            changed[name] = chance.choice(ODD)
    return changed


def _json(token: str, chance: Random) -> str:
    """A member of header or payload, under the old signature or one of the attacker's."""
    header, body, signature = token.split(".")
    head, claims = json.loads(_bytes(header)), json.loads(_bytes(body))
    if chance.random() < 0.5:
        head = _member(head, chance)
    else:
        claims = _member(claims, chance)
    if chance.random() < 0.02:  # signing costs as much as fifty judgements
        return sealed(head, json.dumps(claims).encode(), _mallory(head))
    return f"{spell(json.dumps(head).encode())}.{spell(json.dumps(claims).encode())}.{signature}"


def _mallory(header: dict[str, Any]) -> Any:
    algorithm = header.get("alg")
    return ec_key(algorithm, "mallory") if isinstance(algorithm, str) and algorithm in CURVES else rsa_key("mallory")


MUTATORS: list[Callable[[str, Random], str]] = [_bit, _bit, _character, _character, _part, _json, _json]


def _judged(token: str) -> Vouched | None:
    """What daypass makes of ``token``; None where it is refused, as it must be, in AWS's words."""
    try:
        return vouched(token)
    except ServiceError as refusal:
        if refusal.code in REFUSALS:
            return None
        raise


def test_the_originals_are_good() -> None:
    """What is changed below is accepted as it is."""
    assert [vouched(token).provider.partition("/")[2] for token in TOKENS] == [ISSUER.removeprefix("https://")] * len(
        TOKENS
    )


def test_no_mutant_of_a_token_is_accepted(cases: Callable[[int], int]) -> None:
    """Whatever is changed of a token, it proves nobody, and is refused in AWS's words and no other way."""
    chance, known = Random(6), set(TOKENS)
    for _ in range(cases(50_000)):
        mutant = chance.choice(MUTATORS)(chance.choice(TOKENS), chance)
        if mutant in known:
            continue
        assert _judged(mutant) is None, mutant


@pytest.mark.usefixtures("stopped")
def test_whatever_the_issuer_signs_is_judged_as_elsewhere(cases: Callable[[int], int]) -> None:
    """Of tokens with odd members that the issuer has truly signed, daypass accepts none that PyJWT does not."""
    chance, accepted = Random(7), 0
    header = {**GOOD_HEADER, "alg": "ES256", "kid": "es256"}
    for _ in range(cases(4_000)):
        claims = json.loads(payload())
        for _ in range(chance.randrange(1, 4)):
            claims = _member(claims, chance)
        token = sealed(header, json.dumps(claims).encode())
        found = _judged(token)
        if found is None:
            continue
        accepted += 1
        assert found.result["Audience"] in (CLIENT, OTHER_CLIENT)
        assert claims["iss"] == ISSUER == GOOD_CLAIMS["iss"]
        told = {**claims, "sub": str(claims["sub"]), "aud": found.result["Audience"]}  # ``LAXER`` tells of both
        plain = {name: value for name, value in told.items() if value is not None}
        again = sealed(header, json.dumps(plain).encode())
        assert second_verdict(again) == plain, claims
    assert accepted > cases(400)
