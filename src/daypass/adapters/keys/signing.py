"""Key pairs for web identity tokens: made here, kept sealed under the master key, opened when first used."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from daypass.adapters.keys.master import MasterKey
from daypass.entities import SigningAlgorithm, SigningKey
from daypass.errors import InternalFailure, Malformed
from daypass.outbound import PrivateKey

PURPOSE = "signing-key"

RSA_BITS = 2_048
"""3,072 bits would take 1.6 ms a signature instead of 0.6 and a second to make; a key signs for months, not decades."""

_MAKERS: dict[SigningAlgorithm, Callable[[], PrivateKey]] = {
    "RS256": lambda: generate_rsa(65_537, RSA_BITS),
    "ES384": lambda: generate_ec(SECP384R1()),
}


def new_signing_key(master: MasterKey, algorithm: SigningAlgorithm, name: str, nonce: bytes) -> tuple[bytes, bytes]:
    """A fresh key pair: the private half sealed for ``name``, the public one. RSA takes a tenth of a second or more."""
    private = _MAKERS[algorithm]()
    secret = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return master.wrap(PURPOSE, name, secret, nonce), public


def open_signing_key(master: MasterKey, name: str, key: SigningKey) -> PrivateKey:
    """The private half of ``key``.

    Raises:
        InternalFailure: the stored bytes do not belong to ``name`` under this master key.
    """
    try:
        secret = master.unwrap(PURPOSE, name, key.sealed)
    except Malformed as error:
        raise InternalFailure(detail=f"signing key {name}: {error}") from None
    # What the master key has sealed is what we made; OpenSSL's check of the numbers would take 80 ms.
    private = load_der_private_key(secret, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey), "only these are ever sealed"
    return private
