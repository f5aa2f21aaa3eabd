"""Sealing and opening session tokens."""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import ExpiredToken, InvalidClientTokenId, PackedPolicyTooLarge
from daypass.principals import Session
from daypass.sessions import NONCE_BYTES, UnknownSealingKey, open_token, refuse_expired, seal
from daypass.sessions.keyring import Keyring, SealingKey
from daypass.sessions.token import LONGEST_ISSUED
from tests.sessions.samples import NOW, ROLE, TABLE_POLICY, facts, ring_of_three, sessions, with_active

GOLDEN = json.loads((Path(__file__).parents[1] / "vectors/sessions/version_1.json").read_text())
KEY = GOLDEN["key"]
RING = ring_of_three()
NONCE = bytes(range(NONCE_BYTES))


def golden_ring() -> Keyring:
    """The ring that the vectors were sealed with."""
    return Keyring((SealingKey(KEY["id"], "active", bytes.fromhex(KEY["material"]), NOW, NOW),))


@given(session=sessions(), nonce=st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_an_open_token_gives_session_and_secret(session: Session, nonce: bytes) -> None:
    """What was sealed comes back whole, with the secret that was handed out."""
    sealed = seal(session, RING, nonce)
    assert open_token(sealed.token, session.access_key_id, RING) == (session, sealed.secret)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_issued_tokens_open_for_ever(case: dict[str, Any]) -> None:
    """A token of the first release opens to its session and its secret."""
    session, secret = open_token(case["token"], case["session"]["access_key_id"], golden_ring())
    assert facts(session) == {"ancestors": [], **case["session"]}
    assert secret.reveal() == case["secret"]


@pytest.mark.parametrize(
    "case", [c for c in GOLDEN["cases"] if c["packed"] != "deflated"], ids=lambda case: case["name"]
)
def test_version_1_is_sealed_character_for_character(case: dict[str, Any]) -> None:
    """With the same key and nonce, sealing gives exactly the token and secret of the first release."""
    session, _ = open_token(case["token"], case["session"]["access_key_id"], golden_ring())
    sealed = seal(session, golden_ring(), bytes.fromhex(case["nonce"]))
    assert (sealed.token, sealed.secret.reveal()) == (case["token"], case["secret"])


def test_every_key_of_the_ring_opens_and_only_the_active_seals() -> None:
    """Tokens of retired and of just announced keys open; new ones carry the active key's id."""
    for key in RING.keys:
        sealed = seal(ROLE, with_active(RING, key.id), NONCE)
        assert b64decode(sealed.token)[1:5].hex() == key.id
        assert open_token(sealed.token, ROLE.access_key_id, RING)[0] == ROLE
    assert b64decode(seal(ROLE, RING, NONCE).token)[1:5].hex() == RING.active.id


def test_an_unknown_key_is_named_so_that_the_ring_can_be_refreshed() -> None:
    """A token of a key that the ring lacks tells the caller which, and the client nothing."""
    behind = Keyring((RING.active,))
    other = seal(ROLE, with_active(RING, "00000003"), NONCE)
    with pytest.raises(UnknownSealingKey) as caught:
        open_token(other.token, ROLE.access_key_id, behind)
    assert caught.value.key_id == "00000003"
    assert caught.value.code == "InvalidClientTokenId"
    assert str(caught.value) == "The security token included in the request is invalid"


def test_a_secret_has_the_shape_of_aws() -> None:
    """40 characters of letters, digits, plus and slash."""
    secrets = {seal(ROLE, RING, bytes([number]) * 12).secret.reveal() for number in range(100)}
    assert len(secrets) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{40}", secret) for secret in secrets)


def test_the_secret_is_an_hmac_of_the_sealed_bytes() -> None:
    """The short cut that hashes the padded keys beforehand is HMAC-SHA256 all the same."""
    sealed = seal(ROLE, RING, NONCE)
    expected = hmac.digest(RING.active.subkey("secret"), b64decode(sealed.token), "sha256")[:30]
    assert sealed.secret.reveal() == b64encode(expected).decode()


def test_a_token_looks_like_no_other_token() -> None:
    """Canonical base64 that begins with none of the beginnings that AWS's tokens have."""
    token = seal(ROLE, RING, NONCE).token
    assert b64encode(b64decode(token, validate=True)).decode() == token
    assert not token.startswith(("IQoJ", "FwoG", "FQoG", "FQoD", "AQoD"))


def test_no_token_outlives_its_key() -> None:
    """A session longer than the longest that keys are kept for is not sealed, nor one that ends before it begins."""
    assert seal(ROLE._replace(expires=NOW + 129_600), RING, NONCE).token
    for lasts in (129_601, 0, -1):
        with pytest.raises(ValueError, match="a session lives between"):
            seal(ROLE._replace(expires=NOW + lasts), RING, NONCE)


def test_a_nonce_of_another_length_is_refused() -> None:
    """Too little entropy is a defect of the caller and never a weaker token."""
    for nonce in (b"", NONCE[:-1], NONCE + b"0"):
        with pytest.raises(ValueError, match=r"(?i)nonce"):
            seal(ROLE, RING, nonce)


def test_a_session_ends_to_the_second() -> None:
    """The last second before ``expires`` is in, ``expires`` itself is out."""
    refuse_expired(ROLE, ROLE.expires - 1)
    with pytest.raises(ExpiredToken) as caught:
        refuse_expired(ROLE, ROLE.expires)
    assert str(caught.value) == "The security token included in the request is expired"


def test_a_typical_token_is_short() -> None:
    """A plain AssumeRole session takes under 300 characters, far under the 600 that old AWS tokens took."""
    assert len(seal(ROLE, RING, NONCE).token) < 300


def test_usual_sessions_stay_under_2500_url_encoded_characters() -> None:
    """Ten tags, a 2,048-character policy, a chain of three and a source identity fit with room to spare."""
    statements = ",".join(
        f'{{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::l-{n}/t{n * 7919}/*"}}'
        for n in range(17)
    )
    policy = f'{{"Version":"2012-10-17","Statement":[{statements}]}}'
    assert 1_650 < len(policy) <= 2_048
    session = ROLE._replace(
        policy=policy,
        tags=tuple((f"cost-center-{n}", f"value-{n * 104_729}") for n in range(10)),
        source_identity="anna@example.com",
        lineage=tuple(f"ASIARZPUZDIKAAAAAAA{n}" for n in "ABC"),
    )
    assert len(quote(seal(session, RING, NONCE).token, safe="")) < 2_500


def test_a_token_that_no_header_would_carry_is_not_issued() -> None:
    """Facts that do not shrink make AWS's error instead of a token too long to use."""
    claims = tuple((f"claim{n}", bytes(range(n, n + 60)).hex()) for n in range(40))
    with pytest.raises(PackedPolicyTooLarge) as caught:
        seal(ROLE._replace(federation=claims), RING, NONCE)
    assert str(caught.value) == "Serialized token too large for session"
    fits = seal(ROLE._replace(federation=claims[:16], policy=TABLE_POLICY), RING, NONCE)
    assert 1_000 < len(fits.token) <= LONGEST_ISSUED


def test_a_long_chain_still_fits() -> None:
    """A session a hundred hops deep, each with its entry in the lineage, is sealed and opened."""
    lineage = tuple(f"ASIARZPUZDIKAAAAA{n:03d}" for n in range(100))
    sealed = seal(ROLE._replace(lineage=lineage), RING, NONCE)
    assert open_token(sealed.token, ROLE.access_key_id, RING)[0].lineage == lineage


def test_sealed_shows_neither_token_nor_secret() -> None:
    """The pair that sealing returns can be printed."""
    sealed = seal(ROLE, RING, NONCE)
    assert sealed.token not in repr(sealed)
    assert sealed.secret.reveal() not in repr(sealed)


def test_an_access_key_id_that_is_no_ascii_is_refused() -> None:
    """A key id that AWS could never have is an invalid token, not an error of the server."""
    token = seal(ROLE, RING, NONCE).token
    for key_id in ("ASIAÄ", "\ud800", ""):
        with pytest.raises(InvalidClientTokenId):
            open_token(token, key_id, RING)
