"""Keycloak as people run it, with its own choices: its tokens, its assertions, and programs that sign in to it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from daypass.adapters import development_ca
from daypass.testing.identity_provider import StubIdentityProvider, make_key
from tests.clients.client import installed, run
from tests.clients.compiled import go_program
from tests.clients.names import Names, make_names
from tests.clients.table import DEBIAN_AWS
from tests.identity_providers.chromium import chromium
from tests.identity_providers.keycloak import KEYCLOAK, PASSWORD, Keycloak, keycloak, realm
from tests.identity_providers.record import Record
from tests.identity_providers.started import HERE, Authority, free_port
from tests.identity_providers.terminal import Terminal, opened, shown_code
from tests.identity_providers.world import SIGN_IN, World, world

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800)]

ADDRESS = {"DAYPASS_PUBLIC_URL": "https://sts.example.com"}
SIGN_IN_HOST = "signin.aws.amazon.com"
OLDER = {
    "algorithm": "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "keyAlgorithm": "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    "digestMethod": "http://www.w3.org/2000/09/xmldsig#sha1",
}
"""The ciphers that Keycloak used before it changed its mind, and that others still use."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A daypass behind AWS's names, a Keycloak, and a role for each realm: ARN of the provider, then of the role."""

    world: World
    names: Names
    keycloak: Keycloak
    provider: str
    """The realm `plain` as an OpenID provider."""
    groups: str
    """Its condition key."""
    developer: str
    providers: dict[str, str]
    roles: dict[str, str]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("world")
    names, (key, certificate) = make_names(folder / "data"), make_key()
    authority = Authority(development_ca.Files(names.tls))
    with world(folder, *names.options, authority=names.authority, environment=ADDRESS) as here:
        # A provider's own address is known when there is a provider, and Keycloak wants to be told it at its start.
        before = StubIdentityProvider().metadata
        providers = {name: here.trust_idp(name, before, **more) for name, more in _providers(key).items()}
        roles = {name: here.role(name, provider) for name, provider in providers.items()}
        realms = [
            realm("plain", SIGN_IN, roles["plain"], providers["plain"]),
            *(
                realm(name, here.place(providers[name]), roles[name], providers[name], certificate, encryption)
                for name, encryption in {"default": {}, "older": OLDER}.items()
            ),
        ]
        with keycloak(tmp_path_factory.mktemp("keycloak"), authority, free_port(), *realms) as running:
            for name, provider in providers.items():
                here.iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=running.metadata(name))
            url = running.issuer("plain").url
            issuer = here.trust_url(
                url, names.authority, "--client-id=daypass", "--client-id=terminal", "--claim=groups"
            )
            developer = here.role("developer", issuer, tags=True, StringEquals={"aws:RequestTag/team": "eng"})
            groups = f"{url.removeprefix('https://')}:groups"
            yield Setting(here, names, running, issuer, groups, developer, providers, roles)


def _providers(key: RSAPrivateKey) -> dict[str, dict[str, str]]:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    encrypted = {"AssertionEncryptionMode": "Required", "AddPrivateKey": pem}
    return {"plain": {}, "default": encrypted, "older": encrypted}


@pytest.mark.parametrize("kind", ["id_token", "access_token"])
def test_a_token_opens_a_session(setting: Setting, kind: str, record: Record) -> None:
    """Both are for several, `azp` tells for whom; the role asks for the tag that the realm gives."""
    record(KEYCLOAK, f"OpenID Connect: {kind.replace('_', ' ')} with `azp`, session tags and a key set with more keys")
    answer = setting.world.show_token(setting.developer, setting.keycloak.tokens("plain")[kind])
    assert answer["Audience"] == "daypass"
    assert answer["PackedPolicySize"] > 0
    assert setting.world.holder(answer).get_caller_identity()["Arn"].endswith(":assumed-role/developer/visit")


@pytest.mark.parametrize(
    ("name", "did"),
    [
        ("plain", "SAML: response and assertion signed"),
        ("default", "SAML: encrypted assertion by its own choice (AES-256-GCM, RSA-OAEP with MGF1 and SHA-256)"),
        ("older", "SAML: encrypted assertion, older ciphers (AES-256-CBC, RSA-OAEP with MGF1 and SHA-1)"),
    ],
)
def test_signing_in_opens_a_session(setting: Setting, name: str, did: str, record: Record) -> None:
    """Whatever Keycloak encrypts with; the subject is the persistent one that it has made up."""
    record(KEYCLOAK, did)
    response = setting.keycloak.sign_in(name)
    answer = setting.world.show_assertion(setting.roles[name], setting.providers[name], response)
    assert answer["SubjectType"] == "persistent"
    identity = setting.world.holder(answer).get_caller_identity()
    assert identity["Arn"].endswith(f":assumed-role/{name}/ada")


