"""The only way out: https, for documents of identity providers; `daypass login` posts forms to them, too.

Everything that is asked was named by somebody else, in the end by whoever writes the issuer's documents. So: https
only, to an address that was judged and is connected to as judged, no redirects, no proxies, no encodings, one mebibyte
and five seconds at most, certificates verified.

# INVARIANT: 9. nobody makes daypass connect to what it would not, or wait longer than it would.
#   tests/adapters/test_fetch.py::test_no_url_leads_to_a_denied_address
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha1
from http.client import HTTPException
from threading import Timer
from typing import Any, NamedTuple

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from daypass.adapters.addresses import is_allowed

LARGEST = 1_048_576
"""Bytes of a document."""

SECONDS = 5.0
"""From the question for the address to the last byte, whatever the other side does in between."""

_URL = re.compile(
    r"https://(?P<host>\[[0-9a-f]{0,4}:[0-9a-f:.]{1,40}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!-\[\]-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_LONGEST_URL = 2_048
_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})", re.IGNORECASE)
_MOST_RECEIVED = LARGEST + 262_144
"""Bytes of a document with all that comes around it: headers, provisional answers, chunk sizes, trailers."""

_MOST_PIECES = 4_096
_RESOLVERS = 16
"""Names that are looked up at once: the system may take longer than we wait, and nobody can stop it."""

Resolve = Callable[[str, int], list[str]]


class FetchFailed(Exception):
    """There is no document. The text says why, for the log.

    ``wrong_certificate``: nobody vouches for the other side.
    """

    def __init__(self, why: str, *, wrong_certificate: bool = False) -> None:
        super().__init__(why)
        self.wrong_certificate = wrong_certificate


class Terms(NamedTuple):
    """On what terms the other side is asked.

    ``authorities`` (PEM) are trusted instead of the system's; ``thumbprints`` (SHA-1, hex) are of certificates that are
    trusted where the system's authorities vouch for nobody; ``private``: it may live on a private address.
    """

    authorities: str = ""
    thumbprints: tuple[str, ...] = ()
    private: bool = False


class Fetched(NamedTuple):
    """A document. ``max_age`` is for how many seconds it says to be fresh, None where it says nothing."""

    body: bytes
    max_age: int | None
    by_thumbprint: bool


class Posted(NamedTuple):
    """The answer to a form."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Posted({self.status})"  # the body may be a token


class _Place(NamedTuple):
    host: str
    port: int
    target: str
    address: str
    until: float


def host_of(url: str) -> str | None:
    """The host of a URL that may be asked, as it is asked; None: it is none."""
    form = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
    return form["host"].strip("[]").lower() if form else None


