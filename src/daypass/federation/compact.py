"""JSON Web Tokens in compact form, read before anything in them is believed (RFC 7515, section 7.1; RFC 7519).

Only the compact form, unpadded base64url in its one canonical spelling, and signatures that a public key verifies.
Nothing in the header leads to a key but its id: ``jwk``, ``jku``, ``x5c`` and ``x5u`` are passed over.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from typing import Any, NamedTuple

from daypass.errors import InvalidIdentityToken, Malformed
from daypass.federation.strict_json import read_object

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"})
"""The algorithms that AWS takes. None of them uses a shared secret, and ``none`` is not among them."""

LONGEST = 20_000
"""Characters of a token (STS API reference, AssumeRoleWithWebIdentity, WebIdentityToken)."""

LONGEST_KEY_ID = 1_024

_LONGEST_KEPT = 512
"""Characters of a header that is kept once it was read: the tokens of one key have one header. Usual ones have 100."""

NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


class UnverifiedToken(NamedTuple):
    """What a token says of itself. ``claims`` and all else is anybody's word until ``signature`` is verified over
    ``signed``.
    """

    signed: bytes
    signature: bytes
    algorithm: str
    key_id: str | None
    claims: dict[str, Any]


def read_token(text: str) -> UnverifiedToken:
    """Take a token apart.

    Raises:
        InvalidIdentityToken: it is no token, or its header has something that is not understood.
    """
    try:
        return _read(text)
    except Malformed as error:
        raise InvalidIdentityToken(NOT_A_JWT, detail=str(error)) from None


def _read(text: str) -> UnverifiedToken:
    parts = text.split(".")
    if len(text) > LONGEST or len(parts) != 3:
        raise Malformed("a token has three parts")
    header, payload, signature = parts
    read_header = _read_header if len(header) <= _LONGEST_KEPT else _read_header.__wrapped__
    algorithm, key_id = read_header(header)
    claims = read_object(decode_base64url(payload))
    signed = text[: -1 - len(signature)].encode("ascii")
    return UnverifiedToken(signed, decode_base64url(signature), algorithm, key_id, claims)


@lru_cache(maxsize=256)
def _read_header(text: str) -> tuple[str, str | None]:
    """Algorithm and key id. Extensions that must be understood (``crit``), ``b64`` among them, are not."""
    header = read_object(decode_base64url(text))
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Malformed("the algorithm is none of those that are taken")
    if "crit" in header or "b64" in header:
        raise Malformed("the header has extensions that must be understood")
    if key_id is not None and not (isinstance(key_id, str) and 0 < len(key_id) <= LONGEST_KEY_ID):
        raise Malformed("the key id is no text of usual length")
    return algorithm, key_id


def decode_base64url(text: str) -> bytes:
    """Decode canonical base64url: no padding, no spare bits that are set, no other characters.

    Raises:
        Malformed: another spelling, or none.
    """
    try:
        spelled = text.encode("ascii").translate(_TO_BASE64) + b"=" * (-len(text) % 4)
        data = a2b_base64(spelled, strict_mode=True)
    except ValueError:  # UnicodeEncodeError and binascii.Error are such
        raise Malformed("not base64url") from None
    if not text or b2a_base64(data, newline=False) != spelled:  # else: spare bits that are set
        raise Malformed("not base64url in its canonical spelling")
    return data


_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/???")
"""From base64url to base64 (RFC 4648). What only base64 may hold becomes ``?``, which the decoder refuses."""
