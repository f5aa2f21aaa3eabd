"""Outbound HTTP, all of it: documents of identity providers are fetched, and `daypass login` posts forms to them.

The URLs come from others: from whoever registers a provider, and then from the provider's own documents. So a request
is https only; goes to an address that was checked first, and to that very address; follows no redirect and no proxy;
takes no compressed answer, at most one mebibyte, within five seconds; and verifies the certificate.

# INVARIANT: 9. nobody makes daypass connect to what it would not, or wait longer than it would.
#   tests/adapters/test_fetch.py::test_no_url_leads_to_a_denied_address
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
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
"""From looking up the address to the last byte, whatever the server does in between."""

_URL = re.compile(
    r"https://(?P<host>\[[0-9a-f]{0,4}:[0-9a-f:.]{1,40}\]|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!-\[\]-~]*)?",
    re.ASCII | re.IGNORECASE,
)
ISSUERS_DOCUMENTS = "application/json, application/jwk-set+json, */*;q=0.1"
"""Some publish them as what they are, and for those alone who say that they take it: Kubernetes its key set."""

_LONGEST_URL = 2_048
_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})", re.IGNORECASE)
_MOST_PIECES = 4_096
_RESOLVERS = 64
"""Lookups of names at once. The system's may take several times as long as we wait, and cannot be cancelled."""

_LONGEST_REASON = 200
"""Characters of what went wrong: the other side may have worded it."""

Resolve = Callable[[str, int], list[str]]


class FetchFailed(Exception):
    """Nothing was fetched. The text says why, for the log.

    ``wrong_certificate``: the server's certificate is not trusted on these terms.
    """

    def __init__(self, why: str, *, wrong_certificate: bool = False) -> None:
        super().__init__(why)
        self.wrong_certificate = wrong_certificate


class Terms(NamedTuple):
    """Which servers are trusted, and where they may be.

    ``authorities`` (PEM) are trusted instead of the system's. ``thumbprints`` (SHA-1, hex) name certificates that are
    trusted where no authority vouches for the server's. ``private``: the server may be on a private or loopback
    address.
    """

    authorities: str = ""
    thumbprints: tuple[str, ...] = ()
    private: bool = False


class Fetched(NamedTuple):
    """A document. ``max_age``: the seconds in its Cache-Control header, None where there are none.

    ``by_thumbprint``: its server was trusted for the thumbprint of a certificate, not for an authority.
    """

    body: bytes
    max_age: int | None
    by_thumbprint: bool


