"""Who asks, and over what, when a trusted proxy stands between: ``X-Forwarded-For`` and ``X-Forwarded-Proto``.

Anybody can write these headers, so they count only on connections from an address that the setting ``trusted_proxies``
names. Each proxy appends the address it was asked from; the client is the rightmost one that is not itself a trusted
proxy, and what stands left of it is the client's own word, never looked at. ``Forwarded`` (RFC 7239) is not read.

A trusted proxy's word that can be read in two ways is refused with 400: policies and the audit trail would act on one
of them. The refusals:

    an address that is none, or carries a port or a zone; an empty place where an address must be
    more than 32 proxies in a row
    X-Forwarded-Proto twice, or neither ``http`` nor ``https``
    marks of forwarding (Forwarded, Via, X-Real-IP) without X-Forwarded-For: the address would be the proxy's own
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network

from daypass.exchange import RawRequest, Response
from daypass.server import metrics
from daypass.server.address import written_address
from daypass.server.asgi import Service

_log = logging.getLogger(__name__)

_FOR, _PROTO = b"x-forwarded-for", b"x-forwarded-proto"
_MARKS = frozenset({b"forwarded", b"via", b"x-real-ip"})
_NAMES = _MARKS | {_FOR, _PROTO}
_SECURE = {b"https": True, b"http": False}
_MOST_HOPS = 32
_REFUSAL = Response(400, ())


class _Ambiguous(Exception):
    """What a trusted proxy says of its client cannot be read in one way only. The text says why, and quotes nothing."""


class BehindProxies:
    """``service`` as it is seen through proxies at ``trusted`` (addresses and CIDR ranges).

    # INVARIANT: 1. who is not named as a proxy cannot choose its own address.
    #   tests/server/test_forwarded.py::test_the_client_is_the_rightmost_that_is_no_proxy

    Raises:
        ValueError: an entry of ``trusted`` is no address or range.
    """

    def __init__(self, service: Service, trusted: Iterable[str]) -> None:
        self._service = service
        networks = [ip_network(entry) for entry in trusted]

        @lru_cache(maxsize=4_096)
        def trusts(address: str) -> bool:
            try:
                return any(ip_address(address) in network for network in networks)
            except ValueError:  # a server of another make that does not know its peer's address
                return False

        self._trusts = trusts
        self._told: set[str] = set()

    def serve(self, raw: RawRequest) -> Response:
        """See ``Service``."""
        seen = self._seen(raw)
        return _REFUSAL if seen is None else self._service.serve(seen)

    def serve_blocking(self, raw: RawRequest) -> Response:
        """See ``Service``."""
        seen = self._seen(raw)
        return _REFUSAL if seen is None else self._service.serve_blocking(seen)

    def _seen(self, raw: RawRequest) -> RawRequest | None:
        """``raw`` with its client's address and security; None: refused."""
        if not self._trusts(raw.peer):
            return raw
        try:
            return self._as_forwarded(raw)
        except _Ambiguous as why:
            metrics.refusals.labels(400).inc()
            self._tell(str(why))
            return None

    def _as_forwarded(self, raw: RawRequest) -> RawRequest:
        said = [(name, value) for name, value in raw.headers if name in _NAMES]
        if not said:  # the proxy's own machine asks
            return raw
        hops = [value for name, value in said if name == _FOR]
        if not hops and any(name in _MARKS for name, _ in said):
            raise _Ambiguous("forwarded without X-Forwarded-For; the proxy must set it")
        secure = _read_proto([value for name, value in said if name == _PROTO])
        if secure is None:  # who forwards and does not say over what is not believed to have done it securely
            secure = raw.secure and not hops
        return raw.replaced(peer=self._client(hops) if hops else raw.peer, secure=secure)

    def _client(self, lines: list[bytes]) -> str:
        # Several lines are one list (RFC 9110 §5.3): some proxies add a line where others append to the last one.
        hops, address = b",".join(lines).rsplit(b",", _MOST_HOPS), ""
        for hop in reversed(hops[-_MOST_HOPS:]):
            address = _read_address(hop.strip(b" \t"))
            if not self._trusts(address):
                return address
        if len(hops) > _MOST_HOPS:
            raise _Ambiguous("too many proxies in X-Forwarded-For")
        return address  # all are proxies: the farthest asks for itself

    def _tell(self, why: str) -> None:
        if why not in self._told:  # one of a kind: a proxy that is set up wrongly says the same each time
            self._told.add(why)
            _log.warning("what a trusted proxy forwards is refused: %s", why)


def _read_proto(values: list[bytes]) -> bool | None:
    """Whether the client asked over TLS; None: not said."""
    if not values:
        return None
    secure = _SECURE.get(values[0].lower())
    if secure is None or len(values) > 1:
        raise _Ambiguous("X-Forwarded-Proto is not one `http` or `https`; the proxy must set it, not add to it")
    return secure


def _read_address(text: bytes) -> str:
    try:
        return written_address(text.decode("ascii"))
    except ValueError:
        raise _Ambiguous("X-Forwarded-For holds what is no bare address") from None
