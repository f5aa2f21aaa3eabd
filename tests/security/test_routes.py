"""Every way in, without credentials, expired, or of another account: only what is written here answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
import pytest

from daypass.settings import Settings
from daypass.settings.schema import BuiltinProvider
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of
from tests.running import Running, up
from tests.security.world import ON_THE_WIRE, World, unsigned

PATHS = ["/", "/-/health", "/-/metrics", "/-/", "/-/keys", "/-/debug", "/.well-known/openid-configuration", "/docs"]
PATHS += [
    "/latest/meta-data/",
    "/latest/api/token",
    "/console",
    "/admin",
    "/openapi.json",
    "/-/health/../",
    "//",
    "/%2d/health",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
OPEN = {("GET", "/-/health"), ("HEAD", "/-/health"), ("GET", "/-/metrics"), ("HEAD", "/-/metrics")}
"""What answers without a signature, to this machine only."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("routes") / "data") as daypass:
        yield daypass


def status(url: str, method: str, target: str, body: bytes = b"") -> int:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_only_the_probes_answer_without_a_signature(running: Running) -> None:
    """Each path by each method: two hundreds are written above, all else is a refusal or the way to AWS's page."""
    told = {(method, path): status(running.url, method, path) for method in METHODS for path in PATHS}
    assert {way for way, code in told.items() if 200 <= code < 300} == OPEN
    assert set(told.values()) <= {200, 302, 400, 403, 404, 405}


@pytest.mark.parametrize("body", [True, False])
def test_no_operation_answers_without_a_signature(running: Running, world: World, body: bool) -> None:
    """Every operation, in a body or a query, by every method that carries one."""
    for operation in ON_THE_WIRE:
        raw = unsigned(operation, world.params(operation))
        for method in ("POST", "PUT", "PATCH") if body else ("GET", "POST", "HEAD", "DELETE"):
            target = "/" if body else f"/?{raw.body.decode()}"
            code = status(running.url, method, target, raw.body if body else b"")
            assert code in ((403,) if method in ("GET", "POST") else (400, 403, 404)), (method, operation)


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────────


def variants() -> Iterator[tuple[str, Any]]:
    """Every setting with other values than its default, as far as a daypass in the process can take them."""
    for field in msgspec.structs.fields(Settings):
        plain = get_args(field.type)[0]
        if get_origin(plain) is not None and get_args(plain) and isinstance(get_args(plain)[0], str):
            yield from ((field.name, choice) for choice in get_args(plain) if choice != field.default)
        elif plain is bool:
            yield field.name, not field.default
        elif plain in (int, float):
            meta = field.type.__metadata__[0]
            yield field.name, meta.ge if meta.ge is not None else 1
    yield "region", "eu-central-1"
    yield "account_id", "000000000001"
    yield "listen", "0.0.0.0:1"
    yield "trusted_proxies", ("127.0.0.1",)
    yield "public_url", "https://sts.example.com"
    yield "saml_recipients", ("https://sts.example.com/saml",)
    yield "shared_issuers", ("sso.example.com=sub",)
    yield "builtin_providers", get_args(BuiltinProvider)


VARIANTS = list(variants())


@pytest.mark.parametrize(("name", "value"), VARIANTS, ids=[f"{name}={value}" for name, value in VARIANTS])
def test_no_setting_opens_the_door(tmp_path: Path, name: str, value: Any) -> None:
    """Whatever is set, a call without a signature, with a wrong one or by another installation's key is refused."""
    with LocalDaypass(tmp_path / "data", **{name: value}) as daypass:
        region = daypass.daypass.region or {"aws": "us-east-1"}.get(daypass.daypass.installation.partition)
        stranger = Signer("AKIARZPUZDIKAAAAAAAA", daypass.admin.secret_access_key)
        wrong = replace(daypass.admin, secret_access_key=type(stranger.secret_access_key)("x" * 40))
        assert code_of(daypass.serve(unsigned("sts:GetCallerIdentity", {}))) == "MissingAuthenticationToken"
        for signer in (stranger, wrong):
            answer = daypass.call("sts", "GetCallerIdentity", signer=signer, region=region or "us-east-1")
            assert code_of(answer) in ("InvalidClientTokenId", "SignatureDoesNotMatch")
        if region:
            assert daypass.call("sts", "GetCallerIdentity", region=region).status == 200


def test_every_setting_was_tried() -> None:
    """But for those that name files and the database, which have tests of their own."""
    tried = {name for name, _ in VARIANTS}
    files = {"database", "tls_cert", "tls_key", "endpoint_policy"}
    assert {field.name for field in msgspec.structs.fields(Settings)} - tried <= files
