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
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, NamedTuple

from urllib3.exceptions import HTTPError

from daypass.adapters.addresses import is_allowed
from daypass.adapters.connection import Place, connected, seconds_left, shown_anchor, trusting

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


class Answered(NamedTuple):
    """The answer to a form."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answered({self.status})"  # the body may be a token


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
                return _ask(place, trusting(terms.authorities), accept, by_thumbprint=False)
            except ssl.SSLCertVerificationError:
                anchor = shown_anchor(place, terms.thumbprints)
                if anchor is None:
                    raise
                return _ask(place, trusting(anchor, is_anchor=True), accept, by_thumbprint=True)

    def ask(self, url: str, terms: Terms = Terms()) -> Answered:  # noqa: B008  an immutable value
        """What ``url`` answers, whatever its status. Thumbprints do not count here.

        Raises:
            FetchFailed: nothing, on these terms.
        """
        place = self._place(url, terms, time.monotonic() + SECONDS)
        with _told(place), connected(place, trusting(terms.authorities)) as connection:
            connection.request("GET", _target(place), headers=_headers(place, "application/json"), **_AS_IT_COMES)
            response = connection.getresponse()
            return Answered(response.status, _read(response))

    def post(self, url: str, form: bytes, terms: Terms, authorization: str | None = None) -> Answered:
        """What ``url`` answers to a form, whatever its status. Thumbprints do not count here.

        Raises:
            FetchFailed: nothing, on these terms.
        """
        place = self._place(url, terms, time.monotonic() + SECONDS)
        with _told(place):
            return _post(place, trusting(terms.authorities), form, authorization)

    def close(self) -> None:
        """End the threads that look up names."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _place(self, url: str, terms: Terms, until: float) -> Place:
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
            found = self._resolvers.submit(self._resolve, host, port).result(seconds_left(until))
        except (OSError, UnicodeError, TimeoutError) as error:
            raise FetchFailed(f"{host} has no address: {error}") from None
        if not found or not all(is_allowed(address, private=terms.private) for address in found):
            raise FetchFailed(f"{host} is not at an address that may be asked")
        return Place(host, port, form["target"] or "/", found[0], until)


def _ask(place: Place, context: ssl.SSLContext, accept: str, *, by_thumbprint: bool) -> Fetched:
    with connected(place, context) as connection:
        connection.request("GET", _target(place), headers=_headers(place, accept), **_AS_IT_COMES)
        response = connection.getresponse()
        if response.status != 200:
            raise ValueError(f"answered {response.status}")
        age = _AGE.search(response.headers.get("Cache-Control", ""))
        return Fetched(_read(response), int(age[1]) if age else None, by_thumbprint)


def _post(place: Place, context: ssl.SSLContext, form: bytes, authorization: str | None) -> Answered:
    headers = _headers(place, "application/json") | {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization is not None:
        headers["Authorization"] = authorization
    with connected(place, context) as connection:
        connection.request("POST", _target(place), form, headers, **_AS_IT_COMES)
        response = connection.getresponse()
        return Answered(response.status, _read(response))


_AS_IT_COMES: Any = {"preload_content": False, "decode_content": False}


def _target(place: Place) -> str:
    return place.target if place.target.startswith("/") else f"/{place.target}"


def _headers(place: Place, accept: str) -> dict[str, str]:
    return {"Host": _host_header(place), "Accept": accept, "Accept-Encoding": "identity"}


@contextmanager
def _told(place: Place) -> Iterator[None]:
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


def _host_header(place: Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return host if place.port == 443 else f"{host}:{place.port}"
