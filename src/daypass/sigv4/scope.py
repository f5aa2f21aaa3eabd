"""What a signature claims (key, time, scope), and whether the claim fits this moment and this door.

Texts are those of AWS's query services. They are part of what clients see, so tests hold them byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UnverifiedSignature:
    """The parts of a request's signature, as claimed by whoever sent it.

    ``timestamp`` is in epoch seconds and ``timestamp_text`` the same in basic ISO 8601. ``access_key_id`` and the
    scope's parts are empty when ``credential`` does not have five parts (``check_scope`` refuses it).
    ``expires`` is the raw ``X-Amz-Expires`` of a presigned request.
    """

    algorithm: str
    credential: str
    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[bytes, ...]
    signature: str
    timestamp: int
    timestamp_text: str
    session_token: str | None = field(repr=False)
    presigned: bool
    expires: str | None = None


def check_time(unverified: UnverifiedSignature, now: float) -> None:
    """Refuse a signature dated more than 15 minutes before or after ``now`` (epoch seconds)."""
    raise NotImplementedError


def check_scope(
    unverified: UnverifiedSignature, *, service: str, regions: Container[str] | Callable[[str], bool] | None
) -> None:
    """Refuse a signature made for another service or region, or on another day than its date. ``regions=None``: any."""
    raise NotImplementedError
