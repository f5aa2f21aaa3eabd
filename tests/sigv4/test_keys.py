"""Keys that sign, keys that prove, and what is remembered of them."""

from __future__ import annotations

import hmac
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed
from daypass.sigv4 import ProvingKeys, UnverifiedSignature, read_authorization, signing_key
from daypass.sigv4 import keys as module
from daypass.sigv4.keys import VerifyingKey, hmac_sha256, private_value, verifying_key
from tests.sigv4.samples import KEY_ID, SECRET
from tests.sigv4.test_authorization import with_header
from tests.sigv4.test_vectors import ASYMMETRIC_SUITE


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_the_mac_is_the_standard_library_s(key: bytes, message: bytes) -> None:
    """Keys shorter, as long as and longer than a block."""
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


def test_a_signing_key_is_the_documentations() -> None:
    """The example of "Deriving the signing key" in AWS's General Reference."""
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
    assert key.hex() == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"


def test_an_empty_secret_signs_nothing() -> None:
    """Empty is never a pass."""
    with pytest.raises(Malformed):
        signing_key("", "20150830", "us-east-1", "sts")
    with pytest.raises(Malformed):
        ProvingKeys().get("", claim())
    with pytest.raises(Malformed):
        verifying_key("", KEY_ID)


def claim(date: str = "20150830", region: str = "us-east-1", service: str = "sts") -> UnverifiedSignature:
    unverified = read_authorization(with_header())
    assert unverified is not None
    credential = f"{KEY_ID}/{date}/{region}/{service}/aws4_request"
    return unverified._replace(credential=credential, date=date, region=region, service=service)


def test_a_remembered_key_is_the_derived_one() -> None:
    """Asked twice or asked for the first time, for any scope and secret."""
    keys = ProvingKeys(maxsize=8)
    for _ in range(2):
        for secret in (SECRET, "another"):
            for scope in (("20150830", "us-east-1", "sts"), ("20150831", "us-east-1", "sts"), ("20150830", "x", "iam")):
                assert keys.get(secret, claim(*scope)) == signing_key(secret, *scope)


def test_a_rotated_secret_never_finds_the_old_key() -> None:
    """The key is remembered under the secret itself, not under its access key id."""
    keys = ProvingKeys()
    old = keys.get(SECRET, claim())
    assert keys.get("rotated", claim()) != old
    assert keys.get(SECRET, claim()) == old


def test_the_cache_stays_within_its_bound_and_keeps_what_is_used() -> None:
    """A thousand strangers neither grow it nor push out the one who keeps coming."""
    keys = ProvingKeys(maxsize=10)
    for number in range(1000):
        keys.get(f"secret {number}", claim())
        keys.get(SECRET, claim())
        assert len(keys) <= 10
    assert (SECRET, claim().credential) in keys._young | keys._old
    assert "secret" not in repr(keys)


def test_a_cache_that_holds_nothing_is_refused() -> None:
    """It would only cost time."""
    with pytest.raises(ValueError, match="two"):
        ProvingKeys(maxsize=1)


def test_threads_may_share_a_cache() -> None:
    """Each gets the key of its own secret, whatever the others do."""
    keys = ProvingKeys(maxsize=4)

    def ask(number: int) -> bool:
        secret = f"secret {number % 7}"
        return keys.get(secret, claim()) == signing_key(secret, "20150830", "us-east-1", "sts")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(4000)))


# ── SigV4a ───────────────────────────────────────────────────────────────────────────────────────────


def public_numbers(key: VerifyingKey) -> tuple[int, int]:
    numbers = key._key.public_numbers()
    return numbers.x, numbers.y


def test_a_verifying_key_is_the_suites() -> None:
    """The point that AWS's suite gives for its secret and access key id."""
    point = json.loads((ASYMMETRIC_SUITE / "get-vanilla" / "public-key.json").read_text())
    assert public_numbers(verifying_key(SECRET, KEY_ID)) == (int(point["X"], 16), int(point["Y"], 16))


def test_the_order_is_the_curves() -> None:
    """The last private number is one below it."""
    ec.derive_private_key(module._ORDER - 1, ec.SECP256R1())
    with pytest.raises(ValueError):  # noqa: PT011 - of OpenSSL, with any text
        ec.derive_private_key(module._ORDER, ec.SECP256R1())


def test_a_candidate_beyond_the_order_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which happens once in four thousand million keys; the next counter then gives the number, one added."""
    candidates = iter([2**256 - 1, module._ORDER - 1, module._ORDER - 2])
    asked: list[bytes] = []

    def mac(key: bytes, message: bytes) -> bytes:
        asked.append(message)
        return next(candidates).to_bytes(32, "big")

    monkeypatch.setattr(module, "hmac_sha256", mac)
    assert private_value(SECRET, KEY_ID) == module._ORDER - 1
    assert [message[-5] for message in asked] == [1, 2, 3]


def test_a_verifying_key_belongs_to_one_access_key() -> None:
    """The same secret under another access key id has another key; and none of them shows itself."""
    one, other = verifying_key(SECRET, KEY_ID), verifying_key(SECRET, "AKIDOTHER")
    assert public_numbers(one) != public_numbers(other)
    assert str(public_numbers(one)[0]) not in repr(one)


def asymmetric_claim(access_key_id: str = KEY_ID) -> UnverifiedSignature:
    credential = f"{access_key_id}/20150830/sts/aws4_request"
    return claim()._replace(
        algorithm="AWS4-ECDSA-P256-SHA256", credential=credential, access_key_id=access_key_id, region="us-east-1"
    )


def test_the_two_kinds_of_keys_are_remembered_apart() -> None:
    """One secret, day, region and service: each algorithm gets its own key, and each access key id."""
    keys = ProvingKeys()
    for _ in range(2):
        assert keys.get(SECRET, claim()) == signing_key(SECRET, "20150830", "us-east-1", "sts")
        for key_id in (KEY_ID, "AKIDOTHER"):
            found = keys.get(SECRET, asymmetric_claim(key_id))
            assert isinstance(found, VerifyingKey)
            assert public_numbers(found) == public_numbers(verifying_key(SECRET, key_id))
    assert keys.get(SECRET, asymmetric_claim()) is keys.get(SECRET, asymmetric_claim())
    assert len(keys) == 3
