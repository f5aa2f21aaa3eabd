"""Requests and answers as values."""

from __future__ import annotations

from daypass.exchange import RawRequest, Response


def test_an_exchange_never_shows_what_it_carries() -> None:
    """Headers and bodies hold tokens and secrets; what ends up in logs says only that there was something."""
    raw = RawRequest("POST", b"/?token=canary", ((b"x-amz-security-token", b"canary"),), b"canary", "192.0.2.1")
    response = Response(200, ((b"x", b"canary"),), b"canary")
    assert "canary" not in f"{raw} {raw!r} {[raw]} {response} {response!r}"
    assert "192.0.2.1" in repr(raw)
