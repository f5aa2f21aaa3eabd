"""Tokens and key sets as two other implementations of JOSE read them."""

from __future__ import annotations

import json
from functools import cache

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as joserfc
from joserfc.jwk import KeySet

from daypass.adapters.keys import MasterKey
from daypass.adapters.keys.signing import new_signing_key, open_signing_key
from daypass.entities import SigningAlgorithm, TokenIssuer
from daypass.errors import InternalFailure
from daypass.outbound import ALGORITHMS, encode, first_keys, published, sign, signing_key

MASTER = MasterKey(bytes(32))
URL = "https://sts.example.com/-/issuers/1"


def fresh(algorithm: SigningAlgorithm, key_id: str) -> tuple[bytes, bytes]:
    return new_signing_key(MASTER, algorithm, key_id, bytes(12))


@cache
def issuer() -> TokenIssuer:
    return first_keys("1", 0, fresh)


def token(algorithm: str, claims: dict[str, object]) -> str:
    key = signing_key(issuer(), algorithm)
    return sign(encode(claims), key, open_signing_key(MASTER, key.id, key))


def documents() -> dict[str, bytes]:
    return published(issuer(), URL)


CLAIMS = st.dictionaries(st.text(max_size=20), st.text(max_size=40) | st.integers(0, 2**40), max_size=6)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(claims=CLAIMS)
def test_joserfc_and_pyjwt_read_what_was_signed(algorithm: str, claims: dict[str, object]) -> None:
    """Whatever the claims say, with the published keys alone, and by the algorithm that was asked for alone."""
    keys = json.loads(documents()["/.well-known/jwks.json"])
    text = token(algorithm, claims)
    assert joserfc.decode(text, KeySet.import_key_set(keys), algorithms=[algorithm]).claims == claims
    (key,) = (
        key for key in pyjwt.PyJWKSet.from_dict(keys).keys if key.key_id == pyjwt.get_unverified_header(text)["kid"]
    )
    unchecked = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    unchecked |= {"verify_iss": False, "verify_sub": False, "verify_jti": False}
    assert pyjwt.decode(text, key, algorithms=[algorithm], options=unchecked) == claims


def test_the_header_names_key_type_and_algorithm() -> None:
    """In AWS's order and spelling."""
    assert pyjwt.get_unverified_header(token("RS256", {})) == {"kid": "RSA_1", "typ": "JWT", "alg": "RS256"}
    assert pyjwt.get_unverified_header(token("ES384", {})) == {"kid": "EC_2", "typ": "JWT", "alg": "ES384"}


def test_the_discovery_document_says_what_is_needed_to_verify() -> None:
    """Its issuer is the one of the tokens, and its key set lies below it."""
    assert json.loads(documents()["/.well-known/openid-configuration"]) == {
        "issuer": URL,
        "jwks_uri": f"{URL}/.well-known/jwks.json",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES384"],
        "claims_supported": ["iss", "aud", "sub", "iat", "exp", "jti", "https://sts.amazonaws.com/"],
    }


def test_the_key_set_holds_no_private_half() -> None:
    """Only what RFC 7518 calls public parameters."""
    keys = json.loads(documents()["/.well-known/jwks.json"])["keys"]
    assert [set(key) for key in keys] == [
        {"kty", "n", "e", "kid", "use", "alg"},
        {"kty", "crv", "x", "y", "kid", "use", "alg"},
    ]


def test_a_private_key_is_sealed_for_its_account_and_id() -> None:
    """Put under another name, it opens nothing."""
    key = signing_key(issuer(), "ES384")
    with pytest.raises(InternalFailure):
        open_signing_key(MASTER, "another", key)
    with pytest.raises(InternalFailure):
        open_signing_key(MasterKey(b"x" * 32), key.id, key)
