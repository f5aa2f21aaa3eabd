"""The requests and references of `./dev bench federation`: each is answered, and verifies what it says."""

from __future__ import annotations

import pytest

from benchmarks import federation
from benchmarks.actions import SAML, signed_in, visited_role
from benchmarks.federation import Trust
from benchmarks.load import raw
from benchmarks.servers import Server
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import ENDPOINT, LocalDaypass, raw_request


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_opens_sessions_and_an_assertion_one(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no figure is one of a refusal; and the raw verification is one of the same token."""
    monkeypatch.setattr(federation, "ROUNDS", 1)
    monkeypatch.setattr(federation, "ASSERTIONS", 2)
    monkeypatch.setattr(federation, "microseconds", lambda work, *_: work() or 1.0)
    with StubIssuer() as issuer, LocalDaypass() as local:
        issuer.rotate(algorithm)
        tokens = {algorithm: issuer.token()}
        assert federation._verification(issuer, tokens[algorithm]) == 1.0
        visited, there = visited_role(local, issuer), signed_in(local)
        signxml, mark = federation._signxml_and_mark(local, there)
        assert min(signxml, mark) > 0
        server = Server("local", ENDPOINT, 0)
        trust = Trust(server, server, tokens, visited, there, {SAML: signxml}, mark)
        for request in (trust.web(algorithm), trust.web(algorithm), trust.saml(), trust.saml()):
            head, _, body = raw(request).partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            answer = local.serve(raw_request(*first.split(" ")[:2], [line.split(": ", 1) for line in lines], body))
            assert answer.status == 200, answer.body.decode()
