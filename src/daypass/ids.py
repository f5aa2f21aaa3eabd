"""Identifiers as AWS makes them, from entropy that the caller hands in.

An access key id is a four-letter family and 16 RFC 4648 base32 characters: one bit "carries the account",
40 bits account, 39 bits random (published research; it decodes every sample tried). A unique id has one random base32
character more.
Families: ``AKIA`` long-term key, ``ASIA`` temporary key, ``AIDA`` user, ``AROA`` role, ``AGPA`` group,
``ANPA`` managed policy, ``SAMLSP`` SAML provider, ``AIPA`` instance profile (IAM User Guide, "IAM identifiers").

What an organization consists of has ids of another form: lower-case letters and digits (``lower_id``).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count

RANDOM_BYTES = 6
"""Entropy that one identifier takes; 39 of its 48 bits go into the account-carrying part, 5 into the 17th character."""

SAML_PROVIDER = "SAMLSP"
"""The family of SAML providers, the only one of six letters."""

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = tuple(high + low for high in _BASE32 for low in _BASE32)
_TO_DIGITS = str.maketrans(_BASE32, "0123456789abcdefghijklmnopqrstuv")
_ALPHABET = frozenset(_BASE32)
_CARRIES_ACCOUNT = 1 << 79
_48_BITS, _56_BITS = (1 << 48) - 1, (1 << 56) - 1
_SCRAMBLE = 0x9E3779B97F4A7D  # odd, so that numbers below 2^56 stay different


def access_key_id(family: str, account: str, entropy: bytes) -> str:
    """A 20-character key id that carries ``account`` (12 digits). ``entropy``: ``RANDOM_BYTES`` bytes."""
    prefix, account_bit = _account_part(account)
    number = account_bit | int.from_bytes(entropy[:5], "big") >> 1
    pairs = _PAIRS
    return (
        f"{family}{prefix}{pairs[number >> 30]}{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}"
        f"{pairs[number & 1023]}"
    )


@lru_cache(maxsize=4096)
def _account_part(account: str) -> tuple[str, int]:
    """The 8 characters that identifiers of ``account`` begin with, and the account's last bit, which is in the rest."""
    number = _CARRIES_ACCOUNT | int(account) << 39
    return "".join(_PAIRS[number >> shift & 1023] for shift in (70, 60, 50, 40)), number & 1 << 39


def unique_id(family: str, account: str, entropy: bytes) -> str:
    """A 21-character unique id of an entity in ``account``. ``entropy``: ``RANDOM_BYTES`` bytes."""
    return access_key_id(family, account, entropy) + _BASE32[entropy[5] & 31]


class RequestIds:
    """Request ids in the form of random UUIDs (RFC 9562, version 4). Never twice the same, and no secret.

    Sixty random bits for the process, and a counter that is scrambled, so that an id does not tell how many came
    before. Safe to use from several threads. Make it after a fork.
    """

    def __init__(self, entropy: bytes) -> None:
        """``entropy``: 16 bytes."""
        digits = entropy[:8].hex()
        self._head = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15]}"
        self._count = count(int.from_bytes(entropy[8:], "big"))

    def next(self) -> str:
        """A new id, 36 characters."""
        number = next(self._count) * _SCRAMBLE & _56_BITS
        return f"{self._head}{number >> 48:02x}-{number & _48_BITS:012x}"


def lower_id(prefix: str, length: int, entropy: bytes) -> str:
    """``prefix`` and ``length`` lower-case letters and digits, for which ``entropy`` needs as many bytes.

    ``o-`` organization, ``r-`` root, ``ou-`` unit, ``p-`` control policy (AWS Organizations API reference).
    """
    number, digits = int.from_bytes(entropy, "big"), []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append("0123456789abcdefghijklmnopqrstuvwxyz"[digit])
    return prefix + "".join(digits)


def account_uuid(account: str, entropy: bytes) -> str:
    """A UUID (RFC 9562, version 8) whose last twelve digits are the account's; ``entropy``: 10 bytes.

    Whoever holds one finds its account without a search, and nobody learns by guessing which accounts there are.
    """
    digits = entropy.hex()
    variant = "89ab"[entropy[8] & 3]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[12:15]}-{variant}{digits[17:20]}-{account}"


def account_of(identifier: str) -> str | None:
    """The 12-digit account that an access key id or unique id carries, or None (pre-2019 style, not base32)."""
    return _account_in(identifier[4:20])


def account_of_saml_provider(uuid: str) -> str | None:
    """The account that the unique id of a SAML provider (``SAMLSP…``) carries, or None."""
    return _account_in(uuid[len(SAML_PROVIDER) : -1]) if uuid.startswith(SAML_PROVIDER) else None


# INVARIANT: 9. what is remembered is 16 characters, though anybody may send an identifier of 16,000.
#   tests/test_ids.py::test_an_endless_identifier_is_not_kept
@lru_cache(maxsize=16_384)
def _account_in(body: str) -> str | None:
    if len(body) != 16 or not _ALPHABET.issuperset(body):
        return None
    number = int(body.translate(_TO_DIGITS), 32)
    account = number >> 39 & (1 << 40) - 1
    return f"{account:012d}" if number & _CARRIES_ACCOUNT and account <= 999_999_999_999 else None
