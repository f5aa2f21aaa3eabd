"""What an issuer publishes: discovery document (OpenID Connect Discovery 1.0, section 4) and key set (RFC 7517)."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daypass.entities import SigningKey, TokenIssuer
from daypass.outbound.claims import NAMESPACE, STANDARD
from daypass.outbound.keys import ALGORITHMS
from daypass.outbound.token import P384_BYTES, base64url

DISCOVERY = "/.well-known/openid-configuration"
KEY_SET = "/.well-known/jwks.json"


def published(issuer: TokenIssuer, url: str) -> dict[str, bytes]:
    """What ``issuer`` publishes at ``url``, its own: JSON by the path below it. Keys of all states are in it."""
    discovery = {
        "issuer": url,
        "jwks_uri": url + KEY_SET,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": [*STANDARD, NAMESPACE],
    }
    keys = {"keys": [_jwk(key) for key in issuer.keys]}
    return {DISCOVERY: msgspec.json.encode(discovery), KEY_SET: msgspec.json.encode(keys)}


@lru_cache(maxsize=1_024)
def _jwk(key: SigningKey) -> dict[str, str]:
    """The public half as a JSON Web Key (RFC 7518, sections 6.2.1 and 6.3.1)."""
    public, common = load_der_public_key(key.public), {"kid": key.id, "use": "sig", "alg": key.algorithm}
    if isinstance(public, RSAPublicKey):
        rsa = public.public_numbers()
        return {"kty": "RSA", "n": _number(rsa.n), "e": _number(rsa.e), **common}
    assert isinstance(public, EllipticCurvePublicKey), "an issuer has keys of these two kinds"
    point = public.public_numbers()
    x, y = _number(point.x, P384_BYTES), _number(point.y, P384_BYTES)
    return {"kty": "EC", "crv": "P-384", "x": x, "y": y, **common}


def _number(value: int, size: int = 0) -> str:
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big")).decode("ascii")
