"""The requests that ./dev bench sends: each is answered as its row says, so that no figure is one of a mistake."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from benchmarks import actions, people
from benchmarks.actions import ROWS, SAML, Stage, prepare, single_use
from benchmarks.inner import make_role
from benchmarks.load import Request, raw
from benchmarks.servers import Key, Server
from benchmarks.single import read_success
from daypass.exchange import Response
from daypass.operations.registry import REGISTRY
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import ENDPOINT, LocalDaypass, raw_request
from tests.calling import code_of, element


class Stand:
    """A prepared daypass without a socket."""

    def __init__(self, local: LocalDaypass, issuer: StubIssuer) -> None:
        self.local = local
        admin = Key(local.admin.access_key_id, local.admin.secret_access_key.reveal())
        self.server = Server("local", ENDPOINT, 0, admin, make_role(local))
        self.stage = Stage(self.server, prepare(local, issuer))

    def answer(self, request: Request) -> Response:
        head, _, body = raw(request).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        return self.local.serve(raw_request(method, target, [line.split(": ", 1) for line in lines], body))


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with LocalDaypass() as local, StubIssuer() as issuer:
        yield Stand(local, issuer)


def test_every_operation_of_sts_has_a_row() -> None:
    """Whoever adds one is told."""
    operations = {name.removeprefix("sts:") for name in REGISTRY.names() if name.startswith("sts:")}
    assert {row.partition(",")[0] for row in {*ROWS, SAML}} == operations


@pytest.mark.parametrize("row", ROWS)
def test_what_is_sent_again_and_again_is_answered_each_time(stand: Stand, row: str) -> None:
    """With a success."""
    for _ in range(2):
        answer = stand.answer(ROWS[row](stand.stage))
        assert answer.status == 200, answer.body.decode()


def test_a_proof_is_good_for_one_request(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request has an assertion or a device of its own, and each device two requests; sent again one is refused."""
    monkeypatch.setattr(actions, "ASSERTIONS", 3)
    made = single_use(stand.stage)
    assert len({request.body for request in made[SAML]}) == 3
    assert [stand.answer(request).status for request in made[SAML]] == [200, 200, 200]
    assert code_of(stand.answer(made.pop(SAML)[0])) == "InvalidIdentityToken"
    for requests in made.values():
        assert len({request.body for request in requests}) == len(requests) == len(stand.stage.prepared.serials)
        for request in requests[: people.DEVICES + 1]:
            assert stand.answer(request).status == 200
        assert stand.answer(requests[0]).status == 403


def test_people_are_told_apart(stand: Stand) -> None:
    """Each key is another user's."""
    arns = [
        element(stand.answer(stand.server.post("GetCallerIdentity", {}, key)), "Arn")
        for key in stand.stage.prepared.people[:5]
    ]
    assert [arn.rpartition("/")[2] for arn in arns] == [people.name(number) for number in range(5)]


@pytest.mark.parametrize(("status", "fails"), [("200 OK", False), ("403 Forbidden", True)])
def test_a_single_request_must_succeed(status: str, fails: bool) -> None:
    """A refusal among the answers ends the measurement, whatever it would have shown."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nabc".encode())
        if fails:
            with pytest.raises(RuntimeError, match="403"):
                read_success(ours)
        else:
            read_success(ours)
