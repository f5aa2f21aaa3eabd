"""The canonical request: the one text that signer and verifier both make of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """How a family of services signs. The default is that of all services but S3."""

    double_encode_path: bool = True
    normalize_path: bool = True
    allow_unsigned_payload: bool = False


QUERY_PROFILE = Profile()
S3_PROFILE = Profile(double_encode_path=False, normalize_path=False, allow_unsigned_payload=True)
