"""Issuers that harm whoever asks them for their keys: each kind of harm has a path, with many issuers below it."""

from __future__ import annotations

import gzip
import json
import socket
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from threading import Event
from types import TracebackType

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP521R1, generate_private_key

from daypass.adapters.fetch import LARGEST
from daypass.federation.key_set import MOST_ENTRIES
from daypass.testing.issuer import HOST, Speak, StubIssuer

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_BLOCK = 65_536


class HostileIssuer(StubIssuer):
    """Answers as a good issuer does, but not where it is asked as one of ``KINDS``."""

    def __init__(self) -> None:
        super().__init__()
        self.over = Event()
        with socket.socket() as nobody:
            nobody.bind((HOST, 0))
            self._dead = nobody.getsockname()[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        super().__exit__(kind, error, trace)

    def become(self, kind: str, number: int = 0) -> str:
        """The URL of the issuer of a kind and a number, from now on. Its discovery document is a good one."""
        path = f"/{kind.replace(' ', '-')}/{number}"
        url = f"https://{HOST}:{self._dead if kind == DEAD else self.port}{path}"
        good = self.answers["/.well-known/openid-configuration"]
        assert isinstance(good, bytes), "the stub issuer's own document is fixed"
        told = json.loads(good) | {"issuer": url, "jwks_uri": f"{url}/jwks"}
        self.answers[f"{path}/.well-known/openid-configuration"] = msgspec.json.encode(told)
        if kind != DEAD:
            self.answers[f"{path}/jwks"] = KINDS[kind](self)
        return url

    def tokens(self, url: str, count: int, begin: int = 0) -> Iterator[str]:
        """Tokens of the issuer at ``url``, each naming a key that nobody has. What signs them is of no account."""
        rest = self.token(iss=url).partition(".")[2]
        for number in range(begin, begin + count):
            header = {"alg": "RS256", "typ": "JWT", "kid": f"none-{number}"}
            yield f"{urlsafe_b64encode(msgspec.json.encode(header)).decode().rstrip('=')}.{rest}"

    def asked(self, url: str) -> int:
        """How often the issuer at ``url`` was asked for its discovery document."""
        path = url.partition(f"{HOST}:{self.port}")[2]
        return self.requests.count(f"{path}/.well-known/openid-configuration")


def _silent(issuer: HostileIssuer) -> Speak:
    return lambda say: issuer.over.wait(60)


def _repeating(head: bytes, piece: bytes, pause: float) -> Callable[[HostileIssuer], Speak]:
    """``head``, and then ``piece`` after ``piece``, with ``pause`` seconds between two of them."""

    def speak(issuer: HostileIssuer) -> Speak:
        def answer(say: Callable[[bytes], object]) -> None:
            say(head)
            while not issuer.over.wait(pause):
                say(piece)

        return answer

    return speak


def _saying(make: Callable[[], bytes], head: bytes = _OK) -> Callable[[HostileIssuer], Speak]:
    """What ``make`` makes, with its length."""

    def speak(_: HostileIssuer) -> Speak:
        body = make()
        whole = b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
        return lambda say: say(whole)

    return speak


def _redirecting(issuer: HostileIssuer) -> Speak:
    return _saying(bytes, b"HTTP/1.1 302 Found\r\nLocation: %s/jwks\r\n" % issuer.url.encode())(issuer)


def _filled(value: bytes) -> bytes:
    """A document of the greatest size whose keys are ``value`` again and again."""
    begin, end = b'{"keys":[', b"]}"
    count = (LARGEST - len(begin) - len(end)) // (len(value) + 1)
    return begin + b",".join([value] * count) + end


def _dear_keys() -> bytes:
    """As many keys as are looked at, of the curve that costs most. Such a set is taken, and so asked for again."""
    numbers = generate_private_key(SECP521R1()).public_key().public_numbers()
    place = {name: _number(value) for name, value in (("x", numbers.x), ("y", numbers.y))}
    keys = [{"kty": "EC", "crv": "P-521", "kid": f"k{at}", **place} for at in range(MOST_ENTRIES)]
    return msgspec.json.encode({"keys": keys})


def _number(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes(66, "big")).decode().rstrip("=")


DEAD = "dead"
KINDS: dict[str, Callable[[HostileIssuer], Speak]] = {
    "silent": _silent,
    DEAD: _silent,  # nobody gets there
    "drip": _repeating(_OK + b"\r\n", b" ", 1.0),
    "crumbs": _repeating(_OK + b"Server: ", b"a", 0.0),
    "huge": _repeating(_OK + b'\r\n{"keys":[', b'{"kty":"RSA"},' * (_BLOCK // 14), 0.0),
    "provisional": _repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * (_BLOCK // 25), 0.0),
    "nested": _saying(lambda: b'{"keys":' + b"[" * (LARGEST - 8)),
    "gzip": _saying(lambda: gzip.compress(bytes(100 * LARGEST), 1), _OK + b"Content-Encoding: gzip\r\n"),
    "100,000 keys": _saying(lambda: _filled(b'{"k":""}')),
    "empty lists": _saying(lambda: _filled(b"[]")),
    "long numbers": _saying(lambda: _filled(b"9" * 4_300)),
    "dear keys": _saying(_dear_keys),
    "redirecting": _redirecting,
}
"""What each does where it is asked for its keys. ``crumbs`` are TLS records of one byte, as fast as they are taken;
``provisional`` never comes to a status that counts; the lists and numbers are what JSON costs most to read."""
