"""Signing keys, and signing in the header form."""

from __future__ import annotations

from collections.abc import Mapping

from daypass.sigv4.canonical import QUERY_PROFILE, Profile
from daypass.sigv4.scope import UnverifiedSignature


def signing_key(secret_access_key: str, date: str, region: str, service: str) -> bytes:
    """Derive the key that signs one day's requests to one service in one region."""
    raise NotImplementedError


class SigningKeys:
    """A bounded cache of signing keys."""

    def __init__(self, maxsize: int = 16_384) -> None:
        raise NotImplementedError

    def get(self, secret_access_key: str, unverified: UnverifiedSignature) -> bytes:
        """The signing key for ``unverified``'s scope under this secret."""
        raise NotImplementedError


def sign_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
    region: str,
    service: str,
    now: float,
    profile: Profile = QUERY_PROFILE,
) -> dict[str, str]:
    """Sign a request in the header form and return all headers to send."""
    raise NotImplementedError
