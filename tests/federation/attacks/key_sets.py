"""Key sets that hold keys which have not signed, could not have, or must not be believed to have."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.federation.attacks.kit import (
    CURVES,
    DROP,
    NO_JWT,
    NO_KEY,
    SIGNATURE,
    SIZES,
    Attack,
    changed,
    ec_jwk,
    ec_key,
    good,
    key_set,
    mac,
    number,
    payload,
    rsa_jwk,
    rsa_key,
    signing_input,
    spell,
    with_header,
)

KEY = rsa_key("issuer")
NUMBERS = KEY.public_key().public_numbers()


@cache
def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    whole = made.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    return b64encode(whole.public_bytes(Encoding.DER)).decode()


def _unknown(of: str, other: str) -> str:
    """A certificate with one byte of ``of`` changed, an object identifier (hex): its key is of a kind nobody knows."""
    whole = b64decode(_certificate(ec_key("ES256", "mallory")))
    return b64encode(whole.replace(bytes.fromhex(of), bytes.fromhex(other))).decode()


UNKNOWN = {
    "of an unknown kind of key": _unknown("06072a8648ce3d0201", "06072a8648ce3d0209"),
    "of an unknown curve": _unknown("06082a8648ce3d030107", "06082a8648ce3d03017f"),
}
"""Certificates (base64) that are well formed, and whose key no library reads."""


def _with_rsa(**changes: Any) -> bytes:
    """The issuer's RSA key alone, changed."""
    return key_set(changed(rsa_jwk(KEY), changes))


def _with_ec(algorithm: str = "ES256", **changes: Any) -> bytes:
    return key_set(changed(ec_jwk(algorithm), changes))


_UNUSABLE: dict[str, dict[str, Any]] = {
    **{f"its use is {use!r}": {"use": use} for use in ("enc", "", "SIG", "sig ", None, 1, [], ["sig"], "signature", True)},
    **{
        f"its key_ops are {ops!r}": {"key_ops": ops}
        for ops in (["verify"], ["sign"], ["encrypt"], [], None, "verify", ["verify", "verify"])
    },
    **{f"its kid is {kid!r}": {"kid": kid} for kid in (DROP, None, "", 0, ["rsa"], True, "Rsa", "rsa ", "a" * 1_025)},
    **{f"its kty is {kty!r}": {"kty": kty} for kty in (DROP, None, "", "rsa", "RSA ", "EC", "oct", "OKP", "AKP", ["RSA"], 1)},
    "it has no n": {"n": DROP},
    "it has no e": {"e": DROP},
    **{f"its n is {n!r}": {"n": n} for n in (None, "", 1, [], "AQAB", "*", "AA")},
    **{
        f"its e is {name}": {"e": e}
        for name, e in {
            "null": None, "empty": "", "a number": 65_537, "a list": ["AQAB"], "0": "AA", "1": "AQ", "2": "Ag",
            "even": "AQAA", "2^32 + 1": number(2**32 + 1), "of the modulus' size": rsa_jwk(KEY)["n"], "padded": "AQAB====",
            "with spare bits": "AR", "with white space": "AQAB\n",
        }.items()
    },
    "its n is padded": {"n": rsa_jwk(KEY)["n"] + "=="},
    "its n is in the other alphabet": {"n": "+/" + rsa_jwk(KEY)["n"][2:]},
    "its n has a line end": {"n": rsa_jwk(KEY)["n"] + "\n"},
    "its n is even": {"n": number(NUMBERS.n - 1)},
    "it has 1,024 bits": {"n": number(rsa_key("small", 1_024).public_key().public_numbers().n)},
    "it has 2,047 bits": {"n": number((1 << 2_046) | 1)},
    "it has 8,193 bits": {"n": number((1 << 8_192) | 1)},
    "it has 16,384 bits": {"n": number((1 << 16_383) | 1)},
    "it has a million bits": {"n": spell(b"\xff" * 125_000)},
    "its x5c is of another key": {"x5c": [_certificate(rsa_key("mallory"))]},
    "its x5c is of a curve": {"x5c": [_certificate(ec_key("ES256"))]},
    **{
        f"its x5c is {name}": {"x5c": x5c}
        for name, x5c in {
            "empty": [], "null": None, "a text": _certificate(KEY), "no text": [1], "no certificate": ["AAAA"],
            "no base64": ["*"], "an empty text": [""], "in base64url": [_certificate(KEY).replace("+", "-").replace("/", "_") + "_"],
            "of another key first": [_certificate(rsa_key("mallory")), _certificate(KEY)],
            **{case: [certificate] for case, certificate in UNKNOWN.items()},
        }.items()
    },
}  # fmt: skip

