"""The keys with which an issuer signs (RFC 7517), and which of them may have signed a token.

What AWS makes of odd sets was seen by trying (docs/differences.md where we are stricter): ``alg`` of a key is passed
over, ``use`` other than ``sig`` and any ``key_ops`` make it unusable, ``x5c`` must hold the same key, of two keys with
one id the later counts, and more than a hundred keys of a kind disable the kind.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.x509 import load_der_x509_certificate
from joserfc.jwk import ECKey, RSAKey

from daypass.errors import Malformed
from daypass.federation.compact import LONGEST_KEY_ID, decode_base64url
from daypass.federation.strict_json import read_object

MOST_KEYS = 100
"""Usable keys of a kind, RSA or EC."""

MOST_ENTRIES = 1_000
"""Keys of any kind, usable or not: each costs the time of a look."""

SMALLEST_RSA, LARGEST_RSA = 2_048, 8_192
"""Bits of a modulus. AWS tells no bounds; smaller is forged, larger costs more than an answer may."""

_LARGEST_EXPONENT = 2**32
_CURVES: dict[str, EllipticCurve] = {"P-256": SECP256R1(), "P-384": SECP384R1(), "P-521": SECP521R1()}
_KINDS: dict[str, tuple[str, ...]] = {"RSA": ("RSA",), "EC": tuple(_CURVES)}
_FAMILIES = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "ES256": "P-256", "ES384": "P-384", "ES512": "P-521",
}  # fmt: skip
"""Which keys can have made which signature (RFC 7518, sections 3.3 and 3.4)."""

Key = RSAKey | ECKey


class KeySet(NamedTuple):
    """Usable keys by family (``RSA``, or the curve) and key id. A set may be empty; it then verifies nothing."""

    keys: Mapping[str, Mapping[str, Key]]

    def find(self, algorithm: str, key_id: str | None) -> Key | None:
        """The key for a signature. None: there is no such key, or the token names none and the set has several."""
        family = self.keys.get(_FAMILIES[algorithm], {})
        if key_id is not None:
            return family.get(key_id)
        count = sum(map(len, self.keys.values()))
        return next(iter(family.values())) if family and count == 1 else None


def read_key_set(document: bytes) -> KeySet:
    """The usable keys of a JWK set; keys that cannot be used are passed over.

    Raises:
        Malformed: it is no JWK set, or different parsers would read it differently.
    """
    listed = read_object(document).get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_ENTRIES:
        raise Malformed(f"a JWK set has a list of keys, at most {MOST_ENTRIES}")
    found: dict[str, dict[str, Key]] = {"RSA": {}, **{curve: {} for curve in _CURVES}}
    for jwk in reversed(listed):
        if isinstance(jwk, dict) and _is_meant_for_signatures(jwk):
            _add(found, jwk)
    for kind, families in _KINDS.items():
        if _count(found, kind) > MOST_KEYS:
            found |= {family: {} for family in families}
    return KeySet(found)


def _count(found: Mapping[str, Mapping[str, Key]], kind: str) -> int:
    return sum(len(found[family]) for family in _KINDS[kind])


def _is_meant_for_signatures(jwk: dict[str, Any]) -> bool:
    key_id = jwk.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= LONGEST_KEY_ID:
        return False
    return jwk.get("use", "sig") == "sig" and "key_ops" not in jwk


def _add(found: dict[str, dict[str, Key]], jwk: dict[str, Any]) -> None:
    """Add the key if it can be used. Making it costs most, and is spared where there is nothing to add."""
    kind = jwk.get("kty")
    family = jwk.get("crv") if kind == "EC" else kind
    if kind not in ("RSA", "EC") or family not in _KINDS[kind]:
        return
    if jwk["kid"] in found[family] or _count(found, kind) > MOST_KEYS:
        return
    with suppress(Malformed, ValueError, UnsupportedAlgorithm):
        key = _rsa(jwk) if kind == "RSA" else _elliptic(jwk)
        _compare_certificate(jwk, key)
        found[family][jwk["kid"]] = RSAKey(key, key) if isinstance(key, RSAPublicKey) else ECKey(key, key)


def _rsa(jwk: dict[str, Any]) -> RSAPublicKey:
    modulus, exponent = _integer(jwk.get("n")), _integer(jwk.get("e"))
    if not SMALLEST_RSA <= modulus.bit_length() <= LARGEST_RSA or not 3 <= exponent <= _LARGEST_EXPONENT:
        raise Malformed("an RSA key of unusual size")
    if not modulus % 2:
        raise Malformed("a modulus that anybody can factor")
    return RSAPublicNumbers(exponent, modulus).public_key()


def _elliptic(jwk: dict[str, Any]) -> EllipticCurvePublicKey:
    curve = _CURVES[jwk["crv"]]
    numbers = EllipticCurvePublicNumbers(_integer(jwk.get("x")), _integer(jwk.get("y")), curve)
    key = numbers.public_key()
    if key.public_numbers() != numbers:
        raise Malformed("a coordinate beyond the field")
    return key


def _integer(text: object) -> int:
    if not isinstance(text, str) or len(text) > 2 * LARGEST_RSA // 8:
        raise Malformed("not a number of usual length")
    return int.from_bytes(decode_base64url(text), "big")


def _compare_certificate(jwk: dict[str, Any], key: RSAPublicKey | EllipticCurvePublicKey) -> None:
    """A certificate beside the key is not trusted for anything, but one for another key tells of a mistake."""
    if "x5c" not in jwk:
        return
    chain = jwk["x5c"]
    if not (isinstance(chain, list) and chain and isinstance(chain[0], str)):
        raise Malformed("`x5c` holds no certificate")
    certified = load_der_x509_certificate(b64decode(chain[0], validate=True)).public_key()
    if certified != key:
        raise Malformed("`x5c` holds another key")
