"""What an authenticator needs to become a user's second factor: the seed, as text and as a QR code."""

from __future__ import annotations

from base64 import b32encode
from io import BytesIO
from urllib.parse import quote

SEED_BYTES = 40
"""64 characters of base 32 without padding, as AWS makes them; RFC 4226 section 4 asks for 16 bytes at least."""

_ISSUER = "daypass"
_PIXELS = 5
"""Width of the smallest square of the picture."""


def seed_text(seed: bytes) -> str:
    """The seed as authenticators take it typed in."""
    return b32encode(seed).decode("ascii")


def enrolment_uri(name: str, account: str, seed: bytes) -> str:
    """``otpauth://totp/NAME@ACCOUNT?secret=…&issuer=…`` (IAM API reference, VirtualMFADevice; Key Uri Format)."""
    return f"otpauth://totp/{quote(f'{name}@{account}', safe='@')}?secret={seed_text(seed)}&issuer={_ISSUER}"


def qr_code(text: str) -> bytes:
    """A PNG picture of a QR code that says ``text``; error correction M, so that a dirty screen does not matter."""
    from segno import make_qr  # noqa: PLC0415 - 20 ms that only enrolling needs

    picture = BytesIO()
    make_qr(text, error="m").save(picture, kind="png", scale=_PIXELS)
    return picture.getvalue()
