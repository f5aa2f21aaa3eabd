"""An OpenID Connect issuer inside the test's process: a real https server on loopback, with an authority of its own.

    with StubIssuer(audience="sts.amazonaws.com") as issuer:
        token = issuer.token(sub="ada")                     # what a test changes of it, it says by name
        issuer.rotate()                                     # the next token has another key

What it answers may be replaced: ``issuer.answers["/jwks"] = b"…"``, or by a function that says on the connection
whatever it likes, as an issuer might that means harm: ``issuer.answers["/jwks"] = lambda say: say(b"HTTP/1.1 …")``.
Forms that are posted to it are answered by ``issuer.forms["/token"] = lambda form: (200, {…})``.
"""

from __future__ import annotations

import ssl
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import to_str

from daypass.adapters.certificates import moment_of, new_authority, new_certificate, new_key

HOST = "127.0.0.1"

Speak = Callable[[Callable[[bytes], object]], object]
"""Is handed what sends bytes, head and all. The connection ends with it."""


class StubIssuer:
    """An issuer, running while the block does. ``requests`` are the paths that were asked for, in order.

    ``kinds`` are media types of answers that only those get who accept them, as with Kubernetes; others get a 406.
    """

    def __init__(self, audience: str = "sts.amazonaws.com", path: str = "") -> None:
        self.audience = audience
        self.path = path
        self.keys: dict[str, RSAKey | ECKey] = {}
        self.answers: dict[str, bytes | Speak] = {}
        self.forms: dict[str, Callable[[dict[str, str]], tuple[int, Mapping[str, Any]]]] = {}
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.kinds = {f"{path}/jwks": "application/jwk-set+json"}
        self.delay = 0.0
        self.requests: list[str] = []
        self._scratch = tempfile.TemporaryDirectory(prefix="daypass-issuer-")
        self.authority, certificate = _certificate(Path(self._scratch.name))
        self._server = _Server(self, certificate)
        self.port = self._server.server_address[1]
        self.url = f"https://{HOST}:{self.port}{path}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.rotate()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._scratch.cleanup()

    def rotate(self, algorithm: str = "RS256") -> str:
        """Publish one more key and sign with it from now on; its id."""
        key_id = f"key-{len(self.keys) + 1}"
        made: RSAKey | ECKey
        if algorithm.startswith("RS"):
            made = RSAKey.generate_key(2048, {"kid": key_id, "use": "sig"}, private=True)
        else:
            made = ECKey.generate_key(f"P-{algorithm[2:].replace('512', '521')}", {"kid": key_id, "use": "sig"})
        self.keys[key_id] = made
        self.algorithm, self.key_id = algorithm, key_id
        self.publish()
        return key_id

    def publish(self) -> None:
        """Answer with the present keys."""
        keys = [{**key.as_dict(private=False), "kid": key_id} for key_id, key in self.keys.items()]
        discovery = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        }
        self.answers[f"{self.path}/.well-known/openid-configuration"] = msgspec.json.encode(discovery)
        self.answers[f"{self.path}/jwks"] = msgspec.json.encode({"keys": keys})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token, with ``changes``; a claim that is set to None is left out."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "ada", "aud": self.audience, "iat": now, "exp": now + 600} | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """A signed token; ``header`` replaces members of its header."""
        return self.sign(msgspec.json.encode(self.claims(**changes)), header)

    def sign(self, payload: bytes, header: Mapping[str, Any] | None = None) -> str:
        """``payload``, signed with the newest key."""
        members = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT", **(header or {})}
        members = {name: value for name, value in members.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[self.algorithm], strict_check_header=False)
        return to_str(jws.serialize_compact(members, payload, self.keys[self.key_id], registry=registry))


class _Server(ThreadingHTTPServer):
    """Serves what ``issuer`` answers, over TLS with ``certificate``: a PEM file of a chain and its key."""

    def __init__(self, issuer: StubIssuer, certificate: Path) -> None:
        super().__init__((HOST, 0), _Handler)
        self.issuer = issuer
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        issuer = self.server.issuer
        issuer.requests.append(self.path)
        time.sleep(issuer.delay)
        body, kind = issuer.answers.get(self.path), issuer.kinds.get(self.path)
        accepted = self.headers.get("Accept", "*/*")
        if body is None:
            self._answer(404, {}, b"")
        elif callable(body):
            with suppress(OSError):  # the other side has had enough
                body(self.wfile.write)
        elif kind is None:
            self._answer(200, issuer.headers, body)
        elif kind in accepted or "*/*" in accepted:
            self._answer(200, {**issuer.headers, "Content-Type": kind}, body)
        else:
            self._answer(406, {}, b"")

    def do_POST(self) -> None:
        issuer = self.server.issuer
        issuer.requests.append(self.path)
        posted = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = dict(parse_qsl(posted)) | {"authorization": self.headers.get("Authorization", "")}
        status, answer = issuer.forms[self.path](form) if self.path in issuer.forms else (404, {})
        self._answer(status, {"Content-Type": "application/json"}, msgspec.json.encode(answer))

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def _certificate(folder: Path) -> tuple[str, Path]:
    """An authority (PEM), and a file with a server certificate that it has signed, itself, and the server's key."""
    root, leaf = new_key(), new_key()
    hosts, now = (HOST, "localhost"), moment_of(time.time())
    authority = new_authority(root, hosts, now)
    certificate = new_certificate(leaf.public_key(), authority, root, hosts, now)
    pem = Encoding.PEM
    file = folder / "server.pem"
    private = leaf.private_bytes(pem, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(pem) + authority.public_bytes(pem) + private)
    return authority.public_bytes(pem).decode("ascii"), file
