"""Signing keys: SigV4's, which makes and verifies signatures; SigV4a's public key, which verifies them; and a cache.

Both are derived from a secret access key: SigV4's for one day, region and service, SigV4a's for one access key id.
Sources: IAM User Guide, "Create a signed AWS API request", step 4, and "AWS Signature Version 4 for API requests" on
SigV4a; the derivation of its keys is NIST SP 800-108's, in counter mode, as AWS's public signing suite has it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from daypass.errors import Malformed
from daypass.sigv4.scope import ASYMMETRIC, TERMINATOR, UnverifiedSignature

KEY_BYTES = 32
_BLOCK = 64
_INNER = bytes(n ^ 0x36 for n in range(256))
_OUTER = bytes(n ^ 0x5C for n in range(256))


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104), out of two hashes: a third of the time that ``hmac.digest`` takes for such short texts.

    tests/sigv4/test_keys.py::test_the_mac_is_the_standard_library_s holds it to the standard library's.
    """
    outer, inner = _pads(key)
    return sha256(outer + sha256(inner + message).digest()).digest()


def _pads(key: bytes) -> tuple[bytes, bytes]:
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    block = key.ljust(_BLOCK, b"\0")
    return block.translate(_OUTER), block.translate(_INNER)


# ── SigV4 ────────────────────────────────────────────────────────────────────────────────────────────


class SigningKey(bytes):
    """A derived key with its two HMAC blocks, which are the same for every request it signs."""

    outer: bytes
    inner: bytes

    def __new__(cls, key: bytes) -> Self:
        """Make one of the 32 bytes that ``signing_key`` derives.

        Raises:
            ValueError: another length.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("a SigV4 signing key has 32 bytes")
        made = super().__new__(cls, key)
        made.outer, made.inner = _pads(key)
        return made

    def __repr__(self) -> str:
        return "SigningKey(…)"

    def mac(self, message: bytes) -> str:
        """HMAC-SHA256 of ``message``, in hexadecimal."""
        return sha256(self.outer + sha256(self.inner + message).digest()).hexdigest()


def signing_key(secret_access_key: str, date: str, region: str, service: str) -> SigningKey:
    """Derive the key that signs one day's (``YYYYMMDD``) requests to one service in one region. 32 bytes.

    Raises:
        Malformed: the secret is empty.
    """
    _refuse_empty(secret_access_key)
    key = ("AWS4" + secret_access_key).encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac_sha256(key, part.encode("latin-1"))
    return SigningKey(key)


def _refuse_empty(secret_access_key: str) -> None:
    if not secret_access_key:
        raise Malformed("an empty secret access key signs nothing")


# ── SigV4a ───────────────────────────────────────────────────────────────────────────────────────────

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256's base point: FIPS 186-5
_ECDSA = ec.ECDSA(SHA256())


class VerifyingKey:
    """A public key on P-256. It proves signatures and can make none, so a service may hold it instead of a secret."""

    __slots__ = ("_key",)

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "VerifyingKey(…)"

    def proves(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` (DER) is one of this key over ``message``.

        A message has many valid signatures, and each can be turned into another by negating its second number, so a
        signature must never be used to identify a request. Anything but canonical DER of two numbers is refused.
        """
        try:
            self._key.verify(signature, message, _ECDSA)
        except InvalidSignature:
            return False
        return True


def private_value(secret_access_key: str, access_key_id: str) -> int:
    """The private number of the SigV4a key of an access key. As secret as the secret that it comes from.

    Raises:
        Malformed: the secret is empty.
    """
    _refuse_empty(secret_access_key)
    key = ("AWS4A" + secret_access_key).encode()
    label = b"\0\0\0\1" + ASYMMETRIC.encode() + b"\0" + access_key_id.encode("latin-1")
    for counter in range(1, 255):
        candidate = int.from_bytes(hmac_sha256(key, label + bytes([counter]) + b"\0\0\1\0"), "big")
        if candidate <= _ORDER - 2:
            return candidate + 1
    raise Malformed("this access key has no SigV4a key")  # one in 2^8128


def verifying_key(secret_access_key: str, access_key_id: str) -> VerifyingKey:
    """Derive the public key that proves SigV4a signatures of an access key, on any day, for any service and region.

    Raises:
        Malformed: the secret is empty.
    """
    private = ec.derive_private_key(private_value(secret_access_key, access_key_id), ec.SECP256R1())
    return VerifyingKey(private.public_key())


# ── Both ─────────────────────────────────────────────────────────────────────────────────────────────

ProvingKey = SigningKey | VerifyingKey


def proving_key(secret_access_key: str, unverified: UnverifiedSignature) -> ProvingKey:
    """Derive the key that proves a signature such as ``unverified`` under this secret. Check the scope first.

    Raises:
        Malformed: the secret is empty.
    """
    if unverified.algorithm == ASYMMETRIC:
        return verifying_key(secret_access_key, unverified.access_key_id)
    return signing_key(secret_access_key, unverified.date, unverified.region, unverified.service)


class ProvingKeys:
    """A bounded cache of what ``proving_key`` derives: at most ``maxsize`` keys, the least used forgotten first.

    A key is a pure function of secret, algorithm and credential (access key id and scope); the credential's form tells
    the algorithm, since a SigV4a scope has no region. So secret and credential are the cache's key, a rotated secret
    finds nothing under its old value, and there is nothing to invalidate.
    Two generations instead of an ordered list: a full young one replaces the old one. Threads may share a cache; the
    worst that a race does is to derive a key twice.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, maxsize: int = 16_384) -> None:
        if maxsize < 2:
            raise ValueError("a cache of keys holds at least two")
        self._half = maxsize // 2
        self._young: dict[tuple[str, str], ProvingKey] = {}
        self._old: dict[tuple[str, str], ProvingKey] = {}

    def __repr__(self) -> str:
        return f"ProvingKeys({len(self)} of {2 * self._half})"

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def get(self, secret_access_key: str, unverified: UnverifiedSignature) -> ProvingKey:
        """The key for the scope of ``unverified`` under this secret. Check the scope first.

        Raises:
            Malformed: the secret is empty.
        """
        wanted = (secret_access_key, unverified.credential)
        key = self._young.get(wanted)
        if key is None:
            key = self._old.get(wanted) or proving_key(secret_access_key, unverified)
            self._keep(wanted, key)
        return key

    def _keep(self, wanted: tuple[str, str], key: ProvingKey) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[wanted] = key
