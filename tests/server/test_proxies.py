"""Behind a real nginx and a real HAProxy: no request is read in two ways, and policies see the client."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from daypass.exchange import RawRequest, Response
from daypass.sigv4 import sign_request
from daypass.testing.local import Signer
from tests.calling import admin_of, call, code_of, credentials_in
from tests.running import Running as DaypassProcess
from tests.running import up
from tests.server.conftest import Running, running, wait_for
from tests.server.proxies import Proxy, proxy
from tests.server.test_framing import CASES, wire_bytes

HOST = b"sts.example"


@dataclass
class Pair:
    """A proxy with a server behind it."""

    proxy: Proxy
    server: Running


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Each of the two, in front of a server that notes what it is asked."""
    with running() as server, proxy(request.param, server.address, tmp_path_factory.mktemp(request.param)) as front:
        yield Pair(front, server)


def talk(front: Proxy, sent: bytes, *, quiet: float = 0.3) -> bytes:
    """What comes back until nothing more does."""
    received = bytearray()
    with socket.create_connection(front.plain, timeout=5) as sock:
        with suppress(OSError):
            sock.sendall(sent)
        sock.settimeout(quiet)
        with suppress(OSError):
            while piece := sock.recv(65_536):
                received += piece
    return bytes(received)


def marked(number: int) -> bytes:
    """A host name as long as the corpus's own, by which a case is known behind the proxy."""
    return b"c%04d.exmpl" % number


def ask(front: Proxy, number: int) -> bytes:
    """A plain request with a target of its own; its answer's body, which is the target."""
    answer = talk(front, b"GET /echo/%d HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n" % number, quiet=5)
    return answer.partition(b"\r\n\r\n")[2]


def try_case(front: Proxy, number: int, case: dict[str, Any]) -> bytes:
    """Send a case, then a plain request, which must get its own answer and not what the case left behind."""
    talk(front, wire_bytes(case["send"]).replace(HOST, marked(number)))
    return ask(front, number)


def origin_form(target: str) -> str:
    """The path and query of a target that may be a whole URL."""
    if not target.startswith("http"):
        return target if target.startswith("/") else f"/{target}"  # nginx notes `/?a` of a whole URL as `?a`
    return target[target.index("/", len("https://")) :]


def test_front_and_back_see_the_same_requests(pair: Pair) -> None:
    """Over shared connections, the server behind is asked what the proxy was asked, and no request more."""
    pair.server.recorder.seen.clear()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda numbered: try_case(pair.proxy, *numbered), enumerate(CASES)))
    assert answers == [b"/echo/%d" % number for number in range(len(CASES))]
    back = Counter((r.method, _host(r), r.target.decode()) for r in pair.server.recorder.seen)
    wait_for(lambda: len(pair.proxy.forwarded()) >= back.total(), 5)
    front = Counter((method, host, origin_form(target)) for method, host, target in pair.proxy.forwarded())
    assert front == back
    assert front.total() > 1.3 * len(CASES)


def _host(raw: RawRequest) -> str:
    return (raw.header(b"host") or b"").decode()


DECISIVE = [
    case
    for case in CASES
    if re.match("two (different |equal )?(hosts|Authorizations|of X-Amz-.*|of Date)", case["name"])
]


@pytest.mark.parametrize("case", DECISIVE, ids=lambda case: case["name"])
def test_what_decides_who_asks_comes_through_once_or_not_at_all(pair: Pair, case: dict[str, Any]) -> None:
    """Whether the proxy refuses, hands on or drops the second one: the service never sees two."""
    assert len(DECISIVE) >= 10
    pair.server.recorder.seen.clear()
    answer = talk(pair.proxy, wire_bytes(case["send"]), quiet=0.1)
    names = {line.partition(":")[0].lower().encode() for line in case["send"][0].split("\r\n")[1:] if line}
    for raw in pair.server.recorder.seen:
        assert all(sum(name == given for given, _ in raw.headers) <= 1 for name in names)
    assert pair.server.recorder.seen or answer.split()[1] == b"400"


# ── signed requests, policies and the audit trail ────────────────────────────────────────────────────

CLIENT, OTHER = "127.0.0.7", "127.0.0.8"


