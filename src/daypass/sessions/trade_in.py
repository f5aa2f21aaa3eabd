"""Trade-in tokens: a service exchanges one for credentials when its delegation request was accepted.

Canonical base64url of: version byte, 4 bytes key id, 12 bytes nonce, AES-256-GCM-SIV (RFC 8452) of the content under a
subkey of its own, so that no session token can pass for one, nor the other way round. The token only names the request;
whether it still holds is looked up in the accounts.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from daypass.errors import Malformed
from daypass.sessions.keyring import ID_BYTES, SealingKey

NONCE_BYTES = 12
LONGEST = 512
"""Characters beyond which nothing is decoded."""

_VERSION = b"\x01"
_HEAD = 1 + ID_BYTES


class TradeIn(NamedTuple):
    """A delegation request by its id, the account that accepted it, and when (epoch seconds) the token was sent."""

    request: str
    owner_account: str
    sent: int


def seal_trade_in(content: TradeIn, key: SealingKey, nonce: bytes) -> str:
    """The token. ``nonce``: 12 fresh bytes."""
    head = _VERSION + key.tag
    text = f"{content.request}\0{content.owner_account}\0{content.sent}".encode("ascii")
    return urlsafe_b64encode(head + nonce + _cipher(key).encrypt(nonce, text, head)).decode("ascii")


def key_of(token: str) -> str:
    """The id of the key that is said to have sealed ``token``.

    Raises:
        Malformed: it is no such token.
    """
    return _bytes(token)[1:_HEAD].hex()


def open_trade_in(token: str, key: SealingKey) -> TradeIn:
    """What the token says.

    Raises:
        Malformed: another key has sealed it, or nobody has.
    """
    data = _bytes(token)
    head, nonce, sealed = data[:_HEAD], data[_HEAD : _HEAD + NONCE_BYTES], data[_HEAD + NONCE_BYTES :]
    try:
        text = _cipher(key).decrypt(nonce, sealed, head)
    except InvalidTag:
        raise Malformed("a trade-in token that its key does not open") from None
    request, account, sent = text.decode("ascii").split("\0")
    return TradeIn(request, account, int(sent))


def _cipher(key: SealingKey) -> AESGCMSIV:
    return AESGCMSIV(key.subkey("trade-in"))


def _bytes(token: str) -> bytes:
    if len(token) > LONGEST:
        raise Malformed("a trade-in token that is too long")
    try:
        data = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        data = b""
    if len(data) < _HEAD + NONCE_BYTES + 16 or data[:1] != _VERSION or urlsafe_b64encode(data).decode() != token:
        raise Malformed("a text that is no trade-in token")
    return data
