"""Whether a request really was signed with the key it names."""

from __future__ import annotations

from daypass.exchange import RawRequest
from daypass.sigv4.canonical import QUERY_PROFILE, Profile
from daypass.sigv4.scope import UnverifiedSignature


def verify_signature(
    raw: RawRequest, unverified: UnverifiedSignature, signing_key: bytes, *, profile: Profile = QUERY_PROFILE
) -> None:
    """Return when the request was signed with ``signing_key``, else raise ``SignatureDoesNotMatch``."""
    raise NotImplementedError
