"""Signing in the query form: presigned URLs."""

from __future__ import annotations

from collections.abc import Mapping

from daypass.sigv4.canonical import QUERY_PROFILE, Profile


def presign_request(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
    region: str,
    service: str,
    now: float,
    expires: int = 3600,
    profile: Profile = QUERY_PROFILE,
) -> str:
    """Sign a request in the query form and return the whole URL."""
    raise NotImplementedError
