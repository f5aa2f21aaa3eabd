"""Session tokens: sealing the facts of a session, and opening what comes back.

A token is canonical base64 of: version byte, 4 bytes key id, 12 bytes nonce, AES-256-GCM-SIV (RFC 8452) of the content.
Version, key id and access key id are associated data, so a token opens only under the key and beside the access key it
was made for. Exactly one key is tried: these ciphers do not commit to their key. The secret access key is derived from
the sealed bytes, so it is stored nowhere and belongs to this one token.

A repeated nonce (a machine restored from a snapshot, a fork) reveals at most that two tokens have the same content.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from daypass.credentials import Secret
from daypass.errors import (
    EXPIRED_TOKEN,
    INVALID_TOKEN,
    ExpiredToken,
    InvalidClientTokenId,
    Malformed,
    PackedPolicyTooLarge,
)
from daypass.principals import Session
from daypass.sessions.content import decode, encode, filled
from daypass.sessions.keyring import ID_BYTES, LONGEST_SESSION, Keyring, SealingKey

NONCE_BYTES = 12
"""Entropy that sealing one token takes."""

LONGEST_ISSUED = 4_096
"""Characters of the longest token that is issued. Clients and proxies limit the header that carries it."""

LONGEST_ACCEPTED = 16_384
"""Characters beyond which nothing is decoded: room for later versions, bounded work for strangers."""

_VERSION = b"\x01"
_HEAD = 1 + ID_BYTES
_OVERHEAD = _SHORTEST = _HEAD + NONCE_BYTES + 16
_SECRET_BYTES = 30


class UnknownSealingKey(InvalidClientTokenId):
    """The token names a sealing key that the ring does not hold: forged, too old, or the ring is behind.

    To the client it is any other invalid token; the caller may refresh the ring and try once more.
    """

    def __init__(self, key_id: str) -> None:
        super().__init__(INVALID_TOKEN, detail=f"sealed with unknown key {key_id}")
        self.key_id = key_id


class Sealed(NamedTuple):
    """A new session token and the secret access key that goes with it."""

    token: str
    secret: Secret

    def __repr__(self) -> str:
        return "Sealed(…)"


def seal(session: Session, ring: Keyring, entropy: bytes, least_size: int = 0) -> Sealed:
    """Seal ``session`` with the active key. ``entropy``: ``NONCE_BYTES`` bytes, fresh for every token.

    The token is filled up to ``least_size`` characters, or a few more, if it would be shorter.

    Raises:
        PackedPolicyTooLarge: the token would be longer than ``LONGEST_ISSUED``.
        ValueError: a session that lives longer than the key is kept, or is not well-formed. A defect of the caller.
    """
    if not 0 < session.expires - session.issued <= LONGEST_SESSION:
        # INVARIANT: 1. no token outlives its key. tests/sessions/test_token.py::test_no_token_outlives_its_key.
        raise ValueError(f"a session lives between 1 and {LONGEST_SESSION} seconds")
    key = ring.active
    head = _VERSION + key.tag
    associated = head + session.access_key_id.encode("ascii")
    content = encode(session)
    if least_size:
        content = filled(content, -(-least_size // 4) * 3 - 2 - _OVERHEAD)  # base64 makes 4 characters of 1 to 3 bytes
    sealed = head + entropy + key.cipher.encrypt(entropy, content, associated)
    token = b2a_base64(sealed, newline=False).decode("ascii")
    if len(token) > LONGEST_ISSUED:
        raise PackedPolicyTooLarge("Serialized token too large for session")
    return Sealed(token, _secret(key, sealed))


def open_token(token: str, access_key_id: str, ring: Keyring) -> tuple[Session, Secret]:
    """The session that ``token`` proves, and the secret its requests must be signed with.

    The caller still owes: ``refuse_expired``, the revocation rules, whether the principal still exists, the signature.

    # INVARIANT: 1. only a token that this ring sealed, beside its own access key, unchanged in every character.
    # tests/sessions/test_token_attacks.py::test_no_mutated_token_is_accepted.

    Raises:
        UnknownSealingKey: intact in form, but the ring does not hold its key.
        InvalidClientTokenId: everything else. One code, one text.
    """
    sealed = _unverified_bytes(token)
    key = ring.find_tag(sealed[1:_HEAD])
    if key is None:
        raise UnknownSealingKey(sealed[1:_HEAD].hex())
    try:
        associated = sealed[:_HEAD] + access_key_id.encode("ascii")
        nonce = sealed[_HEAD : _HEAD + NONCE_BYTES]
        content = key.cipher.decrypt(nonce, sealed[_HEAD + NONCE_BYTES :], associated)
        session = decode(content, access_key_id)
    except InvalidTag:
        raise _refusal("changed, or made for another access key") from None
    except (Malformed, UnicodeEncodeError):
        raise _refusal("content of an unknown form, or no access key id") from None
    return session, _secret(key, sealed)


def refuse_expired(session: Session, now: int) -> None:
    """A session ends at its ``expires``, to the second.

    Raises:
        ExpiredToken: ``now`` is not before it.
    """
    if now >= session.expires:
        raise ExpiredToken(EXPIRED_TOKEN)


def _unverified_bytes(token: str) -> bytes:
    """Decode a token of bounded size in its one canonical text form, of a known version."""
    if not _SHORTEST * 4 // 3 <= len(token) <= LONGEST_ACCEPTED:
        raise _refusal("no length a token has")
    try:
        sealed = a2b_base64(token)
    except ValueError:
        raise _refusal("not base64") from None
    # The decoder forgives stray characters, spare bits and padding; encoding again shows whether it had to.
    if b2a_base64(sealed, newline=False) != token.encode("ascii"):
        raise _refusal("not canonical base64")
    if sealed[:1] != _VERSION or len(sealed) < _SHORTEST:
        raise _refusal("unknown version")
    return sealed


def _secret(key: SealingKey, sealed: bytes) -> Secret:
    """The secret access key of a sealed token: 40 characters of ``A-Z a-z 0-9 + /``."""
    return Secret(b2a_base64(key.mac(sealed)[:_SECRET_BYTES], newline=False).decode("ascii"))


def _refusal(detail: str) -> InvalidClientTokenId:
    return InvalidClientTokenId(INVALID_TOKEN, detail=f"session token: {detail}")
