"""A SAML identity provider as Debian ships it: SimpleSAMLphp, under PHP's own web server."""

from __future__ import annotations

import json
import secrets
import subprocess
import urllib.request
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daypass.testing.identity_provider import make_key
from tests.clients.client import installed
from tests.identity_providers.browser import Browser
from tests.identity_providers.started import HERE, filled_in, free_port, started

WWW = Path("/usr/share/simplesamlphp/www")
PASSWORD = "correct horse"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

Attributes = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SimpleSaml:
    """A running SimpleSAMLphp."""

    url: str
    folder: Path

    @property
    def metadata(self) -> str:
        """What an administrator uploads."""
        with urllib.request.urlopen(f"{self.url}/saml2/idp/metadata.php", timeout=30) as answer:
            return str(answer.read().decode())

    def serve(self, services: Mapping[str, Mapping[str, object]], people: Mapping[str, Attributes]) -> None:
        """Know these services, by entity id, and these people with what is said of each."""
        self.folder.joinpath("services.json").write_text(json.dumps(services))
        users = {f"{name}:{PASSWORD}": attributes for name, attributes in people.items()}
        self.folder.joinpath("users.json").write_text(json.dumps(users))

    def sign_in(self, person: str, service: str) -> str:
        """Sign in to ``service`` as in a browser; the response (base64) that the browser would post."""
        browser = Browser()
        login = browser.open(f"{self.url}/saml2/idp/SSOService.php?{urlencode({'spentityid': service})}")
        posting = browser.submit(login.form("AuthState"), username=person, password=PASSWORD)
        response = posting.form("SAMLResponse").fields["SAMLResponse"]
        assert b64decode(response, validate=True).startswith(b"<")
        return response


def service(place: str, *, encrypt_for: x509.Certificate | None = None) -> dict[str, object]:
    """What SimpleSAMLphp is told of a service that is posted to at ``place``: sign all, encrypt if there is a key."""
    told: dict[str, object] = {
        "AssertionConsumerService": place,
        "NameIDFormat": PERSISTENT,
        "simplesaml.nameidattribute": "uid",
        "simplesaml.attributes": True,
        "saml20.sign.assertion": True,
        "saml20.sign.response": True,
    }
    if encrypt_for is not None:
        pem = "".join(encrypt_for.public_bytes(Encoding.PEM).decode().splitlines()[1:-1])
        told |= {"assertion.encryption": True, "certData": pem}
    return told


def version() -> str:
    """Name and version of Debian's package."""
    asked = ("dpkg-query", "--showformat=${Version}", "--show", "simplesamlphp")
    return "SimpleSAMLphp " + subprocess.run(asked, capture_output=True, text=True, check=True).stdout


@contextmanager
def simplesamlphp(folder: Path) -> Iterator[SimpleSaml]:
    """Debian's SimpleSAMLphp with a signing key and all its files in ``folder``."""
    assert WWW.exists(), "the tests need Debian's simplesamlphp: as root, ./dev test installs it"
    for name in ("cert", "log", "data", "tmp"):
        folder.joinpath(name).mkdir()
    key, certificate = make_key()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    folder.joinpath("cert/idp.pem").write_bytes(private)
    folder.joinpath("cert/idp.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    url = f"http://127.0.0.1:{(port := free_port())}"
    values = {"FOLDER": str(folder), "URL": url, "SECRET": secrets.token_hex(16)}
    filled_in(HERE / "simplesamlphp_debian", folder, values)
    made = SimpleSaml(url, folder)
    made.serve({}, {})
    command = (installed("php"), "-d", "error_reporting=0", "-S", f"127.0.0.1:{port}", "-t", str(WWW))
    config = str(folder / "config")
    with started(command, f"{url}/saml2/idp/metadata.php", folder=folder, SIMPLESAMLPHP_CONFIG_DIR=config):
        yield made
