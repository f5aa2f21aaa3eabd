"""Issuers of our own under the names of well-known ones, with documents and claims as those describe theirs.

The names lead to this machine for the daypass that is asked, so that its condition keys are the real ones.
"""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import RSAKey

from daypass.testing.identity_provider import make_key
from tests.clients.names import Names


class Imitation:
    """An issuer at ``host``: its documents, and tokens that its one key signs."""

    def __init__(self, host: str, *, jwks_path: str, header: Mapping[str, str], certified: bool = False) -> None:
        self.host, self.url = host, f"https://{host}"
        private, certificate = make_key()
        self._key = RSAKey(private, private)
        self._header = {"alg": "RS256", "kid": "imitation", **header}
        public = {**self._key.as_dict(private=False), "kid": "imitation", "use": "sig", "alg": "RS256"}
        if certified:
            public["x5c"] = [b64encode(certificate.public_bytes(Encoding.DER)).decode()]
        discovery = {
            "issuer": self.url,
            "jwks_uri": self.url + jwks_path,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.documents = {"/.well-known/openid-configuration": discovery, jwks_path: {"keys": [public]}}

    def token(self, claims: Mapping[str, Any], lasts: int) -> str:
        """A token with ``claims`` that is valid for ``lasts`` seconds from now."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + lasts}
        return jwt.encode(self._header, {"iss": self.url, **times, **claims}, self._key)


@contextmanager
def serving(names: Names, *issuers: Imitation) -> Iterator[None]:
    """Answer at the address that their names lead to, with a certificate for them."""
    by_host = {issuer.host: issuer.documents for issuer in issuers}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(by_host[self.headers["Host"]][self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((names.address, 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(names.tls / "cert.pem", names.tls / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
