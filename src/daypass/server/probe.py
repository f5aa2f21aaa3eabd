"""daypass's own paths: is it well, what has it counted, and what it publishes as an issuer and as a service provider.

Health and metrics answer loopback peers only, unless the operator opens them; to anyone else they do not exist, and the
request goes on to the services like any other path. What is published (``issuers.py``, ``saml.py``) is for everybody.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Protocol

import msgspec

from daypass.exchange import RawRequest, Response
from daypass.ports import Health
from daypass.server.issuers import ISSUERS, Issuers, answer_for
from daypass.server.metrics import CONTENT_TYPE, exposition
from daypass.server.saml import Metadata
from daypass.server.saml import answer_for as answer_for_saml

_FORWARDED = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-real-ip"})
_NO_STORE = (b"cache-control", b"no-store")


class Probe(Protocol):
    """What the composition root tells about itself."""

    def health(self) -> Health:
        """The present state. Never blocks, never raises; runs on the event loop."""
        ...


class OwnPaths:
    """The router of what is not ``/``."""

    def __init__(
        self, probe: Probe, *, open_to_all: bool, issuers: Issuers | None = None, saml: Metadata | None = None
    ) -> None:
        self._probe = probe
        self._open = open_to_all
        self._issuers = issuers
        self._saml = saml

    def answer(self, raw: RawRequest, *, may_block: bool = False) -> Response | None:
        """The answer, or None when the path is not ours or is none of the peer's business.

        Raises:
            NotLoaded: ask again on a thread that ``may_block``.
        """
        if self._issuers is not None and raw.target.startswith(ISSUERS):
            return answer_for(self._issuers, raw, may_block=may_block)
        if self._saml is not None and raw.target.startswith(b"/s"):
            return answer_for_saml(self._saml, raw, may_block=may_block)
        answers = {b"/-/health": self._health, b"/-/metrics": _metrics}
        answer = answers.get(raw.path)
        if answer is None or raw.method not in {"GET", "HEAD"} or not (self._open or _is_local(raw)):
            return None
        return answer()

    def _health(self) -> Response:
        health = self._probe.health()
        body = msgspec.json.encode({"status": "ok" if health.ok else "failing", **health.facts}, enc_hook=str)
        return Response(200 if health.ok else 503, ((b"content-type", b"application/json"), _NO_STORE), body + b"\n")


def _metrics() -> Response:
    return Response(200, ((b"content-type", CONTENT_TYPE), _NO_STORE), exposition())


def _is_local(raw: RawRequest) -> bool:
    # A proxy on this machine is a loopback peer too; whoever it speaks for is not. A browser on this machine is one as
    # well, and a foreign page can have it ask for a name that has come to mean this machine.
    if any(name in _FORWARDED for name, _ in raw.headers):
        return False
    host = (raw.header(b"host") or b"").decode("latin-1")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return _is_loopback(raw.peer) and (name.lower() == "localhost" or _is_loopback(name))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
