"""daypass's own paths, and who may see them."""

from __future__ import annotations

import json

import pytest

from daypass.exchange import RawRequest
from daypass.ports import Health
from daypass.server.probe import OwnPaths
from tests.server.conftest import Running, exchange


class Well:
    def __init__(self, *, ok: bool = True) -> None:
        self.ok = ok

    def health(self) -> Health:
        return Health(self.ok, {"revision": 7})


def ask(path: bytes, peer: str = "127.0.0.1", *, method: str = "GET", header: bytes = b"accept", ok: bool = True):  # type: ignore[no-untyped-def]
    own = OwnPaths(Well(ok=ok), open_to_all=False)
    return own.answer(RawRequest(method, path, ((b"host", b"127.0.0.1:7177"), (header, b"a")), peer=peer))


def test_health_is_json_with_the_facts() -> None:
    """200 when this node may be sent work."""
    answer = ask(b"/-/health")
    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok", "revision": 7}


def test_a_failing_node_says_so_with_503() -> None:
    """Load balancers read the status, people the body."""
    answer = ask(b"/-/health", ok=False)
    assert answer.status == 503
    assert json.loads(answer.body)["status"] == "failing"


def test_metrics_are_in_prometheus_text_form(server: Running) -> None:
    """The surface counts what it refused and who is connected."""
    exchange(server, b"GET / HTTP/1.1\r\n\r\n")
    (answer,) = exchange(server, b"GET /-/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'daypass_http_refusals_total{status="400"}' in text
    assert "daypass_http_connections 1.0" in text


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.0.1", "::1"])
def test_loopback_peers_see_them(peer: str) -> None:
    """All of loopback, in both families."""
    assert ask(b"/-/health", peer).status == 200


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.0.0.1", "169.254.1.1", "fe80::1", "::", "0.0.0.0", "", "localhost"])
@pytest.mark.parametrize("path", [b"/-/health", b"/-/metrics"])
def test_to_other_peers_they_do_not_exist(peer: str, path: bytes) -> None:
    """The request goes on to the services, which know no such path."""
    assert ask(path, peer) is None


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        (b"127.0.0.1", True),
        (b"127.0.0.1:7177", True),
        (b"localhost:7177", True),
        (b"[::1]:7177", True),
        (b"attacker.example", False),
        (b"attacker.example:7177", False),
        (b"localhost.attacker.example", False),
        (b"192.0.2.1", False),
        (b"", False),
    ],
)
def test_a_name_that_merely_leads_here_does_not_see_them(host: bytes, *, seen: bool) -> None:
    """A page of a browser on this machine must not read them through a name of its own."""
    own = OwnPaths(Well(), open_to_all=False)
    answer = own.answer(RawRequest("GET", b"/-/health", ((b"host", host),), peer="127.0.0.1"))
    assert (answer is not None) is seen


@pytest.mark.parametrize("header", [b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip"])
def test_a_request_that_a_proxy_forwarded_is_not_local(header: bytes) -> None:
    """A proxy on this machine connects from loopback for everyone."""
    assert ask(b"/-/health", header=header) is None


@pytest.mark.parametrize(
    "path", [b"/-/", b"/-/healthy", b"/-/health/", b"/-/Health", b"/-/%68ealth", b"//-/health", b"/-/../-/health"]
)
def test_only_the_exact_paths_are_ours(path: bytes) -> None:
    """No decoding, no folding: what is not exactly ours is not ours."""
    assert ask(path) is None


def test_they_are_only_read() -> None:
    """Other methods go on to the services."""
    assert ask(b"/-/health", method="POST") is None
    assert ask(b"/-/health", method="HEAD").status == 200


def test_a_query_does_not_matter() -> None:
    """Probes of load balancers add one."""
    assert ask(b"/-/health?verbose").status == 200


def test_the_operator_may_open_them() -> None:
    """With the setting, everyone sees them."""
    own = OwnPaths(Well(), open_to_all=True)
    answer = own.answer(RawRequest("GET", b"/-/health", (), peer="192.0.2.1"))
    assert answer
    assert answer.status == 200
