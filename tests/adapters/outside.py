"""The outside world on loopback: servers that speak TLS as they like, with certificates of any make.

Whoever connects anywhere is seen where Python's sockets are, whatever has opened them.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

# ── who connects ─────────────────────────────────────────────────────────────────────────────────────

_connects: list[tuple[Any, ...]] | None = None
_permitted: set[int] = set()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _connects is not None and isinstance(arguments[1], tuple):
        _connects.append(arguments[1])
        if arguments[1][1] not in _permitted:
            raise ConnectionRefusedError("nothing leaves this machine")


sys.addaudithook(_watch)


@contextmanager
def connections(*permitted: int) -> Iterator[list[tuple[Any, ...]]]:
    """Every address that this process connects to meanwhile; only to the ports ``permitted`` it really gets."""
    global _connects  # noqa: PLW0603 - an audit hook stays for ever
    _connects = seen = []
    _permitted.update(permitted)
    try:
        yield seen
    finally:
        _connects = None
        _permitted.clear()


# ── certificates ─────────────────────────────────────────────────────────────────────────────────────


class Authority:
    """Somebody who signs certificates; ``issuer`` has signed this one's own, None: itself."""

    def __init__(self, name: str = "authority", issuer: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.chain: list[x509.Certificate] = []
        above = issuer or self
        made = above._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=None))
        self.certificate = made
        self.chain = [made, *(issuer.chain if issuer else [])]

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, basic: x509.BasicConstraints, **more: Any) -> Any:
        now = datetime.now(UTC)
        begins = more.get("begins", now - timedelta(hours=1))
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(more.get("ends", now + timedelta(days=1)))
            .add_extension(basic, critical=True)
        )
        if "names" in more:
            builder = builder.add_extension(x509.SubjectAlternativeName(more["names"]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return str(self.certificate.public_bytes(Encoding.PEM).decode())

    def server(
        self, folder: Path, host: str = "127.0.0.1", *, more: list[x509.Certificate] | None = None, **times: Any
    ) -> tuple[Path, list[x509.Certificate]]:
        """The file of a server's certificate for ``host``, its chain and key; and what it shows.

        ``more`` is shown behind the chain.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server")])
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        with suppress(ValueError):
            names = [x509.IPAddress(ip_address(host))]
        leaf = self._sign(name, key, x509.BasicConstraints(ca=False, path_length=None), names=names, **times)
        shown = [leaf, *self.chain, *(more or [])]
        file = folder / f"{leaf.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in shown) + private)
        return file, shown


def thumbprint(certificate: x509.Certificate) -> str:
    """As AWS writes it: SHA-1, lower-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA1()).hex()


# ── servers ──────────────────────────────────────────────────────────────────────────────────────────


class Server:
    """``speak`` is handed each connection; after a TLS handshake with ``certificate``, if there is one."""

    def __init__(self, speak: Callable[[Any], None], certificate: Path | None = None, version: Any = None) -> None:
        self._speak = speak
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
            if version is not None:
                self._context.set_ciphers("ALL:@SECLEVEL=0")
                self._context.minimum_version = ssl.TLSVersion.TLSv1
                self._context.maximum_version = version
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection:
            connection.settimeout(20)
            if self._context is None:
                self._speak(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65_536)
                self._speak(secure)

    def drip(self, data: bytes, then: bytes = b"", every: float = 0.02) -> Callable[[Any], None]:
        """Say ``data`` at once, and ``then`` again and again, a little at a time, for as long as the test runs."""

        def speak(connection: Any) -> None:
            connection.sendall(data)
            while not self.stopped.wait(every):
                connection.sendall(then)

        return speak