@dataclass
class Vault:
    """A real daypass that trusts proxies on 127.0.0.1, its user ``ann``, and a proxy in front."""

    daypass: DaypassProcess
    ann: Signer
    proxy: Proxy

    def put_policy(self, *conditions: dict[str, Any]) -> None:
        """Let ann list users under each of these conditions."""
        statements = [
            {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": c} for c in conditions
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        wish = {"UserName": "ann", "PolicyName": "p", "PolicyDocument": document}
        assert call(self.daypass.url, admin_of(self.daypass.data), "iam:PutUserPolicy", wish).status == 200

    def list_users(self, address: tuple[str, int], source: str, *, tls: bool = False, **headers: str) -> str:
        """ann's signed call from ``source`` to ``address``; 200 or the error's code."""
        body = b"Action=ListUsers&Version=2010-05-08"
        scheme = "https" if tls else "http"
        signed = sign_request(
            "POST",
            "{}://{}:{}/".format(scheme, *address),
            {"Content-Type": "application/x-www-form-urlencoded"},
            body,
            access_key_id=self.ann.access_key_id,
            secret_access_key=self.ann.secret_access_key.reveal(),
            region="us-east-1",
            service="iam",
            now=time.time(),
        )
        context = ssl._create_unverified_context() if tls else None
        if context is not None:
            made: HTTPConnection = HTTPSConnection(*address, timeout=10, source_address=(source, 0), context=context)
        else:
            made = HTTPConnection(*address, timeout=10, source_address=(source, 0))
        with closing(made) as connection:
            sent = {**dict(signed), **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request("POST", "/", body, sent)
            answer = connection.getresponse()
            content = answer.read()
        return code_of(Response(answer.status, (), content))


@pytest.fixture(scope="module")
def daypass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaypassProcess]:
    """One daypass for both proxies."""
    data = tmp_path_factory.mktemp("behind") / "data"
    with up(data, env={"DAYPASS_TRUSTED_PROXIES": "127.0.0.1"}) as process:
        assert call(process.url, admin_of(data), "iam:CreateUser", {"UserName": "ann"}).status == 200
        yield process


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def vault(
    request: pytest.FixtureRequest, daypass: DaypassProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Vault]:
    """Each of the two in front of it; ann gets a new key for each."""
    url = urlsplit(daypass.url)
    made = call(daypass.url, admin_of(daypass.data), "iam:CreateAccessKey", {"UserName": "ann"})
    with proxy(request.param, (str(url.hostname), int(url.port or 0)), tmp_path_factory.mktemp("front")) as front:
        yield Vault(daypass, credentials_in(made), front)


def test_policies_see_the_client_and_not_the_proxy(vault: Vault) -> None:
    """Signed requests come through whole, and aws:SourceIp is where they began, whatever the client writes."""
    vault.put_policy({"IpAddress": {"aws:SourceIp": CLIENT}})
    front = vault.proxy.plain
    assert vault.list_users(front, CLIENT) == "200"
    assert vault.list_users(front, OTHER) == "AccessDenied"
    assert vault.list_users(front, OTHER, X_Forwarded_For=CLIENT) == "AccessDenied"
    assert vault.list_users(front, CLIENT, X_Forwarded_For=f"{OTHER}, nonsense", Forwarded=f"for={OTHER}") == "200"


def test_secure_transport_is_the_clients_leg(vault: Vault) -> None:
    """TLS to the proxy counts, clear text does not become TLS by saying so."""
    vault.put_policy({"Bool": {"aws:SecureTransport": "true"}})
    assert vault.list_users(vault.proxy.secure, CLIENT, tls=True) == "200"
    assert vault.list_users(vault.proxy.plain, CLIENT) == "AccessDenied"
    assert vault.list_users(vault.proxy.plain, CLIENT, X_Forwarded_Proto="https") == "AccessDenied"


def test_who_is_no_proxy_is_not_believed(vault: Vault) -> None:
    """Past the proxy, from an address that is not named, the headers mean nothing; from a named one they count."""
    vault.put_policy({"IpAddress": {"aws:SourceIp": CLIENT}}, {"Bool": {"aws:SecureTransport": "true"}})
    url = urlsplit(vault.daypass.url)
    direct = str(url.hostname), int(url.port or 0)
    claims = {"X_Forwarded_For": CLIENT, "X_Forwarded_Proto": "https"}
    assert vault.list_users(direct, OTHER, **claims) == "AccessDenied"
    assert vault.list_users(direct, "127.0.0.1", **claims) == "200"
    assert vault.list_users(direct, "127.0.0.1", X_Forwarded_For="me") == "400"


def test_the_audit_trail_names_the_client(vault: Vault) -> None:
    """sourceIPAddress is what policies were asked about."""
    vault.put_policy({"IpAddress": {"aws:SourceIp": CLIENT}})
    assert vault.list_users(vault.proxy.plain, CLIENT, User_Agent=f"by-{vault.proxy.name}") == "200"
    lines = [line for path in vault.daypass.data.glob("audit/*.jsonl") for line in path.read_text().splitlines()]
    records = [record for record in map(json.loads, lines) if record["userAgent"] == f"by-{vault.proxy.name}"]
    assert [record["sourceIPAddress"] for record in records] == [CLIENT]