RSA = [
    *(Attack(f"the key set: {case}", good(), NO_KEY, _with_rsa(**changes)) for case, changes in _UNUSABLE.items()),
    Attack("a certificate alone is no key", good(), NO_KEY, key_set({"kty": "RSA", "kid": "rsa", "x5c": [_certificate(KEY)]})),
    *(
        Attack(f"the key set: {case}, which is passed over", good(), None, _with_rsa(**changes))
        for case, changes in {
            "no use": {"use": DROP}, "its alg is another": {"alg": "RS512"}, "its alg is none": {"alg": "none"},
            "its alg is no text": {"alg": 1}, "its x5c is of this key": {"x5c": [_certificate(KEY)]}, "an x5u": {"x5u": "file:///"},
            "an x5t": {"x5t": "AAAA"}, "private members": {"d": "AQAB", "p": "AQAB"}, "zeros before n": {"n": spell(b"\0" + NUMBERS.n.to_bytes(256, "big"))},
            "other members": {"issuer": "x", "ext": True},
        }.items()
    ),
]  # fmt: skip

# ── curves ───────────────────────────────────────────────────────────────────────────────────────────

_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_POINT = ec_key("ES256").public_key().public_numbers()
_OFF: dict[str, dict[str, Any]] = {
    "its point is not on the curve": {"x": number(1, 32), "y": number(1, 32)},
    "its point is the origin": {"x": number(0, 32), "y": number(0, 32)},
    "its point has another y": {"y": number(_POINT.y ^ 1, 32)},
    "its point has x and y changed": {"x": number(_POINT.y, 32), "y": number(_POINT.x, 32)},
    "its x is beyond the field": {"x": number(_POINT.x + _PRIME, 33)},
    "its y is beyond the field": {"y": number(_POINT.y + _PRIME, 33)},
    "its x is the prime": {"x": number(_PRIME, 32)},
    "it has no x": {"x": DROP},
    "it has no y": {"y": DROP},
    "its x is empty": {"x": ""},
    "its y is null": {"y": None},
    "its x is a number": {"x": 1},
    "its x is padded": {"x": number(_POINT.x, 32) + "="},
    "its x is of 10,000 bytes": {"x": spell(b"\1" * 10_000)},
    **{
        f"its curve is {crv!r}": {"crv": crv}
        for crv in (
            DROP, None, "", "p-256", "P256", "P-384", "P-521", "secp256r1", "secp256k1", "P-256K", "Ed25519", "X25519",
            "P-192", "BP-256", 256, ["P-256"], "P-256 ",
        )
    },
    "its key_ops are told": {"key_ops": ["verify"]},
    "its use is enc": {"use": "enc"},
    "its kty is OKP": {"kty": "OKP"},
    "its kty is RSA": {"kty": "RSA"},
    "its x5c is of another key": {"x5c": [_certificate(ec_key("ES256", "mallory"))]},
}  # fmt: skip
ELLIPTIC = [
    *(Attack(f"the curve's key: {case}", good("ES256"), NO_KEY, _with_ec(**changes)) for case, changes in _OFF.items()),
    *(
        Attack(f"the curve's key alone: {algorithm}", good(algorithm), None, _with_ec(algorithm))
        for algorithm in CURVES
    ),
    *(
        Attack(
            f"the attacker's key of the curve: {algorithm}",
            good(algorithm),
            SIGNATURE,
            key_set(ec_jwk(algorithm, ec_key(algorithm, "mallory"))),
        )
        for algorithm in SIZES
    ),
    Attack("a certificate of this key beside it", good("ES256"), None, _with_ec(x5c=[_certificate(ec_key("ES256"))])),
]

# ── sets ─────────────────────────────────────────────────────────────────────────────────────────────

_NO_KID = with_header(kid=DROP)
_SECRET = {"kty": "oct", "kid": "rsa", "use": "sig", "k": spell(b"secret")}


def _with_mac(algorithm: str) -> str:
    text = signing_input({"alg": algorithm, "kid": "rsa"}, payload())
    return f"{text}.{spell(mac('HS256', b'secret', text))}"


def _many(count: int, *more: Any) -> bytes:
    """``count`` RSA keys, each another, the issuer's last."""
    return key_set(*(rsa_jwk(KEY, f"other-{at}") for at in range(count - 1)), rsa_jwk(KEY), *more)


def _curves(count: int, *more: Any) -> bytes:
    return key_set(*(ec_jwk("ES256", kid=f"other-{at}") for at in range(count - 1)), ec_jwk("ES256"), *more)


