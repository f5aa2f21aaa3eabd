"""The private keys that open encrypted assertions of a SAML provider: two at most, so that they can be changed.

Source: IAM User Guide, "Create and manage encryption keys" of a SAML provider; IAM API reference, UpdateSAMLProvider.
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from daypass.entities import DecryptionKey, SamlProvider
from daypass.errors import InvalidInput
from daypass.operations.call import Call

MOST_KEYS = 2
SMALLEST, LARGEST = 2_048, 4_096
"""Bits of a modulus. Strangers choose how often a key is used, and no thread runs meanwhile: twice the size takes seven
times as long.
"""

_LARGEST_EXPONENT = 2**32

_ID_BYTES = 20
_LASTS = timedelta(days=3_650)
"""Of a key's certificate. Keys do not end with it; some identity providers take none that is over."""


def changed_keys(call: Call, provider: SamlProvider) -> SamlProvider:
    """``provider`` with the encryption mode and the keys that the call asks for.

    # INVARIANT: 7. a private key is in the store, wrapped, and in no answer, record or log.
    #   tests/services/iam/test_saml_providers.py::test_a_private_key_is_told_to_nobody

    Raises:
        InvalidInput: no private key, a third one, an unknown one, or none where assertions must be encrypted.
    """
    params = call.params
    if params.get("AddPrivateKey") and params.get("RemovePrivateKey"):
        raise InvalidInput(
            "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."
        )
    keys = provider.keys
    if params.get("AddPrivateKey"):
        keys = _added(call, provider, params["AddPrivateKey"])
    if params.get("RemovePrivateKey"):
        keys = _removed(provider, params["RemovePrivateKey"])
    mode = params.get("AssertionEncryptionMode", provider.encryption)
    if mode == "Required" and not keys:
        raise InvalidInput("Unable to set assertion encryption mode to Required because no private key is provided.")
    return replace(provider, keys=keys, encryption=mode)


def _added(call: Call, provider: SamlProvider, pem: str) -> tuple[DecryptionKey, ...]:
    if len(provider.keys) >= MOST_KEYS:
        raise InvalidInput(f"Private key limit of {MOST_KEYS} is reached.")
    private = _read(pem)
    key_id = b32encode(call.ports.entropy.bytes(_ID_BYTES)).decode("ascii")
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    sealed = call.ports.keys.seal_private_key(f"{call.account.id}/{provider.id}/{key_id}", der)
    return (*provider.keys, DecryptionKey(key_id, sealed, call.now, _certificate(private, key_id, call.now)))


# INVARIANT: 9. a key that is sent takes no longer than its size.
#   tests/services/iam/test_decryption_keys.py::test_a_key_that_takes_a_minute_to_check_is_refused_at_sight
def _read(pem: str) -> RSAPrivateKey:
    """The key, whose numbers belong together.

    Whether its primes are prime is not tried: that takes seconds in which no thread runs, and whoever sends others has
    a key that opens nothing.

    Raises:
        InvalidInput: it is none.
    """
    try:
        private = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidInput("Invalid private key.") from None
    if not isinstance(private, RSAPrivateKey) or not SMALLEST <= private.key_size <= LARGEST:
        raise InvalidInput("Invalid private key.", detail="not an RSA key of usual size")
    if not _belong_together(private.private_numbers()):
        raise InvalidInput("Invalid private key.", detail="numbers that do not belong together")
    return private


def _belong_together(numbers: RSAPrivateNumbers) -> bool:
    """Whether they are those of one key (RFC 8017, section 3.2), but for the primes' being prime."""
    p, q, d, public = numbers.p, numbers.q, numbers.d, numbers.public_numbers
    return (
        p * q == public.n
        and public.n % 2 == 1
        and min(p.bit_length(), q.bit_length()) >= public.n.bit_length() // 2 - 1
        and 3 <= public.e <= _LARGEST_EXPONENT
        and d * public.e % (p - 1) == d * public.e % (q - 1) == 1
        and (numbers.dmp1, numbers.dmq1) == (d % (p - 1), d % (q - 1))
        and numbers.iqmp * q % p == 1
    )


def _certificate(private: RSAPrivateKey, key_id: str, now: int) -> bytes:
    """A self-signed certificate that carries the public key to identity providers. It vouches for nothing."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"daypass {key_id}")])
    made = datetime.fromtimestamp(now, UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(int.from_bytes(b32decode(key_id)[:16], "big") | 1)
    builder = builder.not_valid_before(made - timedelta(days=1)).not_valid_after(made + _LASTS)
    return builder.sign(private, SHA256()).public_bytes(Encoding.DER)


def _removed(provider: SamlProvider, key_id: str) -> tuple[DecryptionKey, ...]:
    keys = tuple(key for key in provider.keys if key.id != key_id)
    if len(keys) == len(provider.keys):
        raise InvalidInput("Failed to remove private key because the Key ID does not match a private key.")
    return keys
