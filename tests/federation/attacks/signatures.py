"""Signatures that only look like some: of other keys, in other forms, with numbers that no signer makes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.federation.attacks.kit import (
    GOOD_HEADER,
    NO_JWT,
    ORDERS,
    SIGNATURE,
    SIZES,
    Attack,
    ec_key,
    ec_numbers,
    mac,
    payload,
    raw,
    rsa_jwk,
    rsa_key,
    rsa_signature,
    signing_input,
    spell,
)

KEY = rsa_key("issuer")
PUBLIC = KEY.public_key()
PEM = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

SECRETS = {
    "the public key in PEM": PEM,
    "the public key in PEM, stripped": PEM.strip(),
    "the public key in PEM, in Windows lines": PEM.replace(b"\n", b"\r\n"),
    "the public key in PEM after white space": b"\n " + PEM,
    "the public key in DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "the PKCS#1 key in PEM": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "the PKCS#1 key in DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "the key as OpenSSH writes it": PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "the JWK": json.dumps(rsa_jwk(KEY)).encode(),
    "the modulus": PUBLIC.public_numbers().n.to_bytes(256, "big"),
    "the modulus as text": rsa_jwk(KEY)["n"].encode(),
    "the key id": b"rsa",
    "an empty secret": b"",
    "a well-known secret": b"secret",
    "a zero": b"\0",
}


def _token(algorithm: str, signature: bytes, key_id: str | None = None) -> str:
    kid = key_id or ("rsa" if algorithm[:2] in ("RS", "HS") else algorithm.lower())
    return f"{signing_input({**GOOD_HEADER, 'alg': algorithm, 'kid': kid}, payload())}.{spell(signature)}"


def _text(algorithm: str) -> str:
    return _token(algorithm, b"").rpartition(".")[0]


SHARED_SECRETS = [
    *(
        Attack(f"{alg} with {name}", _token(alg, mac(alg, secret, _text(alg))), NO_JWT)
        for alg in ("HS256", "HS384", "HS512")
        for name, secret in SECRETS.items()
    ),
    *(
        Attack(
            f"said to be RS256, an HMAC with {name}", _token("RS256", mac("HS256", secret, _text("RS256"))), SIGNATURE
        )
        for name, secret in SECRETS.items()
    ),
]

# ── RSA: PKCS#1 v1.5, RFC 8017, section 9.2 ──────────────────────────────────────────────────────────

_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_DIGESTS = {
    "of SHA-1": bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(_text("RS256").encode()).digest(),
    "of MD5": bytes.fromhex("3020300c06082a864886f70d020505000410") + hashlib.md5(_text("RS256").encode()).digest(),
    "of SHA-512": bytes.fromhex("3051300d060960864801650304020305000440")
    + hashlib.sha512(_text("RS256").encode()).digest(),
}


def _raised(block: bytes) -> bytes:
    """``block`` under the private key, whatever it is."""
    private, size = KEY.private_numbers(), KEY.key_size // 8
    return pow(int.from_bytes(block, "big"), private.d, private.public_numbers.n).to_bytes(size, "big")


def _padded(
    inner: bytes, kind: bytes = b"\0\1", fill: bytes = b"\xff", after: bytes = b"", stop: bytes = b"\0"
) -> bytes:
    size = KEY.key_size // 8
    return kind + fill * (size - len(kind + stop + inner + after)) + stop + inner + after


def _rsa() -> Iterator[tuple[str, bytes]]:
    digest = hashlib.sha256(_text("RS256").encode()).digest()
    whole = _SHA256 + digest
    modulus, right = PUBLIC.public_numbers().n, rsa_signature("RS256", _text("RS256"))
    value, size = int.from_bytes(right, "big"), len(right)
    yield "no byte", b""
    yield "one byte", b"\0"
    for name, number in {"zero": 0, "one": 1, "n - 1": modulus - 1, "n": modulus, "n + 1": modulus + 1}.items():
        yield f"the number {name}", number.to_bytes(size, "big")
    yield "n minus the signature", (modulus - value).to_bytes(size, "big")
    yield "n more than the signature", (modulus + value).to_bytes(size + 1, "big")
    yield "one byte too few", right[:-1]
    yield "one byte too many", right + b"\0"
    yield "a zero before it", b"\0" + right
    yield "twice", right + right
    yield "backwards", right[::-1]
    yield "in hexadecimal", right.hex().encode()
    yield "in base64 once more", spell(right).encode()
    yield "of another key", rsa_signature("RS256", _text("RS256"), rsa_key("mallory"))
    yield "of other claims", rsa_signature("RS256", signing_input(GOOD_HEADER, payload(sub="eve")))
    yield "of the claims without the header", rsa_signature("RS256", _text("RS256").partition(".")[2])
    yield "of RS384", rsa_signature("RS384", _text("RS256"))
    yield "of RS512", rsa_signature("RS512", _text("RS256"))
    for salt in (0, 32):
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
        yield f"of PS256 with a salt of {salt}", KEY.sign(_text("RS256").encode(), scheme, hashes.SHA256())
    for name, info in _DIGESTS.items():
        yield f"with a digest {name}", _raised(_padded(info))
    yield "with a digest that does not say of what", _raised(_padded(digest))
    yield (
        "without the NULL of the algorithm",
        _raised(_padded(bytes.fromhex("302f300b0609608648016503040201") + b"\4\x20" + digest)),
    )
    yield "with long-form lengths", _raised(_padded(bytes.fromhex("308131300d060960864801650304020105000420") + digest))
    yield "with another algorithm's name over this digest", _raised(_padded(_SHA256[:-5] + b"\2\5\0\4\x20" + digest))
    yield "with a shorter padding and something after", _raised(_padded(whole, after=b"\xff" * 100))
    yield (
        "with eight bytes of padding and something after",
        _raised(b"\0\1" + b"\xff" * 8 + b"\0" + whole + b"\x11" * (size - 11 - len(whole))),
    )
    yield "with no padding, and something after", _raised(b"\0\1\0" + whole + b"\x11" * (size - 3 - len(whole)))
    yield "padded with zeros", _raised(_padded(whole, fill=b"\0"))
    yield "padded with anything", _raised(_padded(whole, fill=b"\xee"))
    yield "padded for encryption", _raised(_padded(whole, kind=b"\0\2"))
    yield "padded with block type 0", _raised(_padded(whole, kind=b"\0\0"))
    yield "without the zero after the padding", _raised(_padded(whole, stop=b"\xff"))
    yield "with the digest's last byte changed", _raised(_padded(whole[:-1] + bytes([whole[-1] ^ 1])))
    yield "with a bit of the first byte changed", bytes([right[0] ^ 1]) + right[1:]
    yield "with a bit of the last byte changed", right[:-1] + bytes([right[-1] ^ 0x80])


RSA = [
    *(
        Attack(f"RS256, {name}", _token("RS256", signature), NO_JWT if not signature else SIGNATURE)
        for name, signature in _rsa()
    ),
    Attack(
        "RS256, made by hand and right",
        _token("RS256", _raised(_padded(_SHA256 + hashlib.sha256(_text("RS256").encode()).digest()))),
        None,
    ),
]


# ── ECDSA: RFC 7518, section 3.4 ─────────────────────────────────────────────────────────────────────


def _ecdsa(algorithm: str) -> Iterator[tuple[str, bytes]]:
    order, size, made = ORDERS[algorithm], SIZES[algorithm], partial(raw, algorithm)
    r, s = ec_numbers(algorithm, _text(algorithm))
    right = made(r, s)
    for name, numbers in {
        "r = 0": (0, s), "s = 0": (r, 0), "r = s = 0": (0, 0), "r = s = 1": (1, 1), "r = 1": (1, s), "s = 1": (r, 1),
        "r = n": (order, s), "s = n": (r, order), "r = s = n": (order, order), "r = n - 1": (order - 1, s),
        "r = n + 1": (order + 1, s), "s = n + 1": (r, order + 1), "r = n, s = 1": (order, 1), "r = 0, s = n": (0, order),
        "r = 0, s = 1": (0, 1), "r = 1, s = 0": (1, 0), "n - r": (order - r, s), "n - r, n - s": (order - r, order - s),
        "r and s changed": (s, r), "r twice": (r, r), "s twice": (s, s), "r + 1": ((r + 1) % order, s),
        "s + 1": (r, (s + 1) % order),
    }.items():  # fmt: skip
        yield name, made(*numbers)
    yield "all ones", b"\xff" * 2 * size
    yield "in DER", encode_dss_signature(r, s)
    yield "in DER, zeros", encode_dss_signature(0, 0)
    yield "in DER, filled up", encode_dss_signature(r, s).ljust(2 * size, b"\0")
    yield "one byte too few", right[:-1]
    yield "one byte too many", right + b"\0"
    yield "r alone", right[:size]
    yield "with zeros before each", b"\0" + right[:size] + b"\0" + right[size:]
    yield "twice", right + right
    yield "backwards", right[::-1]
    yield "in hexadecimal", right.hex().encode()
    yield "of another key", made(*ec_numbers(algorithm, _text(algorithm), ec_key(algorithm, "mallory")))
    yield "of other claims", made(*ec_numbers(algorithm, "e30.e30"))
    yield "an HMAC with nothing", mac("HS256", b"", _text(algorithm))
    yield "an RSA signature", rsa_signature("RS256", _text(algorithm))
    yield "over another digest", made(*_other_digest(algorithm))
    for other in (one for one in SIZES if one != algorithm):
        yield f"of {other}", raw(other, *ec_numbers(other, _text(algorithm)))


def _other_digest(algorithm: str) -> tuple[int, int]:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    return decode_dss_signature(ec_key(algorithm).sign(_text(algorithm).encode(), ec.ECDSA(hashes.SHA224())))


def _mirrored(algorithm: str) -> bytes:
    r, s = ec_numbers(algorithm, _text(algorithm))
    return raw(algorithm, r, ORDERS[algorithm] - s)


ECDSA = [
    *(
        Attack(f"{algorithm}, {name}", _token(algorithm, signature), SIGNATURE)
        for algorithm in SIZES
        for name, signature in _ecdsa(algorithm)
    ),
    # The standard has two signatures for each; none of them says more than the other.
    *(Attack(f"{algorithm}, n - s", _token(algorithm, _mirrored(algorithm)), None) for algorithm in SIZES),
]

ATTACKS = [*SHARED_SECRETS, *RSA, *ECDSA]