def resolve(host: str, port: int) -> list[str]:
    """The addresses of ``host``, by the system.

    Raises:
        OSError: it has none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Fetches documents. Safe to use from any thread, and blocks it: never call it on the event loop."""

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")

    def get(
        self,
        url: str,
        terms: Terms = Terms(),  # noqa: B008  an immutable value
        *,
        accept: str = "application/json",
        seconds: float = SECONDS,
    ) -> Fetched:
        """The document at ``url``, preferably of the kind ``accept``, within ``seconds``.

        Raises:
            FetchFailed: there is none to be had on these terms.
        """
        place = self._place(url, terms, time.monotonic() + seconds)
        with _told(place):
            try:
                return _ask(place, _context(terms.authorities), accept, by_thumbprint=False)
            except ssl.SSLCertVerificationError:
                anchor = _anchor(place, terms.thumbprints)
                if anchor is None:
                    raise
                return _ask(place, _context(anchor, is_anchor=True), accept, by_thumbprint=True)

    def post(self, url: str, form: bytes, terms: Terms, authorization: str | None = None) -> Posted:
        """What ``url`` answers to a form, whatever its status. Thumbprints do not count here.

        Raises:
            FetchFailed: nothing, on these terms.
        """
        place = self._place(url, terms, time.monotonic() + SECONDS)
        with _told(place):
            return _post(place, _context(terms.authorities), form, authorization)

    def close(self) -> None:
        """End the threads that look up names."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _place(self, url: str, terms: Terms, until: float) -> _Place:
        """Where ``url`` leads; judged, so that only this is left to be done.

        All addresses of the name must be allowed, not just one: who mixes them is up to something.
        """
        form = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
        if form is None:
            raise FetchFailed("not an https URL of usual form")
        host, port = form["host"].strip("[]").lower(), int(form["port"] or 443)
        if not 0 < port < 65_536:
            raise FetchFailed("no such port")
        try:
            found = self._resolvers.submit(self._resolve, host, port).result(_left(until))
        except (OSError, UnicodeError, TimeoutError) as error:
            raise FetchFailed(f"{host} has no address: {error}") from None
        if not found or not all(is_allowed(address, private=terms.private) for address in found):
            raise FetchFailed(f"{host} is not at an address that may be asked")
        return _Place(host, port, form["target"] or "/", found[0], until)


def _ask(place: _Place, context: ssl.SSLContext, accept: str, *, by_thumbprint: bool) -> Fetched:
    with _connected(place, context) as connection:
        connection.request("GET", _target(place), headers=_headers(place, accept), **_AS_IT_COMES)
        response = connection.getresponse()
        if response.status != 200:
            raise ValueError(f"answered {response.status}")
        age = _AGE.search(response.headers.get("Cache-Control", ""))
        return Fetched(_read(response), int(age[1]) if age else None, by_thumbprint)


def _post(place: _Place, context: ssl.SSLContext, form: bytes, authorization: str | None) -> Posted:
    headers = _headers(place, "application/json") | {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization is not None:
        headers["Authorization"] = authorization
    with _connected(place, context) as connection:
        connection.request("POST", _target(place), form, headers, **_AS_IT_COMES)
        response = connection.getresponse()
        return Posted(response.status, _read(response))


_AS_IT_COMES: Any = {"preload_content": False, "decode_content": False}


def _target(place: _Place) -> str:
    return place.target if place.target.startswith("/") else f"/{place.target}"


def _headers(place: _Place, accept: str) -> dict[str, str]:
    return {"Host": _host_header(place), "Accept": accept, "Accept-Encoding": "identity"}


@contextmanager
def _told(place: _Place) -> Iterator[None]:
    """Whatever goes wrong in the block, in our words.

    Raises:
        FetchFailed: something did.
    """
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise FetchFailed(f"{place.host}: {error.verify_message}", wrong_certificate=True) from None
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        raise FetchFailed(f"{place.host}: {type(error).__name__}: {error}") from None


def _read(response: Any) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("answered in an encoding that was not asked for")
    if int(response.headers.get("Content-Length") or 0) > LARGEST:
        raise ValueError("the document is too large")
    body, pieces = bytearray(), 0
    while chunk := response.read1(65_536):
        body += chunk
        pieces += 1
        if len(body) > LARGEST or pieces > _MOST_PIECES:
            raise ValueError("the document is too large, or in too many pieces")
    if response.length_remaining:
        raise ValueError("the document was cut off")
    return bytes(body)


def _host_header(place: _Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return host if place.port == 443 else f"{host}:{place.port}"


class _Metered(ssl.SSLSocket):
    """A connection over which no more comes than a document needs, whatever it is called."""

    _received = 0

    def recv_into(self, *arguments: Any) -> int:
        got: int = super().recv_into(*arguments)
        self._received += got
        if self._received > _MOST_RECEIVED:
            raise OSError("sent too much")
        return got


class _Connection(HTTPSConnection):
    """A connection that another thread can cut at any time, in the middle of the TLS handshake too."""

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
def _connected(place: _Place, context: ssl.SSLContext) -> Iterator[_Connection]:
    """A connection that is cut when the time is up, whatever the other side does with it."""
    left = _left(place.until)
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


def _left(until: float) -> float:
    """Seconds that are left.

    Raises:
        TimeoutError: none.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("took too long")
    return left


def _context(authorities: str = "", *, is_anchor: bool = False) -> ssl.SSLContext:
    """What is trusted: the system's authorities, or these alone. ``is_anchor``: it need not be a root."""
    context = ssl.create_default_context(cadata=authorities or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Metered
    if is_anchor:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _anchor(place: _Place, thumbprints: tuple[str, ...]) -> str | None:
    """The certificate (PEM) among those that the other side shows which has one of the ``thumbprints``.

    Nothing is asked over this connection: that it shows a certificate proves nothing. The next one is verified up to
    it.
    """
    if not thumbprints:
        return None
    context = _context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with _connected(place, context) as connection:
        shown = _shown_certificates(connection.sock)
    for certificate in shown:
        if sha1(certificate, usedforsecurity=False).hexdigest() in thumbprints:
            return ssl.DER_cert_to_PEM_cert(certificate)
    return None


def _shown_certificates(sock: Any) -> list[bytes]:
    """The chain as it was sent. Public from Python 3.13 on."""
    if hasattr(sock, "get_unverified_chain"):
        return list(sock.get_unverified_chain() or ())
    return [ssl.PEM_cert_to_DER_cert(shown.public_bytes()) for shown in sock._sslobj.get_unverified_chain() or ()]  # noqa: SLF001
