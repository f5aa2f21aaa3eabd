"""The only way out, against servers that mean ill."""

from __future__ import annotations

import gzip
import inspect
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.connection import MOST_PROVISIONAL
from daypass.adapters.fetch import LARGEST, Fetcher, FetchFailed, Terms
from tests.adapters.outside import Authority, Server, connections, thumbprint
from tests.adapters.urls import LOOKUPS, URLS

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BRIEFLY = 0.4
"""Seconds that these tests wait instead of five."""
UNHURRIED = 4.0
"""Seconds that a busy machine may take longer, where the other side would never come to an end."""


@pytest.fixture(scope="module")
def fetcher() -> Iterator[Fetcher]:
    one = Fetcher()
    yield one
    one.close()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def answer(body: bytes, head: bytes = OK) -> Callable[[Any], None]:
    return lambda connection: connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def failure(fetcher: Fetcher, url: str, terms: Terms, seconds: float = BRIEFLY) -> FetchFailed:
    with pytest.raises(FetchFailed) as failed:
        fetcher.get(url, terms, seconds=seconds)
    return failed.value


# ── where ────────────────────────────────────────────────────────────────────────────────────────────


def _resolve(host: str, port: int) -> list[str]:
    """As the system does, without asking anybody: numbers in any spelling, and the names of the table."""
    if host in LOOKUPS:
        return LOOKUPS[host]
    numeric = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(found[4][0]) for found in numeric]


@pytest.mark.parametrize("url", URLS)
def test_no_url_leads_to_a_denied_address(url: str) -> None:
    """Whatever the URL looks like, and whatever its name resolves to, no connection is so much as begun."""
    fetcher = Fetcher(_resolve)
    with connections() as seen:
        for accept in ("application/json", "application/samlmetadata+xml"):
            with pytest.raises(FetchFailed):
                fetcher.get(url, Terms(), accept=accept)
    fetcher.close()
    assert seen == []


def test_a_name_that_changes_its_mind_leads_to_what_was_judged() -> None:
    """It is looked up once, and the connection goes to the address that was allowed."""
    answers = [["1.1.1.1"], ["127.0.0.1"], ["169.254.169.254"]]
    fetcher = Fetcher(lambda host, port: answers.pop(0))
    with connections() as seen, pytest.raises(FetchFailed):
        fetcher.get("https://rebinding.example/")
    fetcher.close()
    assert seen == [("1.1.1.1", 443)]
    assert len(answers) == 2


def test_a_redirect_leads_nowhere(fetcher: Fetcher, authority: Authority, tmp_path: Path) -> None:
    """Whatever its status says, and wherever it points."""
    certificate, _ = authority.server(tmp_path)
    for status in (301, 302, 303, 307, 308):
        head = b"HTTP/1.1 %d Go\r\nLocation: https://169.254.169.254/latest/\r\n" % status
        with Server(answer(b"{}", head), certificate) as server, connections(server.port) as seen:
            failure(fetcher, server.url, Terms(authority.pem, private=True), 5)
            assert seen == [("127.0.0.1", server.port)]


def test_a_document_comes_as_it_was_sent(fetcher: Fetcher, authority: Authority, tmp_path: Path) -> None:
    """With how long it says to be fresh."""
    certificate, _ = authority.server(tmp_path)
    with Server(answer(b'{"a": 1}', OK + b"Cache-Control: public, max-age=1234\r\n"), certificate) as server:
        found = fetcher.get(f"{server.url}/x?y", Terms(authority.pem, private=True))
    assert (found.body, found.max_age, found.by_thumbprint) == (b'{"a": 1}', 1_234, False)


# ── how long, how much ───────────────────────────────────────────────────────────────────────────────

HELLO = b"\x16\x03\x03\x40\x00"
"""The beginning of a TLS record of 16 KiB."""

