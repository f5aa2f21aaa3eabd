"""Encrypted assertions (W3C XML Encryption 1.1; IAM User Guide, "Create and manage encryption keys").

Keys are wrapped with RSA-OAEP, contents with AES-GCM, or with AES-CBC where a signature that was verified before covers
them: who can change a ciphertext of AES-CBC and watch what becomes of it learns what it holds (Jager and Somorovsky,
"How To Break XML Encryption", 2011). RSA with the padding of PKCS 1 v1.5 is not taken, and whatever goes wrong reads
the same. What comes out is somebody's word like any other: it is parsed, and its signature verified, afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from daypass.errors import Malformed
from daypass.federation.saml.names import DS, SAML, XENC, XENC11
from daypass.federation.saml.xml import Element, bytes_of, optional, the_only

_XENC, _XENC11, _DS, _DSIG_MORE = (
    "http://www.w3.org/2001/04/xmlenc#",
    "http://www.w3.org/2009/xmlenc11#",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2001/04/xmldsig-more#",
)
_CBC = {f"{_XENC}aes128-cbc": 16, f"{_XENC}aes192-cbc": 24, f"{_XENC}aes256-cbc": 32}
_GCM = {f"{_XENC11}aes128-gcm": 16, f"{_XENC11}aes192-gcm": 24, f"{_XENC11}aes256-gcm": 32}
"""Bytes of the key."""

_OAEP_OLD, _OAEP = f"{_XENC}rsa-oaep-mgf1p", f"{_XENC11}rsa-oaep"
_SHA1, _MGF1_SHA1 = f"{_DS}sha1", f"{_XENC11}mgf1sha1"
"""What holds where the method does not say."""

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    _SHA1: hashes.SHA1(),  # noqa: S303  in OAEP, where its collisions are of no use (RFC 8017, appendix B.1)
    f"{_XENC}sha256": hashes.SHA256(),
    f"{_DSIG_MORE}sha384": hashes.SHA384(),
    f"{_XENC}sha512": hashes.SHA512(),
}
_MASKS: dict[str, hashes.HashAlgorithm] = {
    _MGF1_SHA1: hashes.SHA1(),  # noqa: S303  likewise
    f"{_XENC11}mgf1sha256": hashes.SHA256(),
    f"{_XENC11}mgf1sha384": hashes.SHA384(),
    f"{_XENC11}mgf1sha512": hashes.SHA512(),
}
_UNREADABLE = "the assertion cannot be decrypted"
_BLOCK = 16


# INVARIANT: 1. a ciphertext that anybody can change tells nothing.
#   tests/federation/saml/test_encryption.py::test_block_chaining_is_taken_under_a_signature_only
def decrypt(encrypted: Element, keys: Iterable[RSAPrivateKey], *, is_signed: bool) -> bytes:
    """The assertion inside an EncryptedAssertion, with the first of ``keys`` that opens it.

    ``is_signed``: a signature that was verified covers it.

    Raises:
        Malformed: no key opens it, or it is encrypted in a way that is not taken.
    """
    data = the_only(encrypted, f"{XENC}EncryptedData")
    wrapped = _wrapped_key(encrypted, data)
    padding = _padding(the_only(wrapped, f"{XENC}EncryptionMethod"))
    method = the_only(data, f"{XENC}EncryptionMethod").get("Algorithm", "")
    size, secret, content = (_CBC | _GCM).get(method), _cipher_value(wrapped), _cipher_value(data)
    if size is None or (method in _CBC and not is_signed):
        raise Malformed(_UNREADABLE)
    for key in keys:
        try:
            opened = key.decrypt(secret, padding)
            if len(opened) == size:
                return _open(method, opened, content)
        except (ValueError, InvalidTag):
            continue
    raise Malformed(_UNREADABLE)


def _wrapped_key(encrypted: Element, data: Element) -> Element:
    """The one EncryptedKey, in the KeyInfo of the data or beside it. More than one recipient is not taken."""
    inside = [key for info in data.findall(f"{DS}KeyInfo") for key in info.findall(f"{XENC}EncryptedKey")]
    found = inside + encrypted.findall(f"{XENC}EncryptedKey")
    if encrypted.tag != f"{SAML}EncryptedAssertion" or len(found) != 1:
        raise Malformed(_UNREADABLE)
    return found[0]


def _padding(method: Element) -> OAEP:
    """RSA-OAEP as the method says; the old name has SHA-1 in its mask, the new one may say (section 5.5)."""
    name = method.get("Algorithm")
    told_digest, told_mask = optional(method, f"{DS}DigestMethod"), optional(method, f"{XENC11}MGF")
    digest = _DIGESTS.get(_SHA1 if told_digest is None else told_digest.get("Algorithm", ""))
    mask = _MASKS.get(_MGF1_SHA1 if told_mask is None else told_mask.get("Algorithm", ""))
    old_with_mask = name == _OAEP_OLD and told_mask is not None
    labelled = method.find(f"{XENC}OAEPparams") is not None
    if name not in (_OAEP_OLD, _OAEP) or digest is None or mask is None or old_with_mask or labelled:
        raise Malformed(_UNREADABLE)
    return OAEP(MGF1(mask), digest, None)


def _cipher_value(parent: Element) -> bytes:
    return bytes_of(the_only(the_only(parent, f"{XENC}CipherData"), f"{XENC}CipherValue"))


def _open(method: str, key: bytes, content: bytes) -> bytes:
    """The plaintext: the first bytes are the nonce, or the first block (sections 5.2.2 and 5.2.4).

    Raises:
        ValueError, InvalidTag: it is none.
    """
    if method in _GCM:
        return AESGCM(key).decrypt(content[:12], content[12:], None)
    if len(content) < 2 * _BLOCK or len(content) % _BLOCK:
        raise ValueError(_UNREADABLE)
    decryptor = Cipher(AES(key), CBC(content[:_BLOCK])).decryptor()
    padded = decryptor.update(content[_BLOCK:]) + decryptor.finalize()
    if not 1 <= padded[-1] <= _BLOCK:
        raise ValueError(_UNREADABLE)
    return padded[: -padded[-1]]
