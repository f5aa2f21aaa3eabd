"""The rules that every web identity token meets, one sentence each."""

from __future__ import annotations

from hashlib import sha256
from math import prod

import pytest

from daypass.errors import InvalidIdentityToken
from daypass.federation.compact import read_token
from daypass.federation.web_identity import check_claims
from tests.federation.attacks.judges import PublishedKeys, vouched
from tests.federation.attacks.kit import (
    CLIENT,
    NOW,
    OTHER_CLIENT,
    key_set,
    number,
    payload,
    rsa_key,
    signing_input,
    spell,
    with_claims,
    with_header,
)


def test_a_token_for_another_client_is_refused() -> None:
    """It must be for a client that the provider lists, and a provider without clients takes no token at all."""
    for listed, audience in (
        ((OTHER_CLIENT,), CLIENT),
        ((), CLIENT),
        ((), ""),
        (("",), ""),
        ((CLIENT,), [CLIENT, "x"]),
    ):
        token = read_token(with_claims(aud=audience))
        with pytest.raises(InvalidIdentityToken, match="aud"):
            check_claims(token, listed, NOW)
    assert check_claims(read_token(with_claims()), (CLIENT,), NOW).audience == CLIENT


def test_who_is_vouched_for_is_whom_the_token_names() -> None:
    """Subject, audience, provider and the key that has signed: each is the token's, and nothing else comes along."""
    found = vouched(with_claims(sub=42, azp=OTHER_CLIENT, groups=["admins"], **{"login.example.com:sub": "eve"}))
    assert found.result == {
        "SubjectFromWebIdentityToken": "42",
        "Provider": "arn:aws:iam::111122223333:oidc-provider/login.example.com/realms/one",
        "Audience": OTHER_CLIENT,
    }
    prefix = "login.example.com/realms/one"
    assert found.keys == {
        f"{prefix}:sub": "42",
        f"{prefix}:aud": OTHER_CLIENT,
        f"{prefix}:azp": OTHER_CLIENT,
        f"{prefix}:oaud": CLIENT,
    }
    assert found.evidence == {"issuer": f"https://{prefix}", "subject": "42", "keyId": "rsa"}
    assert found.additional == {"identityProviderConnectionVerificationMethod": "IAMTrustStore"}


def test_a_long_header_is_no_hindrance() -> None:
    """Issuers that send their certificates along are verified like others."""
    assert vouched(with_header(x5c=["A" * 2_000, "B" * 2_000])).subject == "ada"


def test_the_largest_key_that_is_taken_verifies() -> None:
    """A modulus of 8,192 bits makes signatures of 1,366 characters."""
    moduli = [rsa_key(f"factor-{at}").private_numbers() for at in range(4)]  # of eight primes: they are found sooner
    modulus, order = prod(one.public_numbers.n for one in moduli), prod((one.p - 1) * (one.q - 1) for one in moduli)
    size = (modulus.bit_length() + 7) // 8
    text = signing_input({"alg": "RS256", "kid": "rsa"}, payload())
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(text.encode()).digest()
    block = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
    signature = pow(int.from_bytes(block, "big"), pow(65_537, -1, order), modulus).to_bytes(size, "big")
    keys = PublishedKeys(key_set({"kty": "RSA", "kid": "rsa", "n": number(modulus), "e": "AQAB"}))
    assert vouched(f"{text}.{spell(signature)}", keys).subject == "ada"