SETS = [
    Attack("one key, and no kid in the token", _NO_KID, None, key_set(rsa_jwk(KEY))),
    Attack("one usable key of two, and no kid", _NO_KID, None, key_set(rsa_jwk(KEY), rsa_jwk(KEY, "enc", use="enc"))),
    Attack("two keys, and no kid", _NO_KID, NO_KEY, key_set(rsa_jwk(KEY), rsa_jwk(KEY, "two"))),
    Attack("a key of each family, and no kid", _NO_KID, NO_KEY, key_set(rsa_jwk(KEY), ec_jwk("ES256"))),
    Attack("one key of another family, and no kid", _NO_KID, NO_KEY, key_set(ec_jwk("ES256"))),
    Attack("the attacker's key alone, and no kid", _NO_KID, SIGNATURE, key_set(rsa_jwk(rsa_key("mallory")))),
    Attack("no keys", good(), NO_KEY, key_set()),
    Attack("of two keys with one id the later counts", good(), None, key_set(rsa_jwk(rsa_key("mallory")), rsa_jwk(KEY))),
    Attack("of two keys with one id the earlier does not", good(), SIGNATURE, key_set(rsa_jwk(KEY), rsa_jwk(rsa_key("mallory")))),
    Attack("an unusable key with the same id changes nothing", good(), None, key_set(rsa_jwk(KEY), rsa_jwk(rsa_key("mallory"), use="enc"))),
    Attack("a secret among the keys, and RS256", _with_mac("RS256"), SIGNATURE, key_set(rsa_jwk(KEY), _SECRET)),
    Attack("a secret as the only key, and RS256", _with_mac("RS256"), NO_KEY, key_set(_SECRET)),
    Attack("a secret as the only key, and HS256", _with_mac("HS256"), NO_JWT, key_set(_SECRET)),
    Attack("a hundred keys", good(), None, _many(100)),
    Attack("a hundred and one", good(), NO_KEY, _many(101)),
    Attack("a hundred and one, and a curve's key", good("ES256"), None, _many(101, ec_jwk("ES256"))),
    Attack("a hundred keys of curves", good("ES256"), None, _curves(100)),
    Attack("a hundred and one of curves", good("ES256"), NO_KEY, _curves(101)),
    Attack("a hundred and one of curves, and an RSA key", good(), None, _curves(101, rsa_jwk(KEY))),
    Attack("a hundred and one, one id", good(), None, key_set(*(rsa_jwk(KEY) for _ in range(101)))),
    *(
        Attack(f"among the keys {odd!r}", good(), None, key_set(odd, rsa_jwk(KEY)))
        for odd in (None, 0, "rsa", [], {}, [rsa_jwk(KEY)], {"kty": "RSA"}, {"kid": "rsa"}, _SECRET, {"kty": "OKP", "kid": "rsa", "crv": "Ed25519", "x": "AA"})
    ),
]  # fmt: skip

_GOOD = json.dumps(rsa_jwk(KEY)).encode()
DOCUMENTS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>",
    "a list of keys": b"[" + _GOOD + b"]",
    "a key": _GOOD,
    "no keys": b"{}",
    "keys that are null": b'{"keys":null}',
    "keys that are an object": b'{"keys":{"rsa":' + _GOOD + b"}}",
    "keys that are a text": b'{"keys":"rsa"}',
    "`Keys`": b'{"Keys":[' + _GOOD + b"]}",
    "keys twice": b'{"keys":[],"keys":[' + _GOOD + b"]}",
    "kid twice": b'{"keys":[{"kid":"mallory",' + _GOOD[1:] + b"]}",
    "n twice": b'{"keys":[{"n":"AQAB",' + _GOOD[1:] + b"]}",
    "kid twice, once escaped": b'{"keys":[{"k\\u0069d":"mallory",' + _GOOD[1:] + b"]}",
    "a byte order mark before": b'\xef\xbb\xbf{"keys":[' + _GOOD + b"]}",
    "in UTF-16": ('{"keys":[' + _GOOD.decode() + "]}").encode("utf-16"),
    "a byte that is no UTF-8": b'{"keys":[' + _GOOD + b'],"x":"\xff"}',
    "two documents": b'{"keys":[' + _GOOD + b"]}{}",
    "a NUL behind": b'{"keys":[' + _GOOD + b"]}\0",
    "NaN": b'{"keys":[' + _GOOD + b'],"x":NaN}',
    "lists in lists, 300,000 deep": b'{"keys":' + b"[" * 300_000,
    "more than a thousand keys": key_set(*({} for _ in range(1_001))),
    "an endless number": b'{"keys":[' + _GOOD + b'],"x":' + b"9" * 65 + b"}",
    "more than ten thousand numbers": b'{"keys":[' + _GOOD + b'],"x":[' + b"0," * 10_000 + b"0]}",
    "more than ten thousand lists": b'{"keys":[' + _GOOD + b'],"x":' + b"[[" * 5_000 + b"]]" * 5_000 + b"}",
    "more than ten thousand members": b'{"keys":['
    + _GOOD
    + b"]"
    + b"".join(b',"%x":0' % at for at in range(10_000))
    + b"}",
}
"""What is no key set at all."""

ATTACKS = [*RSA, *ELLIPTIC, *SETS]
