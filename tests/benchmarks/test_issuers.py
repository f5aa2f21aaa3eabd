"""The pieces of `./dev bench issuers`: the floods are what they are called, and waiting is measured as it is felt."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.actions import signed_in
from benchmarks.hostile import KINDS, HostileIssuer
from benchmarks.issuers import FLOODS, FORGED, NOBODY, QUIET, UNKNOWN, Target, forged, register
from benchmarks.load import Request, raw
from benchmarks.paced import ask, send
from benchmarks.servers import Server
from daypass.adapters import issuer_keys
from daypass.adapters.fetch import Fetcher, FetchFailed, Terms
from daypass.adapters.issuer_keys import fetch_key_set
from daypass.errors import Malformed
from daypass.testing.local import ENDPOINT, LocalDaypass, raw_request
from tests.calling import element

HARM = {
    "silent": "took too long",
    "dead": "refused",
    "drip": "took too long",
    "crumbs": "too many pieces",
    "huge": "too large",
    "provisional": "provisional",
    "nested": "values",
    "gzip": "encoding",
    "100,000 keys": "values",
    "empty lists": "values",
    "long numbers": "too long",
    "dear keys": "",
    "redirecting": "answered 302",
}
"""What is said of each kind; nothing: its keys are taken."""


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits five seconds for an issuer."""
    monkeypatch.setattr(issuer_keys, "SECONDS", 0.5)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("kind", KINDS)
def test_an_issuer_does_the_harm_that_it_is_called_by(kind: str) -> None:
    """It is asked for its keys, and comes to nothing in its own way."""
    with HostileIssuer() as issuer:
        url, terms, fetcher = issuer.become(kind), Terms(issuer.authority, private=True), Fetcher()
        try:
            assert not any(fetch_key_set(fetcher, url.removeprefix("https://"), terms)[0].keys.values())
            said = ""
        except (FetchFailed, Malformed) as error:
            said = str(error)
        fetcher.close()
        assert HARM[kind] in said
        assert bool(said) == bool(HARM[kind])
        assert issuer.asked(url) == (kind != "dead")


@pytest.mark.usefixtures("hurried")
def test_floods_prove_nothing_each_in_its_own_way() -> None:
    """References and what is compared with them are refused alike; only what was misbehaved about differs."""
    with HostileIssuer() as issuer, LocalDaypass() as local:
        for kind in KINDS:
            register(local, issuer, kind)
        role = f"arn:aws:iam::{local.account}:role/bench"
        target = Target(Server("local", ENDPOINT, 0, role=role), issuer, signed_in(local))
        said = {}
        for name in FLOODS:
            requests = target.flood(name, 0, 2)
            assert len(requests) == (0 if name == QUIET else 2)
            answers = [local.serve(_raw(request)) for request in requests]
            assert {element(answer, "Code") for answer in answers} <= {"InvalidIdentityToken"}, name
            said[name] = {element(answer, "Message") for answer in answers}
        assert said[UNKNOWN] == {"No OpenIDConnect provider found in your account for https://unknown.example"}
        assert said[NOBODY] == {"Specified provider doesn't exist."}
        assert said[FORGED] == {"Response signature invalid"}
        assert all("retrieve verification key" in text for kind in KINDS for text in said[kind])
        assert 60_000 < len(b64decode(forged(target.signed_in))) < 66_000


def _raw(request: Request) -> object:
    head, _, body = raw(request).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return raw_request(*first.split(" ")[:2], [line.split(": ", 1) for line in lines], body)


@contextmanager
def answering(answer: Callable[[int, str], tuple[int, bytes]]) -> Iterator[Request]:
    """A request to a server that answers the n-th one, which comes from an address, so."""
    count = iter(range(1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answer(next(count), self.client_address[0])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Request(f"http://127.0.0.1:{server.server_address[1]}/", {}, b"body")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_questions_behind_a_slow_one_have_waited_too() -> None:
    """Whoever is due while an answer is late waits since then: one long stop is felt by all who came in it."""

    def answer(number: int, _: str) -> tuple[int, bytes]:
        time.sleep(0.2 if number == 3 else 0)
        return 200, b""

    with answering(answer) as request:
        spent = ask(request, 12, 0.02)
    assert len(spent) == 12
    assert spent[3] > 0.19
    assert spent[4] > 0.17
    assert spent[8] > 0.09


def test_a_caller_who_is_refused_is_no_measurement() -> None:
    """His times would be those of a refusal."""
    with answering(lambda *_: (400, b"")) as request, pytest.raises(RuntimeError):
        ask(request, 2, 0.001)


def test_strangers_do_not_wait_for_each_other() -> None:
    """Each comes when he is due, from the address that he is to have, and is counted by what he was told."""
    seen = set()

    def answer(number: int, address: str) -> tuple[int, bytes]:
        seen.add(address)
        time.sleep(0.3)
        return (503, b"") if number == 0 else (400, b"<Error><Code>Throttling</Code></Error>")

    with answering(answer) as request:
        began = time.monotonic()
        assert send([request] * 10, "127.0.3.4", 0.001) == {"503": 1, "Throttling": 9}
        assert time.monotonic() - began < 2.0
    assert seen == {"127.0.3.4"}
