"""What the head of a request must be before anything else looks at it.

llhttp (the parser under httptools) refuses broken framing: bare line feeds, folded headers, Content-Length beside
Transfer-Encoding, two lengths, chunked framing errors. What it lets through and two parties could read differently is
refused here (RFC 9112 §3.2, §6.1, §11.2; RFC 9110 §5.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from daypass.exchange import Header

METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
"""The methods that STS's endpoint knows, by their bytes; any other token is 400."""

_ONCE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"date",
        b"expect",
        b"host",
        b"transfer-encoding",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-target",
    }
)
"""Headers that decide who asks or what is asked. Of two, one party would take the first and another the last."""

_HOST_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]"
_SPECIAL = (b"expect", b"transfer-encoding", b"upgrade")  # what a usual head does without
_LONGEST_LENGTH = 15  # digits
_SLASH = ord("/")
CHUNKED = -1


class Refused(Exception):
    """The request is answered with this status and an empty body, and its connection is closed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Head(NamedTuple):
    """What the connection needs to know of a head that may pass. ``length`` is the body's, or ``CHUNKED``."""

    target: bytes
    by_name: dict[bytes, bytes]
    length: int
    continues: bool
    upgrades: bool


def check_head(target: bytes, headers: Sequence[Header], *, http_1_1: bool) -> Head:
    """Check the head and return its facts; ``target`` comes back in origin form (path and query).

    Raises:
        Refused: 400 or 417.
    """
    # INVARIANT: 1. One Host, one Authorization, one length, one date: what is verified is what is acted on.
    # tests/server/test_framing.py::test_each_malformed_request_gets_its_status_and_no_service_sees_it
    found = dict(headers)
    if len(found) != len(headers):
        _check_repeated(headers)
    host = found.get(b"host")
    if not host or host.translate(None, _HOST_BYTES):
        raise Refused(400)
    if not b"".join(found.values()).isascii():
        raise Refused(400)
    if target != b"/":
        if not target.isascii() or b"#" in target:
            raise Refused(400)
        if target[0] != _SLASH:
            target = _origin_form(target, host)
    if found.keys().isdisjoint(_SPECIAL):
        length = found.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > _LONGEST_LENGTH:
            raise Refused(400)
        return Head(target, found, int(length), False, False)
    expect = found.get(b"expect")
    if expect is not None and expect.lower() != b"100-continue":
        raise Refused(417)
    return Head(target, found, _length(found, http_1_1=http_1_1), expect is not None, b"upgrade" in found)


def _check_repeated(headers: Sequence[Header]) -> None:
    seen = set()
    for name, value in headers:
        if (name in _ONCE and name in seen) or not value.isascii():
            raise Refused(400)
        seen.add(name)


def _origin_form(target: bytes, host: bytes) -> bytes:
    # RFC 9112 §3.2.2 wants the absolute form accepted and Host ignored. A signature covers Host, so the two must agree.
    scheme, separator, rest = target.partition(b"://")
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    if separator and scheme.lower() in {b"http", b"https"} and rest[:end].lower() == host.lower():
        path = rest[end:]
        return path if path.startswith(b"/") else b"/" + path
    raise Refused(400)


def _length(found: dict[bytes, bytes], *, http_1_1: bool) -> int:
    length, coding = found.get(b"content-length"), found.get(b"transfer-encoding")
    if coding is None:
        if length is None:
            return 0
        if not length.isdigit() or len(length) > _LONGEST_LENGTH:
            raise Refused(400)
        return int(length)
    if length is not None or coding.lower() != b"chunked" or not http_1_1:
        raise Refused(400)
    return CHUNKED
