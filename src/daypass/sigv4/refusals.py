"""The refusal of a signature, in AWS's words, and what of a request may be repeated in one."""

from __future__ import annotations

from typing import NoReturn

from daypass.errors import SignatureDoesNotMatch

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def refuse(detail: str) -> NoReturn:
    """Raise ``SignatureDoesNotMatch`` with AWS's text. ``detail``, for the audit record only, says what was wrong."""
    raise SignatureDoesNotMatch(MISMATCH, detail=detail)


def shown(claimed: bytes | str) -> str:
    """What a client sent, safe to repeat in an error text: printable characters only, and not too many."""
    text = claimed.decode("latin-1") if isinstance(claimed, bytes) else claimed
    if not text.isprintable():
        text = "".join([c if c.isprintable() else "?" for c in text])
    return text if len(text) <= 1024 else text[:1024] + "…"