@pytest.fixture(scope="module")
def terminal(setting: Setting, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    prefix = setting.groups.removesuffix(":groups")
    role = setting.world.role("staff", setting.provider, StringEquals={f"{prefix}:aud": "terminal"})
    issuer, trusts = setting.keycloak.issuer("plain"), setting.names.environment
    return Terminal(setting.world, issuer, role, tmp_path_factory.mktemp("home"), trusts)


def test_daypass_login_by_code(terminal: Terminal, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public client with PKCE; Keycloak sends the browser back to whatever port waits on this machine."""
    record(KEYCLOAK, "`daypass login` by code with PKCE")
    with terminal.login("--profile", "code") as login:
        browser = terminal.browser()
        page = browser.submit(browser.open(opened(login)).form("username"), username="ada", password=PASSWORD)
        assert "close this page" in page.text
        _, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert terminal.caller("code", monkeypatch).endswith(":assumed-role/staff/ada@example.com")


def test_daypass_login_by_device_code(terminal: Terminal, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client must prove by PKCE here, too; the code is entered on Keycloak's page, and access granted there."""
    record(KEYCLOAK, "`daypass login --device`, of a client that PKCE is demanded of")
    with terminal.login("--profile", "device", "--device") as login:
        browser, (where, code) = terminal.browser(), shown_code(login)
        page = browser.submit(browser.open(where).form("device_user_code"), device_user_code=code)
        page = browser.submit(page.form("username"), username="ada", password=PASSWORD)
        browser.submit(page.forms[0], accept="Yes")
        _, err = login.communicate(timeout=60)
    assert login.returncode == 0, err
    assert terminal.caller("device", monkeypatch).endswith(":assumed-role/staff/ada@example.com")


@pytest.mark.parametrize(
    ("name", "options", "did"),
    [
        ("plain", (), "signed"),
        ("default", ("--provider", "default"), "encrypted for the provider's key"),
    ],
)
def test_our_metadata_is_all_that_keycloak_needs_to_know(
    setting: Setting, name: str, options: tuple[str, ...], did: str, record: Record
) -> None:
    """Imported as it is, it leads the browser to this daypass's own address, and responses are taken there."""
    record(KEYCLOAK, f"SAML: the client imported from `daypass federation metadata`, {did}")
    printed = setting.world.daypass.command("federation", "metadata", *options, env=ADDRESS)
    assert printed.returncode == 0, printed.stderr
    role, provider = setting.roles[name], setting.providers[name]
    setting.keycloak.import_service(name, printed.stdout, role, provider)
    answer = setting.world.show_assertion(role, provider, setting.keycloak.sign_in(name, "imported"))
    assert answer["Audience"].startswith("https://sts.example.com/saml")


def test_a_group_opens_a_role(setting: Setting, record: Record) -> None:
    """`--claim groups` makes it a condition key of that provider."""
    record(KEYCLOAK, "OpenID Connect: groups as a condition key")
    opened, closed = (
        setting.world.role(name, setting.provider, tags=True, **{"ForAnyValue:StringEquals": {setting.groups: name}})
        for name in ("devs", "ops")
    )
    token = setting.keycloak.tokens("plain")["id_token"]
    setting.world.show_token(opened, token)
    with pytest.raises(ClientError, match="AccessDenied"):
        setting.world.show_token(closed, token)


def test_one_realm_does_not_open_the_role_of_another(setting: Setting) -> None:
    """They are different identity providers, though one program."""
    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        setting.world.show_assertion(
            setting.roles["plain"], setting.providers["plain"], setting.keycloak.sign_in("default")
        )


def test_saml2aws_signs_in_and_the_command_line_goes_on(setting: Setting, tmp_path: Path, record: Record) -> None:
    """By name, as people have it set up: saml2aws writes a profile, and Debian's AWS CLI v2 uses it."""
    program = go_program(HERE / "saml2aws_go", "github.com/versent/saml2aws/v2/cmd/saml2aws")
    record(KEYCLOAK, f"saml2aws {_pinned('saml2aws/v2')}: sign-in, profile, `aws sts get-caller-identity` (AWS CLI v2)")
    login = (
        program, "login", "--skip-prompt", "--idp-provider=KeyCloak", "--mfa=Auto", "--disable-keychain",
        f"--url={setting.keycloak.sign_in_url('plain')}", "--username=ada", f"--password={PASSWORD}",
        f"--role={setting.roles['plain']}", "--profile=saml", "--region=eu-central-1",
    )  # fmt: skip
    _by_name(setting, tmp_path, *login)
    identity = json.loads(
        _by_name(setting, tmp_path, DEBIAN_AWS, "sts", "get-caller-identity", "--profile=saml", "--output=json")
    )
    assert identity["Arn"].endswith(":assumed-role/plain/ada")


def _by_name(setting: Setting, home: Path, *command: str) -> str:
    """What the command prints where AWS's names lead to daypass."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        **setting.names.environment,
    }
    done = subprocess.run(
        setting.names.lead(command), env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def _pinned(module: str) -> str:
    text = (HERE / "saml2aws_go/go.mod").read_text()
    return text.partition(f"{module} v")[2].split()[0]


def test_a_browser_posts_what_keycloak_gives_it(setting: Setting, tmp_path: Path, record: Record) -> None:
    """Chromium signs in, runs the page that posts the response, and lands where AWS's sign-in page would be."""
    version = run(installed("chromium"), "--version", folder=HERE).split()[1]
    record(KEYCLOAK, f"Chromium {version}: sign-in form, automatic post of the response to the sign-in address")
    with _sign_in_page(setting) as address, chromium(tmp_path, SIGN_IN_HOST, address) as window:
        window.open(setting.keycloak.sign_in_url("plain"))
        window.fill_in("#username", "ada")
        window.fill_in("#password", PASSWORD)
        window.click("[type=submit]")
        assert window.text("#who").endswith(":assumed-role/plain/ada")


@contextmanager
def _sign_in_page(setting: Setting) -> Iterator[str]:
    """Where the browser posts to: it shows the response to daypass, and the browser who that makes it."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            shown = (setting.roles["plain"], setting.providers["plain"], form["SAMLResponse"][0])
            who = setting.world.show_assertion(*shown)["AssumedRoleUser"]["Arn"] if self.path == "/saml" else ""
            page = f"<p id=who>{who}</p>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = setting.keycloak.authority.files
    context.load_cert_chain(files.certificate, files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
