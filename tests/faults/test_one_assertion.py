"""One assertion that is shown to several processes at the same instant: it opens one session in the whole cluster."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode, urlsplit

import pytest

from daypass.exchange import Response
from daypass.testing.identity_provider import StubIdentityProvider
from daypass.testing.local import VERSIONS
from tests.calling import admin_of, call, code_of, credentials_in, element
from tests.postgres import PostgresServer
from tests.running import Running, up

SHOWN = 6
"""How often each assertion is shown: two times to each of three nodes."""

ROUNDS = 20
FORM = "application/x-www-form-urlencoded"
OFTEN = {"DAYPASS_THROTTLING": "off"}
"""Assertions are shown a second time here more often than a stranger may."""

USED = "The assertion has been used before."


@dataclass
class Cluster:
    """Nodes that share a store, with a role for whom ``idp`` names. ``processes``: how many processes they are."""

    nodes: list[Running]
    processes: int
    idp: StubIdentityProvider
    provider: str
    role: str

    def form(self) -> bytes:
        """A call with an assertion that nobody has shown yet."""
        said = {"Role": f"{self.role},{self.provider}", "RoleSessionName": "ada"}
        asked = {"RoleArn": self.role, "PrincipalArn": self.provider, "SAMLAssertion": self.idp.response(said)}
        return urlencode({"Action": "AssumeRoleWithSAML", "Version": VERSIONS["sts"], **asked}).encode()


@pytest.fixture(params=["three hosts on PostgreSQL", "two workers on SQLite"])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    nodes = _hosts if "PostgreSQL" in request.param else _workers
    with nodes(request, tmp_path) as (running, processes):
        yield _trusting(running, processes)
        for node in running:
            node.stop()  # killed, it would leave its workers behind for a moment


@contextmanager
def _hosts(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[list[Running], int]]:
    """Three nodes with a data directory each."""
    server: PostgresServer = request.getfixturevalue("postgres")
    database = ("--database", server.new_database())
    with ExitStack() as stack:
        nodes = [stack.enter_context(up(folder / "one", *database, env=OFTEN))]
        for name in ("two", "three"):
            shutil.copytree(folder / "one", folder / name, ignore=shutil.ignore_patterns("audit"))
            nodes.append(stack.enter_context(up(folder / name, *database, env=OFTEN)))
        yield nodes, len(nodes)


@contextmanager
def _workers(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[list[Running], int]]:
    """One node with two processes."""
    with up(folder / "data", "--workers", "2", env=OFTEN) as node:
        yield [node], 2


def _trusting(nodes: list[Running], processes: int) -> Cluster:
    idp, url, admin = StubIdentityProvider(), nodes[0].url, admin_of(nodes[0].data)
    wish = {"Name": "corp", "SAMLMetadataDocument": idp.metadata}
    provider = element(call(url, admin, "iam:CreateSAMLProvider", wish), "SAMLProviderArn")
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    made = call(url, admin, "iam:CreateRole", {"RoleName": "staff", "AssumeRolePolicyDocument": trust})
    return Cluster(nodes, processes, idp, provider, element(made, "Arn"))


def show(url: str, form: bytes, together: Barrier) -> Response:
    """Show the assertion; the last byte of the request leaves when all others are about to leave."""
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(form)}\r\n\r\n"
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.connect()
        connection.send(head.encode() + form[:-1])
        together.wait(30)
        connection.send(form[-1:])
        answer = HTTPResponse(connection.sock)
        answer.begin()
        return Response(answer.status, (), answer.read())


def test_an_assertion_that_is_shown_everywhere_at_once_opens_one_session(
    cluster: Cluster, cases: Callable[[int], int]
) -> None:
    """Of all who come with it one gets credentials, the others AWS's word for a bad assertion; each round anew."""
    urls = [node.url for node in cluster.nodes] * (SHOWN // len(cluster.nodes))
    with ThreadPoolExecutor(SHOWN) as pool:
        for _ in range(cases(ROUNDS)):
            form, together = cluster.form(), Barrier(SHOWN)
            answers = list(pool.map(lambda url, form=form, together=together: show(url, form, together), urls))
            told = Counter((answer.status, element(answer, "Code"), element(answer, "Message")) for answer in answers)
            assert told == {(200, "", ""): 1, (400, "InvalidIdentityToken", USED): SHOWN - 1}
            (session,) = (credentials_in(answer) for answer in answers if answer.status == 200)
            assert [code_of(call(url, session, "sts:GetCallerIdentity")) for url in urls] == ["200"] * SHOWN
    assert sum(_answering(node) for node in cluster.nodes) == cluster.processes


def _answering(node: Running) -> int:
    """How many processes of a node have answered: each writes an audit trail of its own."""
    return sum(1 for path in (node.data / "audit").glob("w*.head") if path.read_bytes())
