"""Encoded authorization messages: why a request was refused, for the eyes of those who may know.

A message is base64url (RFC 4648 section 5, without padding) of: version byte, 4 bytes key id, 12 bytes nonce,
AES-256-GCM-SIV (RFC 8452) of its expiry (8 bytes, epoch seconds) and its text, compressed (RFC 1950). Version, key id
and the account that may read it are associated data. The key is a subkey of its own: no session token opens as one.

Source: STS API reference, DecodeAuthorizationMessage: up to 10,240 characters.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from daypass.errors import InvalidAuthorizationMessage, Malformed
from daypass.sessions.keyring import ID_BYTES, Keyring, SealingKey
from daypass.sessions.token import NONCE_BYTES

LIFETIME = 86_400
"""Seconds that a message can be decoded."""

LONGEST = 10_240
"""Characters of a message."""

LARGEST_TEXT = 262_144
"""Characters of the text inside; more is neither put in nor taken out."""

_VERSION = b"\x01"
_HEAD = 1 + ID_BYTES
_EXPIRY_BYTES = 8
_SHORTEST = _HEAD + NONCE_BYTES + 16 + _EXPIRY_BYTES
_INVALID = "The encoded authorization message is not valid, or it has expired."


def seal_message(text: str, account: str, ring: Keyring, now: int, entropy: bytes) -> str:
    """``text`` as a message that ``account`` can read until ``LIFETIME`` seconds after ``now``.

    ``entropy``: ``NONCE_BYTES`` bytes, fresh for every message.

    Raises:
        Malformed: it does not fit into a message.
    """
    plain = text.encode()
    if len(plain) > LARGEST_TEXT:
        raise Malformed(f"a text of {len(plain)} bytes does not fit into an authorization message")
    key = ring.active
    head = _VERSION + key.tag
    content = (now + LIFETIME).to_bytes(_EXPIRY_BYTES, "big") + zlib.compress(plain, 9)
    sealed = head + entropy + _cipher(key).encrypt(entropy, content, head + account.encode())
    message = urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")
    if len(message) > LONGEST:
        raise Malformed(f"{len(message)} characters do not fit into an authorization message")
    return message


def open_message(message: str, account: str, ring: Keyring, now: int) -> str:
    """The text of a message that was sealed for ``account`` and has not expired.

    # INVARIANT: 1. only what this ring has sealed as a message, for this very account, unchanged in every character.
    #   tests/sessions/test_authorization_message.py::test_no_changed_message_is_read

    Raises:
        InvalidAuthorizationMessage: everything else. One code, one text.
    """
    sealed = _unverified_bytes(message)
    key = ring.find_tag(sealed[1:_HEAD])
    if key is None:
        raise _refusal("sealed with an unknown key")
    nonce, content = sealed[_HEAD : _HEAD + NONCE_BYTES], sealed[_HEAD + NONCE_BYTES :]
    try:
        plain = _cipher(key).decrypt(nonce, content, sealed[:_HEAD] + account.encode())
    except InvalidTag:
        raise _refusal("changed, or made for another account") from None
    if now >= int.from_bytes(plain[:_EXPIRY_BYTES], "big"):
        raise _refusal("expired")
    return zlib.decompressobj().decompress(plain[_EXPIRY_BYTES:], LARGEST_TEXT).decode()


def _cipher(key: SealingKey) -> AESGCMSIV:
    return AESGCMSIV(key.subkey("authorization message"))


def _unverified_bytes(message: str) -> bytes:
    """Decode a message of bounded size in its one canonical text form, of a known version."""
    if len(message) > LONGEST or not message.isascii():
        raise _refusal("no length or alphabet that a message has")
    try:
        sealed = urlsafe_b64decode(message + "=" * (-len(message) % 4))
    except ValueError:
        raise _refusal("not base64url") from None
    # The decoder forgives stray characters and spare bits; encoding again shows whether it had to.
    if urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii") != message:
        raise _refusal("not canonical base64url")
    if sealed[:1] != _VERSION or len(sealed) < _SHORTEST:
        raise _refusal("unknown version")
    return sealed


def _refusal(detail: str) -> InvalidAuthorizationMessage:
    return InvalidAuthorizationMessage(_INVALID, detail=f"authorization message: {detail}")