SLOW: dict[str, tuple[bool, bytes, bytes]] = {
    "nothing at all": (False, b"", b""),
    "a handshake, byte by byte": (False, HELLO, b"\x02"),
    "no answer": (True, b"", b""),
    "a status line, byte by byte": (True, b"HTTP/1.1 200 ", b"O"),
    "a header, byte by byte": (True, OK + b"X-A: ", b"a"),
    "headers without end": (True, OK, b"X-A: a\r\n"),
    "provisional answers without end": (True, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body, byte by byte": (True, OK + b"Content-Length: 1000\r\n\r\n{", b" "),
    "a body without length, byte by byte": (True, OK + b"\r\n{", b" "),
    "chunks, byte by byte": (True, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's size, byte by byte": (True, OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers without end": (True, OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X-A: a\r\n"),
}


@pytest.mark.parametrize("case", SLOW)
def test_no_server_holds_a_thread_longer_than_it_may(
    case: str, fetcher: Fetcher, authority: Authority, tmp_path: Path
) -> None:
    """It says something now and then, and never comes to an end: the time is up all the same."""
    secure, first, then = SLOW[case]
    certificate = authority.server(tmp_path)[0] if secure else None
    server = Server(lambda connection: None, certificate)
    server._speak = server.drip(first, then)
    with server:
        began = time.monotonic()
        failure(fetcher, server.url, Terms(authority.pem, private=True))
        assert time.monotonic() - began < BRIEFLY + UNHURRIED


def test_the_time_is_for_all_connections_together(fetcher: Fetcher, tmp_path: Path) -> None:
    """Where a thumbprint has to vouch, three are made."""
    authority = Authority()
    certificate, _ = authority.server(tmp_path)
    server = Server(lambda connection: None, certificate)
    server._speak = server.drip(b"", b"")
    with server:
        began = time.monotonic()
        failure(fetcher, server.url, Terms(thumbprints=(thumbprint(authority.certificate),), private=True), 1.0)
        assert time.monotonic() - began < 1.9


def test_five_seconds_is_what_there_is() -> None:
    """The tests here wait less; the product waits five seconds at most."""
    assert inspect.signature(Fetcher.get).parameters["seconds"].default == 5.0


def test_a_name_that_takes_long_to_look_up_is_given_up() -> None:
    """The thread that asks the system cannot be stopped, and is not waited for."""
    answered = threading.Event()
    fetcher = Fetcher(lambda host, port: ["1.1.1.1"] if answered.wait(30) else [])
    said = str(failure(fetcher, "https://slow.example/", Terms(), 0.2))
    assert said.startswith("slow.example has no address")
    assert not answered.is_set()
    answered.set()
    fetcher.close()


def test_a_lookup_that_was_given_up_before_it_began_is_never_made() -> None:
    """Slow names keep all threads for as long as the system likes, and what waits behind them does not pile up."""
    asked: list[str] = []
    goes_on = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        asked.append(host)
        goes_on.wait(30)
        return ["1.1.1.1"]

    fetcher = Fetcher(slow, resolvers=2)
    for at in range(5):
        failure(fetcher, f"https://slow{at}.example/", Terms(), 0.05)
    goes_on.set()
    fetcher._resolvers.shutdown(wait=True)
    assert asked == ["slow0.example", "slow1.example"]


_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b" " * 100_000_000, 1)


def much(head: bytes, piece: bytes, size: int = 100_000_000, most: int = 65_536) -> Callable[[Any], None]:
    """``head``, and then ``size`` bytes of ``piece`` and ``piece``, at ``most`` so many at once."""

    def speak(connection: Any) -> None:
        connection.sendall(head)
        block = piece * (most // len(piece))
        for _ in range(size // len(block)):
            connection.sendall(block)

    return speak


BAD: dict[str, Callable[[Any], None]] = {
    "100 MB, told so": much(OK + b"Content-Length: 100000000\r\n\r\n", b" "),
    "100 MB, not told": much(OK + b"\r\n", b" "),
    "100 MB in one chunk": much(_CHUNKED + b"5f5e100\r\n", b" "),
    "100 MB in small chunks": much(_CHUNKED, b"1\r\n \r\n"),
    "100 MB of a chunk's size": much(_CHUNKED, b"0"),
    "100 MB of trailers": much(_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-A: a\r\n"),
    "100 MB of provisional answers": much(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 MB, byte by byte": much(OK + b"X-A: ", b"a", most=1),
    "100 MB of headers": much(OK, b"X-A: a\r\n"),
    "100 MB of one header": much(OK + b"X-A: ", b"a"),
    "a gzip bomb": answer(BOMB, OK + b"Content-Encoding: gzip\r\n"),
    "an encoding in other letters": answer(BOMB, OK + b"content-encoding: GZIP\r\n"),
    "two encodings": answer(b"{}", OK + b"Content-Encoding: identity, gzip\r\n"),
    "a body of one byte too many": answer(b" " * (LARGEST + 1)),
    "a body that is cut off": lambda c: c.sendall(OK + b"Content-Length: 10\r\n\r\n{}"),
    "chunks that are cut off": lambda c: c.sendall(_CHUNKED + b"10\r\n{}"),
    "a chunk of a size that is none": lambda c: c.sendall(_CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "a length that is none": lambda c: c.sendall(OK + b"Content-Length: many\r\n\r\n{}"),
    "a length below zero": much(OK + b"Content-Length: -1\r\n\r\n", b" "),
    "no HTTP": lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "an old HTTP": lambda c: c.sendall(b"{}"),
    "HTTP/2": lambda c: c.sendall(b"\0\0\x12\4\0\0\0\0\0" * 10),
    "a status that is none": lambda c: c.sendall(b"HTTP/1.1 OK\r\n\r\n{}"),
    "headers that are none": answer(b"{}", OK + b"no colon\r\n"),
    "headers that end early for some readers": answer(b"{}", OK + b"A: b\r\n\rB: c\r\n"),
    "nothing": lambda c: None,
    "nothing but zeros": much(b"", b"\0"),
    **{
        f"status {status}": answer(b"{}", b"HTTP/1.1 %d X\r\n" % status)
        for status in (201, 203, 204, 206, 300, 304, 400, 401, 403, 404, 500, 503)
    },
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_document_is_none_and_costs_little(
    case: str, fetcher: Fetcher, authority: Authority, tmp_path: Path
) -> None:
    """It is refused as a failed fetch and nothing else, and no more of it is held than a document may have."""
    certificate, _ = authority.server(tmp_path)
    with Server(BAD[case], certificate) as server:
        tracemalloc.start()
        began = time.thread_time()
        failure(fetcher, server.url, Terms(authority.pem, private=True), 5)
        spent, peak = time.thread_time() - began, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 6 * LARGEST
    assert spent < 4.0  # tracing makes it three times as much


@pytest.mark.parametrize(
    ("case", "why"), [("100 MB, byte by byte", "too many pieces"), ("100 MB of provisional answers", "too many provis")]
)
def test_what_costs_more_than_its_bytes_is_cut_by_number(
    case: str, why: str, fetcher: Fetcher, authority: Authority, tmp_path: Path
) -> None:
    """A byte a TLS record could keep a core busy for all the time there is; an answer takes longer than its bytes."""
    certificate, _ = authority.server(tmp_path)
    with Server(BAD[case], certificate) as server:
        began = time.thread_time()
        assert why in str(failure(fetcher, server.url, Terms(authority.pem, private=True), 5))
        assert time.thread_time() - began < 1.0


def test_a_few_provisional_answers_come_before_the_one_that_counts(
    fetcher: Fetcher, authority: Authority, tmp_path: Path
) -> None:
    """A client must be able to read them, also where it did not ask for them (RFC 9110, section 15.2)."""
    certificate, _ = authority.server(tmp_path)
    with Server(answer(b"{}", b"HTTP/1.1 100 Continue\r\n\r\n" * MOST_PROVISIONAL + OK), certificate) as server:
        assert fetcher.get(server.url, Terms(authority.pem, private=True)).body == b"{}"


# ── what is told of it ───────────────────────────────────────────────────────────────────────────────

CLEAR = b"\x1b[2J\x1b]0;owned\x07\x9b31m"
"""What makes a terminal do things."""
RUDE: dict[str, bytes] = {
    "instead of HTTP": CLEAR + b"A" * 60_000 + b"\r\n\r\n",
    "as version": b"HTTP/" + CLEAR + b" 200 OK\r\n\r\n",
    "as status": b"HTTP/1.1 " + CLEAR + b" OK\r\n\r\n",
    "as length": OK + b"Content-Length: " + CLEAR + b"\r\n\r\n",
    "as encoding": OK + b"Content-Encoding: " + CLEAR + b"\r\n\r\n",
    "as size of a chunk": _CHUNKED + CLEAR + b"\r\n",
    "among the headers": OK + CLEAR + b"\r\nB: c\r\n" + b"A" * 60_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("case", RUDE)
def test_what_another_says_goes_no_further(
    case: str, fetcher: Fetcher, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It moves no cursor where the failure is read, fills no log, and no log repeats the URL, which may be secret."""
    certificate, _ = authority.server(tmp_path)
    with Server(lambda c: c.sendall(RUDE[case]), certificate) as server, caplog.at_level(0):
        said = str(failure(fetcher, f"{server.url}/?token=secret", Terms(authority.pem, private=True), 5))
    assert said.isprintable()
    assert len(said) < 500
    assert "secret" not in said + caplog.text
    assert len(caplog.text) < 500


# ── with whom ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_nobody_speaks_without_a_certificate_of_a_trusted_authority(
    fetcher: Fetcher, authority: Authority, tmp_path: Path
) -> None:
    """Another's, one for another host, one that is over or has not begun, and an old TLS are refused alike."""
    now, day = datetime.now(UTC), timedelta(days=1)
    other = Authority()
    cases: dict[str, tuple[Path, Any]] = {
        "another's": (other.server(tmp_path)[0], None),
        "another's of the same name, with the trusted one behind": (
            other.server(tmp_path, more=[authority.certificate])[0],
            None,
        ),
        "for another host": (authority.server(tmp_path, "localhost")[0], None),
        "for another address": (authority.server(tmp_path, "127.0.0.2")[0], None),
        "over": (authority.server(tmp_path, begins=now - 2 * day, ends=now - day)[0], None),
        "not begun": (authority.server(tmp_path, begins=now + day / 2, ends=now + day)[0], None),
        "TLS 1.1": (authority.server(tmp_path)[0], ssl.TLSVersion.TLSv1_1),
    }
    for case, (certificate, version) in cases.items():
        with Server(answer(b"{}"), certificate, version) as server:
            failed = failure(fetcher, server.url, Terms(authority.pem, private=True), 5)
            assert failed.wrong_certificate == (version is None), case


def test_a_thumbprint_vouches_for_what_it_names_and_all_below(fetcher: Fetcher, tmp_path: Path) -> None:
    """The root, an authority between, the server's own certificate: each is enough, in a chain that really holds."""
    root = Authority("root")
    between = Authority("between", root)
    certificate, shown = between.server(tmp_path)
    with Server(answer(b"{}"), certificate) as server:
        for anchor in shown:
            found = fetcher.get(server.url, Terms(thumbprints=("0" * 40, thumbprint(anchor)), private=True))
            assert (found.body, found.by_thumbprint) == (b"{}", True)
        failed = failure(fetcher, server.url, Terms(thumbprints=("0" * 40,), private=True), 5)
        assert failed.wrong_certificate


def test_a_thumbprint_does_not_vouch_for_a_chain_that_only_shows_it(fetcher: Fetcher, tmp_path: Path) -> None:
    """Whoever puts the trusted certificate behind his own chain, or takes its name, is a stranger still."""
    trusted, now, day = Authority("root"), datetime.now(UTC), timedelta(days=1)
    terms = Terms(thumbprints=(thumbprint(trusted.certificate),), private=True)
    real_leaf = trusted.server(tmp_path)[1][0]
    cases = {
        "behind a chain of another": Authority("other").server(tmp_path, more=[trusted.certificate])[0],
        "behind a chain of one who took the name": Authority("root").server(tmp_path, more=[trusted.certificate])[0],
        "with a leaf of the trusted behind": Authority("root").server(tmp_path, more=[real_leaf, trusted.certificate])[
            0
        ],
        "of the trusted, for another host": trusted.server(tmp_path, "localhost")[0],
        "of the trusted, and over": trusted.server(tmp_path, begins=now - 2 * day, ends=now - day)[0],
    }
    for case, certificate in cases.items():
        with Server(answer(b"{}"), certificate) as server, connections(server.port):
            failed = failure(fetcher, server.url, terms, 5)
            assert failed.wrong_certificate, case


def test_a_self_signed_certificate_is_trusted_by_its_thumbprint(fetcher: Fetcher, tmp_path: Path) -> None:
    """As small issuers have them: one certificate, and nobody above it."""
    from tests.adapters.selfsigned import self_signed

    certificate, print_of_it = self_signed(tmp_path)
    with Server(answer(b"{}"), certificate) as server:
        assert fetcher.get(server.url, Terms(thumbprints=(print_of_it,), private=True)).by_thumbprint
        assert failure(fetcher, server.url, Terms(private=True), 5).wrong_certificate


def test_where_authorities_are_given_they_alone_count(fetcher: Fetcher, authority: Authority, tmp_path: Path) -> None:
    """Whoever may write thumbprints does not set aside the authority that the operator has named."""
    other = Authority("other")
    terms = Terms(authority.pem, (thumbprint(other.certificate),), private=True)
    with Server(answer(b"{}"), other.server(tmp_path)[0]) as server, connections(server.port) as seen:
        assert failure(fetcher, server.url, terms, 5).wrong_certificate
    assert len(seen) == 1


@pytest.mark.parametrize(
    "authorities", [" ", "none", "\u00e9", "\0", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_authorities_that_are_none_vouch_for_nobody(
    fetcher: Fetcher, authority: Authority, tmp_path: Path, authorities: str
) -> None:
    """They do not stand for the system's, and nothing is asked."""
    with Server(answer(b"{}"), authority.server(tmp_path)[0]) as server, connections(server.port) as seen:
        failure(fetcher, server.url, Terms(authorities, private=True), 5)
    assert seen == []
