"""Identifiers as AWS makes them, from entropy that the caller hands in.

An access key id is a four-letter family and 16 RFC 4648 base32 characters: one bit "carries the account",
40 bits account, 39 bits random (published research; it decodes every sample tried). A unique id has one random base32
character more.
Families: ``AKIA`` long-term key, ``ASIA`` temporary key, ``AIDA`` user, ``AROA`` role, ``AGPA`` group,
``ANPA`` managed policy, ``AIPA`` instance profile (IAM User Guide, "IAM identifiers").
"""

from __future__ import annotations

from base64 import b32decode, b32encode
from binascii import Error as Base32Error

RANDOM_BYTES = 6
"""Entropy that one identifier takes; 39 of its 48 bits go into the account-carrying part, 5 into the 17th character."""

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def access_key_id(family: str, account: str, entropy: bytes) -> str:
    """A 20-character key id that carries ``account`` (12 digits). ``entropy``: ``RANDOM_BYTES`` bytes."""
    random = int.from_bytes(entropy[:5], "big") >> 1
    number = 1 << 79 | int(account) << 39 | random
    return family + b32encode(number.to_bytes(10, "big")).decode("ascii")


def unique_id(family: str, account: str, entropy: bytes) -> str:
    """A 21-character unique id of an entity in ``account``. ``entropy``: ``RANDOM_BYTES`` bytes."""
    return access_key_id(family, account, entropy) + _BASE32[entropy[5] & 31]


def account_of(identifier: str) -> str | None:
    """The 12-digit account that an access key id or unique id carries, or None (pre-2019 style, not base32)."""
    try:
        head = b32decode(identifier[4:20], casefold=False)
    except (Base32Error, ValueError):
        return None
    if len(head) != 10 or not head[0] & 0x80:
        return None
    account = (int.from_bytes(head[:6], "big") & 0x7FFFFFFFFF80) >> 7
    return f"{account:012d}" if account <= 999_999_999_999 else None
