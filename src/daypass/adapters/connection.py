"""TLS connections to an address that was checked before, cut when the time is up.

The server's certificate is verified against the system's authorities, against others that were given, or against the
one certificate of its chain that has a given thumbprint.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha1
from http.client import HTTPResponse
from threading import Timer
from typing import Any, NamedTuple

from urllib3.connection import HTTPSConnection

MOST_RECEIVED = 1_310_720
"""Bytes of a document with all that comes around it: headers, provisional answers, chunk sizes, trailers."""

MOST_RECEIVES = 4_096
"""In how many pieces they may come. Each costs more time than the bytes in it."""

MOST_PROVISIONAL = 16
"""Answers before the one that counts (RFC 9110, section 15.2)."""


class Place(NamedTuple):
    """Where to connect to, and until when (monotonic seconds)."""

    host: str
    port: int
    target: str
    address: str
    until: float


class _Metered(ssl.SSLSocket):
    """A TLS socket that fails once more was received than a document, with everything around it, can need."""

    _received = _receives = 0

    def recv_into(self, *arguments: Any) -> int:
        got: int = super().recv_into(*arguments)
        self._received += got
        self._receives += 1
        if self._received > MOST_RECEIVED or self._receives > MOST_RECEIVES:
            raise OSError("sent too much, or in too many pieces")
        return got


class _Response(HTTPResponse):
    """An answer whose headers can be read. The library would log what it cannot read of them, and the URL."""

    _statuses = 0

    def _read_status(self) -> Any:
        self._statuses += 1
        if self._statuses > MOST_PROVISIONAL + 1:
            raise ValueError("too many provisional answers")
        return super()._read_status()  # type: ignore[misc]  # the library declares it nowhere

    def begin(self) -> None:
        super().begin()
        if self.msg.defects or self.msg.get_payload():
            raise ValueError("headers that cannot be read")


class _Connection(HTTPSConnection):
    """A connection that another thread can cut at any time, in the middle of the TLS handshake too."""

    response_class = _Response
    is_cut = False
    _plain: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        self._plain = made.dup()  # TLS takes the descriptor away from ``made``
        if self.is_cut:
            made.close()
            raise TimeoutError
        return made

    def cut(self) -> None:
        """Wake whoever waits for the other side."""
        self.is_cut = True
        self._shut_down()

    def end(self) -> None:
        """Close the connection, also where an answer that is not read to its end holds on to it."""
        self._shut_down()
        if self._plain is not None:
            self._plain.close()
        self.close()

    def _shut_down(self) -> None:
        if self._plain is not None:
            with suppress(OSError):  # the other side was faster
                self._plain.shutdown(socket.SHUT_RDWR)


# INVARIANT: 9. however slowly the other side speaks, a thread is back in time.
#   tests/adapters/test_fetch.py::test_no_server_holds_a_thread_longer_than_it_may
@contextmanager
def connected(place: Place, context: ssl.SSLContext) -> Iterator[_Connection]:
    """A connection that is cut when the time of ``place`` is up, whatever the server does.

    Raises:
        TimeoutError: it was cut.
    """
    left = seconds_left(place.until)
    connection = _Connection(
        place.address,
        place.port,
        timeout=left,
        ssl_context=context,
        server_hostname=place.host,
        assert_hostname=None if context.check_hostname else False,  # None: ``context`` compares it
    )
    cut = Timer(left, connection.cut)
    cut.daemon = True
    cut.start()
    try:
        connection.connect()
        yield connection
    finally:
        cut.cancel()
        connection.end()
        if connection.is_cut:  # what was read may be half of it, and what was raised says nothing
            raise TimeoutError("took too long")


def seconds_left(until: float) -> float:
    """Seconds until the monotonic time ``until``.

    Raises:
        TimeoutError: none are left.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("took too long")
    return left


def trusting(authorities: str = "", *, is_anchor: bool = False) -> ssl.SSLContext:
    """A context that trusts the system's authorities, or ``authorities`` (PEM) alone.

    ``is_anchor``: the given certificate is trusted although it may be no root.

    Raises:
        ValueError, OSError: these are no certificates (PEM).
    """
    if not authorities.isascii():
        raise ValueError("authorities that are no certificates")
    context = ssl.create_default_context(cadata=authorities or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Metered
    if is_anchor:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def shown_anchor(place: Place, thumbprints: tuple[str, ...]) -> str | None:
    """The certificate (PEM) in the server's chain that has one of the ``thumbprints``; None: there is none.

    A server that shows a certificate has not proved anything yet, so nothing is asked over this connection. The next
    one is verified with this certificate as its trust anchor.
    """
    if not thumbprints:
        return None
    context = trusting()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connected(place, context) as connection:
        shown = _shown_certificates(connection.sock)
    for certificate in shown:
        if sha1(certificate, usedforsecurity=False).hexdigest() in thumbprints:
            return ssl.DER_cert_to_PEM_cert(certificate)
    return None


def _shown_certificates(sock: Any) -> list[bytes]:
    """The chain as it was sent. Public from Python 3.13 on."""
    if hasattr(sock, "get_unverified_chain"):
        return list(sock.get_unverified_chain() or ())
    return [ssl.PEM_cert_to_DER_cert(shown.public_bytes()) for shown in sock._sslobj.get_unverified_chain() or ()]  # noqa: SLF001  the only way
