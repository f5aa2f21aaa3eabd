"""Keycloak, unmodified, with a realm for each way in which a SAML service may want to be told."""

from __future__ import annotations

import json
import shutil
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.clients.client import installed, kept, run
from tests.identity_providers.browser import Browser
from tests.identity_providers.oidc import Issuer
from tests.identity_providers.started import HERE, Authority, free_port, started

PASSWORD = "correct horse"
VERSION = str(ET.parse(HERE / "keycloak_maven/pom.xml").findtext(".//{*}artifactItem/{*}version"))
KEYCLOAK = f"Keycloak {VERSION}"

Realm = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Keycloak:
    """A running Keycloak."""

    url: str
    authority: Authority

    def issuer(self, realm: str) -> Issuer:
        """The realm as an OpenID provider."""
        url = f"{self.url}/realms/{realm}"
        return Issuer(url, self.authority, f"{url}/protocol/openid-connect/token")

    def tokens(self, realm: str) -> dict[str, Any]:
        """What ada gets for her password: an `id_token` and an `access_token`."""
        form = {"grant_type": "password", "client_id": "daypass", "client_secret": "secret", "scope": "openid"}
        return self.issuer(realm).ask(username="ada", password=PASSWORD, **form)

    def metadata(self, realm: str) -> str:
        """The realm's SAML metadata, as an administrator downloads it."""
        url = f"{self.url}/realms/{realm}/protocol/saml/descriptor"
        with urllib.request.urlopen(url, context=self.authority.trust, timeout=60) as answer:
            return str(answer.read().decode())

    def import_service(self, realm: str, metadata: str, role: str, provider: str) -> None:
        """Let the realm's people sign in to the service of that metadata, under the name `imported`, for ``role``."""
        client = self._manage(f"{realm}/client-description-converter", metadata, "application/xml")
        client["protocolMappers"] = _saml_client(role, provider)["protocolMappers"]
        client["attributes"] |= {"saml_idp_initiated_sso_url_name": "imported"}
        self._manage(f"{realm}/clients", json.dumps(client), "application/json")

    def _manage(self, path: str, said: str, kind: str) -> Any:
        """What its administration answers."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": PASSWORD}
        headers = {"Content-Type": kind, "Authorization": f"Bearer {self.issuer('master').ask(**form)['access_token']}"}
        request = urllib.request.Request(f"{self.url}/admin/realms/{path}", said.encode(), headers)
        with urllib.request.urlopen(request, context=self.authority.trust, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def sign_in_url(self, realm: str, name: str = "aws") -> str:
        """Where signing in to a service begins: to AWS, or to the one called ``name``."""
        return f"{self.url}/realms/{realm}/protocol/saml/clients/{name}"

    def sign_in(self, realm: str, name: str = "aws") -> str:
        """Sign in as ada; the response (base64) that her browser would post."""
        browser = Browser(self.authority.trust)
        login = browser.open(self.sign_in_url(realm, name)).form("username")
        response = browser.submit(login, username="ada", password=PASSWORD).form("SAMLResponse").fields["SAMLResponse"]
        assert b64decode(response, validate=True).startswith(b"<")
        return response


def realm(
    name: str,
    place: str,
    role: str,
    provider: str,
    encrypt_for: x509.Certificate | None = None,
    encryption: Mapping[str, str] | None = None,
) -> Realm:
    """A realm whose SAML responses go to ``place`` and name ``role`` with ``provider``.

    ``encrypt_for``: whose key opens the assertion; None: it is not encrypted. ``encryption``: where it is not
    Keycloak's own choice, `saml.encryption.…` without that prefix.
    """
    client = _saml_client(role, provider)
    client["redirectUris"] = [place]
    client["attributes"]["saml_assertion_consumer_url_post"] = place
    if encrypt_for is not None:
        certificate = b64encode(encrypt_for.public_bytes(Encoding.DER)).decode()
        client["attributes"] |= {"saml.encrypt": "true", "saml.encryption.certificate": certificate}
        client["attributes"] |= {f"saml.encryption.{key}": value for key, value in (encryption or {}).items()}
    made = _template()
    return {**made, "realm": name, "clients": [made["clients"][0], client, made["clients"][2]]}


def _saml_client(role: str, provider: str) -> dict[str, Any]:
    """How Keycloak is told of AWS, for ``role`` with ``provider``."""
    client: dict[str, Any] = _template()["clients"][1]
    client["protocolMappers"][0]["config"]["attribute.value"] = f"{role},{provider}"
    return client


def _template() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((HERE / "keycloak_realm.json").read_text())
    return made


@contextmanager
def keycloak(folder: Path, authority: Authority, port: int, *realms: Realm) -> Iterator[Keycloak]:
    """Maven's Keycloak with these realms, in memory; its log is in ``folder``."""
    made = kept(
        HERE / "keycloak_maven",
        lambda here: run(installed("mvn"), "--quiet", "--batch-mode", "package", folder=here),
    )
    home = made / f"keycloak-{VERSION}"
    shutil.rmtree(home / "data", ignore_errors=True)
    home.joinpath("data/import").mkdir(parents=True)
    for each in realms:
        home.joinpath(f"data/import/{each['realm']}.json").write_text(json.dumps(each))
    files, url = authority.files, f"https://127.0.0.1:{port}"
    options = (
        "start-dev", "--db=dev-mem", "--import-realm", "--http-host=127.0.0.1", f"--http-port={free_port()}",
        f"--https-port={port}", f"--https-certificate-file={files.certificate}",
        f"--https-certificate-key-file={files.key}",
    )  # fmt: skip
    ready = f"{url}/realms/{realms[-1]['realm']}/.well-known/openid-configuration"
    settings = {
        "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    }
    with started((str(home / "bin/kc.sh"), *options), ready, folder=folder, seconds=300, **settings):
        yield Keycloak(url, authority)
