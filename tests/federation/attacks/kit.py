"""What attacks on web identity tokens are made of: an issuer's keys, an attacker's, and tokens of any make.

Everything is made with primitives, so that what no library would write can be written.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from daypass.federation.compact import NOT_A_JWT
from daypass.services.identities import web

NOW = 1_790_000_000
HOST = "login.example.com/realms/one"
ISSUER = f"https://{HOST}"
CLIENT, OTHER_CLIENT = "sts.amazonaws.com", "second"
CLIENTS = (CLIENT, OTHER_CLIENT)

Refusal = tuple[str, str]

NO_JWT: Refusal = ("InvalidIdentityToken", NOT_A_JWT)
NO_KEY: Refusal = ("InvalidIdentityToken", web._NO_KEY)
SIGNATURE: Refusal = ("InvalidIdentityToken", "Token signature invalid")
AUDIENCE: Refusal = ("InvalidIdentityToken", "Incorrect token audience")
EARLY: Refusal = ("InvalidIdentityToken", "The token is not valid yet.")
NO_URL: Refusal = ("InvalidIdentityToken", "Issuer must be a valid URL")


def missing(claim: str) -> Refusal:
    return "InvalidIdentityToken", f"Missing a required claim: {claim}"


def unknown(issuer: str) -> Refusal:
    return "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}"


def expired(at: int) -> Refusal:
    text = f"Token expired: current date/time {NOW} must be before the expiration date/time {at}"
    return "ExpiredTokenException", text


def too_old(age: int) -> Refusal:
    return "ExpiredTokenException", f"Token too old: {age}"


class Attack(NamedTuple):
    """A token (and a key set, where it is not the usual one) and what must become of it.

    ``refused``: code and message; None where it is good, so that the table shows both sides of an edge.
    """

    case: str
    token: str
    refused: Refusal | None
    keys: bytes | None = None


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
SIZES = {"ES256": 32, "ES384": 48, "ES512": 66}
ORDERS = {algorithm: curve.group_order for algorithm, curve in CURVES.items()}


@cache
def rsa_key(name: str, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """A key called ``name``: `issuer` is the issuer's, any other is not."""
    return rsa.generate_private_key(65_537, bits)


@cache
def ec_key(algorithm: str, name: str = "issuer") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(CURVES[algorithm])


def spell(data: bytes) -> str:
    """Base64url as it should be."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int | None = None) -> str:
    return spell(value.to_bytes(size or (value.bit_length() + 7) // 8 or 1, "big"))


def rsa_jwk(key: rsa.RSAPrivateKey, key_id: str | None = "rsa", **more: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "kid": key_id, "use": "sig", "n": number(numbers.n), "e": number(numbers.e), **more}


def ec_jwk(algorithm: str, key: ec.EllipticCurvePrivateKey | None = None, **more: Any) -> dict[str, Any]:
    point, size = (key or ec_key(algorithm)).public_key().public_numbers(), SIZES[algorithm]
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
    place = {"crv": curve, "x": number(point.x, size), "y": number(point.y, size)}
    return {"kty": "EC", "kid": algorithm.lower(), "use": "sig", **place, **more}


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


@cache
def usual_keys() -> bytes:
    """What the issuer publishes: an RSA key `rsa` and one of each curve: `es256`, `es384`, `es512`."""
    return key_set(rsa_jwk(rsa_key("issuer")), *(ec_jwk(algorithm) for algorithm in CURVES))


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────

DROP = object()
"""Instead of a value: the member is left out."""


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not DROP}


GOOD_HEADER = {"alg": "RS256", "kid": "rsa", "typ": "JWT"}
GOOD_CLAIMS = {"iss": ISSUER, "sub": "ada", "aud": CLIENT, "iat": NOW - 10, "exp": NOW + 600}


def payload(**changes: Any) -> bytes:
    """The claims of a good token, changed, as JSON."""
    return json.dumps(changed(GOOD_CLAIMS, changes)).encode()


def signing_input(header: object, body: bytes) -> str:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return f"{spell(head)}.{spell(body)}"


def rsa_signature(algorithm: str, text: str, key: rsa.RSAPrivateKey | None = None) -> bytes:
    return (key or rsa_key("issuer")).sign(text.encode(), padding.PKCS1v15(), HASHES[algorithm[2:]]())


def ec_numbers(algorithm: str, text: str, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[int, int]:
    made = (key or ec_key(algorithm)).sign(text.encode(), ec.ECDSA(HASHES[algorithm[2:]]()))
    return decode_dss_signature(made)


def raw(algorithm: str, r: int, s: int) -> bytes:
    size = SIZES[algorithm]
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def mac(algorithm: str, secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode(), getattr(hashlib, f"sha{algorithm[2:]}"))


def sealed(header: object, body: bytes, key: Any = None) -> str:
    """A token with a signature of ``key`` (the issuer's RSA key), made as the header's ``alg`` says (or as RS256)."""
    text = signing_input(header, body)
    algorithm = str(header.get("alg")) if isinstance(header, dict) else "RS256"
    if algorithm in CURVES:
        return f"{text}.{spell(raw(algorithm, *ec_numbers(algorithm, text, key)))}"
    known = algorithm if algorithm in {"RS256", "RS384", "RS512"} else "RS256"
    return f"{text}.{spell(rsa_signature(known, text, key))}"


def with_header(key: Any = None, /, **changes: Any) -> str:
    """A token with another header, truly signed with it."""
    return sealed(changed(GOOD_HEADER, changes), payload(), key)


def with_claims(**changes: Any) -> str:
    """A token with other claims, truly signed with them."""
    return sealed(GOOD_HEADER, payload(**changes))


def with_payload(body: bytes) -> str:
    """A token with this payload, truly signed with it."""
    return sealed(GOOD_HEADER, body)


def good(algorithm: str = "RS256") -> str:
    """A good token."""
    return with_header(alg=algorithm, kid="rsa" if algorithm.startswith("RS") else algorithm.lower())
