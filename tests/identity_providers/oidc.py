"""OpenID providers as other people build them: npm's ``oidc-provider`` and Maven's ``mock-oauth2-server``."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from tests.clients.client import installed, kept, npm_installed, run
from tests.identity_providers.started import HERE, Authority, free_port, started


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer of a running provider, and how it is asked."""

    url: str
    authority: Authority
    token_endpoint: str

    def ask(self, **form: str) -> dict[str, Any]:
        """What its token endpoint answers."""
        request = urllib.request.Request(self.token_endpoint, urllib.parse.urlencode(form).encode())
        with urllib.request.urlopen(request, context=self.authority.trust, timeout=30) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


class OidcProvider:
    """A running ``oidc-provider``: see ``oidc_provider_npm/provider.mjs`` for the issuers and clients it has."""

    def __init__(self, url: str, authority: Authority) -> None:
        self.usual, self.lone, self.people = (
            Issuer(f"{url}/{name}", authority, f"{url}/{name}/token") for name in ("usual", "lone", "people")
        )

    def rotate(self) -> None:
        """Let the usual issuer sign with new keys from now on."""
        request = urllib.request.Request(f"{self.usual.url}/rotate", b"")
        urllib.request.urlopen(request, context=self.usual.authority.trust, timeout=30).close()


def id_token(issuer: Issuer, sub: str, client: str = "rs256", **claims: object) -> str:
    """The id token of the account ``sub`` for ``client``, with further claims."""
    form = {"grant_type": "urn:test:account", "sub": sub, "claims": json.dumps(claims)}
    return str(issuer.ask(client_id=client, client_secret="secret", **form)["id_token"])


def access_token(issuer: Issuer) -> str:
    """A JWT access token of the client `robot` for itself."""
    form = {"grant_type": "client_credentials", "client_id": "robot", "client_secret": "secret", "scope": "api"}
    return str(issuer.ask(**form)["access_token"])


OIDC_PROVIDER = (
    "oidc-provider "
    + json.loads((HERE / "oidc_provider_npm/package.json").read_text())["dependencies"]["oidc-provider"]
)


@contextmanager
def oidc_provider(folder: Path, authority: Authority, **environment: str) -> Iterator[OidcProvider]:
    """npm's ``oidc-provider``, as its lock file has it; its log is in ``folder``."""
    made = npm_installed(HERE / "oidc_provider_npm")
    port, files = free_port(), authority.files
    script = (str(made / "provider.mjs"), str(port), str(files.certificate), str(files.key))
    url = f"https://127.0.0.1:{port}"
    ready = f"{url}/usual/.well-known/openid-configuration"
    with started((installed("node"), *script), ready, folder=folder, **environment):
        yield OidcProvider(url, authority)


_POM = ET.parse(HERE / "mock_oauth2_server_maven/pom.xml")
MOCK_OAUTH2_SERVER = f"mock-oauth2-server {_POM.findtext('.//{*}dependency/{*}version')}"


class MockOAuth2Server:
    """A running ``mock-oauth2-server``: whatever path is asked for is an issuer with a key of its own."""

    def __init__(self, url: str, authority: Authority) -> None:
        self._url, self._authority = url, authority

    def issuer(self, name: str) -> Issuer:
        """The issuer of that path."""
        return Issuer(f"{self._url}/{name}", self._authority, f"{self._url}/{name}/token")

    def token(self, name: str, sub: str, audience: str) -> str:
        """A token of the issuer ``name``."""
        form = {"grant_type": "password", "client_id": audience, "client_secret": "secret", "scope": "openid"}
        return str(self.issuer(name).ask(username=sub, password="any", **form)["id_token"])


@contextmanager
def mock_oauth2_server(folder: Path, authority: Authority) -> Iterator[MockOAuth2Server]:
    """Maven's ``mock-oauth2-server`` with https of its own; its key store and its log are in ``folder``."""
    made = kept(
        HERE / "mock_oauth2_server_maven",
        lambda here: run(installed("mvn"), "--quiet", "--batch-mode", "package", folder=here),
    )
    store = folder / "store.p12"
    store.write_bytes(_key_store(authority, "changeit"))
    ssl = {
        "keystoreType": "PKCS12",
        "keystoreFile": str(store),
        "keystorePassword": "changeit",
        "keyPassword": "changeit",
    }
    config = {"interactiveLogin": False, "httpServer": {"type": "NettyWrapper", "ssl": ssl}}
    port = free_port()
    command = (
        installed("java"), "-Xmx192m", "-XX:TieredStopAtLevel=1", "-cp", f"{made / 'lib'}/*",
        "no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt",
    )  # fmt: skip
    url = f"https://127.0.0.1:{port}"
    settings = {"SERVER_HOSTNAME": "127.0.0.1", "SERVER_PORT": str(port), "JSON_CONFIG": json.dumps(config)}
    with started(command, f"{url}/any/.well-known/openid-configuration", folder=folder, **settings):
        yield MockOAuth2Server(url, authority)


def _key_store(authority: Authority, password: str) -> bytes:
    files = authority.files
    key = load_pem_private_key(files.key.read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    return pkcs12.serialize_key_and_certificates(
        b"server",
        key,
        certificate,
        None,
        BestAvailableEncryption(password.encode()),  # type: ignore[arg-type]
    )
