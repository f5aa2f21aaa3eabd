"""Percent escapes (RFC 3986, section 2), byte by byte: what is read is what came over the wire."""

from __future__ import annotations

from typing import NoReturn

from daypass.errors import MalformedQueryString
from daypass.sigv4.refusals import shown

UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
ESCAPED = [bytes([n]) if n in UNRESERVED else b"%%%02X" % n for n in range(256)]
_HEX = b"0123456789abcdefABCDEF"
_UNESCAPED = {bytes([a, b]): bytes([int(bytes([a, b]), 16)]) for a in _HEX for b in _HEX}


def unescape(text: bytes) -> bytes:
    """Percent-decode. ``+`` stays ``+``.

    Raises:
        MalformedQueryString: an escape is cut off or not hexadecimal.
    """
    if b"%" not in text:
        return text
    first, *rest = text.split(b"%")
    try:
        return first + b"".join([_UNESCAPED[piece[:2]] + piece[2:] for piece in rest])
    except KeyError:
        _refuse_escape(text)


def _refuse_escape(text: bytes) -> NoReturn:
    """Name the first bad escape of ``text``, which has one."""
    at = text.find(b"%")
    while text[at + 1 : at + 3] in _UNESCAPED:
        at = text.find(b"%", at + 3)
    digits = text[at + 1 : at + 3]
    if len(digits) < 2:
        raise MalformedQueryString("Incomplete trailing escape % sequence")
    raise MalformedQueryString(f"Illegal hex character in escape % pattern: %{shown(digits)}")


def escape(text: bytes) -> bytes:
    """Percent-encode all but RFC 3986's unreserved characters, with upper-case hexadecimal digits."""
    if not text.translate(None, UNRESERVED):
        return text
    return b"".join([ESCAPED[n] for n in text])


def component(text: bytes) -> bytes:
    """One part of a path or query in its only signed spelling, however it was escaped on the wire."""
    if not text.translate(None, UNRESERVED):
        return text
    return escape(unescape(text) if b"%" in text else text)