class Answered(NamedTuple):
    """An answer of any status."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answered({self.status})"  # the body may be a token


def host_of(url: str) -> str | None:
    """The host of a URL that may be asked, in lower case and without brackets; None for any other URL."""
    form = _parsed(url)
    return _host(form) if form else None


def _parsed(url: str) -> re.Match[str] | None:
    return _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None


def _host(form: re.Match[str]) -> str:
    return form["host"].strip("[]").lower()


def resolve(host: str, port: int) -> list[str]:
    """The addresses of ``host``, as the system's resolver knows them.

    Raises:
        OSError: it has none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Fetches documents. Safe to use from any thread, and blocks it: never call it on the event loop."""

    def __init__(self, resolve: Resolve = resolve, resolvers: int = _RESOLVERS) -> None:
        self._resolve = resolve
        self._resolvers = ThreadPoolExecutor(resolvers, thread_name_prefix="resolve")

    def get(
        self,
        url: str,
        terms: Terms = Terms(),
        *,
        accept: str = ISSUERS_DOCUMENTS,
        seconds: float = SECONDS,
    ) -> Fetched:
        """The document at ``url``, preferably of the kind ``accept``, within ``seconds``.

        Raises:
            FetchFailed: there is none to be had on these terms.
        """
        place = self._place(url, terms, time.monotonic() + seconds)
        with _explained(place):
            try:
                return _document(place, trusting(terms.authorities), accept, by_thumbprint=False)
            except ssl.SSLCertVerificationError:
                anchor = shown_anchor(place, () if terms.authorities else terms.thumbprints)
                if anchor is None:
                    raise
                return _document(place, trusting(anchor, is_anchor=True), accept, by_thumbprint=True)

    def ask(self, url: str, terms: Terms = Terms()) -> Answered:
        """What ``url`` answers to GET, whatever its status. Thumbprints do not count here.

        Raises:
            FetchFailed: nothing, on these terms.
        """
        return self._answer(url, terms, "GET", None, {})

    def post(self, url: str, form: bytes, terms: Terms, authorization: str | None = None) -> Answered:
        """What ``url`` answers to a form, whatever its status. Thumbprints do not count here.

        Raises:
            FetchFailed: nothing, on these terms.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self._answer(url, terms, "POST", form, headers)

    def close(self) -> None:
        """End the threads that look up names."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _answer(self, url: str, terms: Terms, method: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        place = self._place(url, terms, time.monotonic() + SECONDS)
        headers = {"Accept": "application/json", **headers}
        with _explained(place), _asked(place, trusting(terms.authorities), method, body, headers) as response:
            return Answered(response.status, _read(response))

    def _place(self, url: str, terms: Terms, until: float) -> Place:
        """Where ``url`` leads: a host and one of its addresses, which may be connected to until the time is up.

        All addresses of the name must be allowed, not just one: a name that mixes allowed and denied ones is suspect.

        Raises:
            FetchFailed: it leads nowhere that may be asked.
        """
        form = _parsed(url)
        if form is None:
            raise FetchFailed("not an https URL of usual form")
        host, port = _host(form), int(form["port"] or 443)
        if not 0 < port < 65_536:
            raise FetchFailed("no such port")
        found = self._found(host, port, until)
        if not found or not all(is_allowed(address, private=terms.private) for address in found):
            raise FetchFailed(f"{host} is not at an address that may be asked")
        return Place(host, port, form["target"] or "/", found[0], until)

    def _found(self, host: str, port: int, until: float) -> list[str]:
        """The addresses of ``host``. Nobody looks up what nobody waits for: slow names would keep all others waiting.

        Raises:
            FetchFailed: it has none, or they were not found in time.
        """
        lookup = self._resolvers.submit(self._resolve, host, port)
        try:
            return lookup.result(seconds_left(until))
        except (OSError, UnicodeError, TimeoutError) as error:
            lookup.cancel()
            raise FetchFailed(f"{host} has no address: {_plain(error)}") from None


def _document(place: Place, context: ssl.SSLContext, accept: str, *, by_thumbprint: bool) -> Fetched:
    with _asked(place, context, "GET", None, {"Accept": accept}) as response:
        if response.status != 200:
            raise ValueError(f"answered {response.status}")
        age = _AGE.search(response.headers.get("Cache-Control", ""))
        return Fetched(_read(response), int(age[1]) if age else None, by_thumbprint)


@contextmanager
def _asked(
    place: Place, context: ssl.SSLContext, method: str, body: bytes | None, headers: Mapping[str, str]
) -> Iterator[Any]:
    """The response to one request, its body neither read nor decoded."""
    target = place.target if place.target.startswith("/") else f"/{place.target}"
    headers = {"Host": _host_header(place), "Accept-Encoding": "identity", **headers}
    with connected(place, context) as connection:
        connection.request(method, target, body, headers, preload_content=False, decode_content=False)
        yield connection.getresponse()


@contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Run the block; whatever goes wrong in it becomes one error that names the host and says what happened.

    Raises:
        FetchFailed: something went wrong.
    """
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise FetchFailed(f"{place.host}: {error.verify_message}", wrong_certificate=True) from None
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        raise FetchFailed(f"{place.host}: {type(error).__name__}: {_plain(error)}") from None


# INVARIANT: 7. what the other side says reaches no log and no terminal as it was said.
#   tests/adapters/test_fetch.py::test_what_another_says_goes_no_further
def _plain(error: Exception) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in str(error)[:_LONGEST_REASON])


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
