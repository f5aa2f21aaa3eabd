"""Where the server listens, and what it refuses."""

from __future__ import annotations

import datetime as dt
import http.client
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daypass.server import Limits, Listen, ListenError, Tls, check_listen
from daypass.server.listen import base_url, open_listener, tls_context
from tests.server.conftest import Program, program, running, wait_for


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A certificate for localhost, and its key with mode 0600."""
    return certify(tmp_path)


@pytest.fixture
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """Another one."""
    return certify(tmp_path_factory.mktemp("renewed"))


def certify(folder: Path) -> Tls:
    """A self-signed certificate and its key, in files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = Tls(folder / "cert.pem", folder / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files.key.chmod(0o600)
    return files


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "[::]", "192.0.2.1", "", "example.com", "127.0.0.1.example.com", "2130706433"]
)
def test_clear_text_beyond_loopback_is_refused(host: str) -> None:
    """Unless the operator insists, or TLS protects it. A name is no proof of an address."""
    with pytest.raises(ListenError, match="--insecure"):
        check_listen(host, None)
    check_listen(host, None, insecure=True)
    check_listen(host, Tls(Path("cert"), Path("key")))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_clear_text_on_loopback_is_fine(host: str) -> None:
    """Nobody else is on that network."""
    assert check_listen(host, None) is None  # type: ignore[func-returns-value]


def test_a_taken_port_is_a_clear_error() -> None:
    """It names the address and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"127.0.0.1:{port} is taken.*--listen"):
            open_listener(Listen("127.0.0.1", port))


def test_a_port_that_is_let_go_a_moment_later_is_waited_for() -> None:
    """The workers of a killed server need a moment to go."""
    import threading

    taken = socket.create_server(("127.0.0.1", 0))
    threading.Timer(0.2, taken.close).start()
    with open_listener(Listen("127.0.0.1", taken.getsockname()[1])) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "words"), [("192.0.2.1", "not an address of this machine"), ("no.such.invalid", "cannot find")]
)
def test_a_foreign_address_is_a_clear_error(host: str, words: str) -> None:
    """An address of another machine, or of none."""
    with pytest.raises(ListenError, match=words):
        open_listener(Listen(host, 0))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_the_url_is_one_that_clients_here_can_use(host: str, url: str) -> None:
    """A wildcard is no destination; IPv6 stands in brackets."""
    try:
        sock = open_listener(Listen(host, 0))
    except ListenError:
        pytest.skip("no IPv6 here")
    with sock:
        assert base_url(sock, Listen(host, 0), secure=False) == f"{url}{sock.getsockname()[1]}"


def test_a_readable_key_is_refused(tls: Tls) -> None:
    """A private key that every account on the machine can read is no secret."""
    tls.key.chmod(0o644)
    with pytest.raises(ListenError, match="chmod o-rwx"):
        tls_context(tls)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tls: Tls) -> None:
    """OpenSSL would ask at the terminal: at the start nobody may be there, and on SIGHUP everybody would wait."""
    key = serialization.load_pem_private_key(tls.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    tls.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(ListenError, match="has a passphrase"):
        tls_context(tls)


def test_a_missing_certificate_is_a_clear_error(tls: Tls) -> None:
    """The files are named."""
    tls.certificate.unlink()
    with pytest.raises(ListenError, match=r"cert\.pem"):
        tls_context(tls)


def test_a_key_of_another_certificate_is_a_clear_error(tls: Tls, tmp_path: Path) -> None:
    """OpenSSL's words are passed on."""
    other = ec.generate_private_key(ec.SECP256R1())
    tls.key.write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(ListenError, match="cannot use the TLS certificate"):
        tls_context(tls)


def test_tls_is_served_and_the_service_knows(tls: Tls) -> None:
    """A client that trusts the certificate gets its answer, and ``secure`` is true."""
    with running(tls=tls) as server:
        assert server.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(tls.certificate))
        connection = http.client.HTTPSConnection(*server.address, context=context, timeout=10)
        connection.sock = context.wrap_socket(socket.create_connection(server.address), server_hostname="localhost")
        for target in ("/echo1", "/thread"):
            connection.request("GET", target)
            assert connection.getresponse().read()
        connection.close()
        assert all(raw.secure for raw in server.recorder.seen)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_modern(tls: Tls, version: ssl.TLSVersion) -> None:
    """1.2 and 1.3 are spoken."""
    with running(tls=tls) as server:
        context = ssl.create_default_context(cafile=str(tls.certificate))
        context.minimum_version = context.maximum_version = version
        with context.wrap_socket(server.connect(), server_hostname="localhost") as sock:
            assert sock.version() == version.name.replace("_", ".")


def test_old_tls_is_refused(tls: Tls) -> None:
    """1.1 and older are not."""
    assert tls_context(tls).minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_tls_refusal_reaches_the_client(tls: Tls) -> None:
    """A malformed request inside TLS is answered like any other."""
    with running(tls=tls) as server:
        context = ssl.create_default_context(cafile=str(tls.certificate))
        with context.wrap_socket(server.connect(), server_hostname="localhost") as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_never_shakes_hands_is_cut(tls: Tls) -> None:
    """The deadline of the head is that of the handshake too."""
    with running(Limits(head_seconds=0.5), tls=tls) as server, server.connect() as sock:
        sock.settimeout(3)
        assert sock.recv(100) == b""


def test_a_single_process_serves_a_renewed_certificate_after_hup(tls: Tls, renewed: Tls) -> None:
    """To new connections, while those there are go on; files that cannot be used change nothing."""
    new = ssl.PEM_cert_to_DER_cert(renewed.certificate.read_text())
    with program(tls=[str(tls.certificate), str(tls.key)]) as server:
        context = ssl.create_default_context(cafile=str(tls.certificate))
        with context.wrap_socket(server.connect(), server_hostname="localhost") as sock:
            tls.certificate.write_bytes(renewed.certificate.read_bytes())
            server.process.send_signal(signal.SIGHUP)  # half of a renewal: the key is still the old one
            time.sleep(0.5)
            assert served_certificate(server) != new
            tls.key.write_bytes(renewed.key.read_bytes())
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: served_certificate(server) == new)
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert server.stop() == 0


def served_certificate(server: Program) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(server.address, timeout=10))


def _all_serve(server: Program, certificate: bytes) -> bool:
    try:
        return {served_certificate(server) for _ in range(8)} == {certificate}
    except OSError:  # a worker that ends cuts a handshake that is under way; clients try again
        return False


def test_a_renewed_certificate_is_served_after_hup(tls: Tls, renewed: Tls) -> None:
    """New workers read the files anew; files that cannot be used leave the old certificate in force."""
    old, new = (ssl.PEM_cert_to_DER_cert(files.certificate.read_text()) for files in (tls, renewed))
    with program(workers=2, tls=[str(tls.certificate), str(tls.key)]) as server:
        assert served_certificate(server) == old
        tls.certificate.write_bytes(renewed.certificate.read_bytes())
        tls.key.write_bytes(renewed.key.read_bytes())
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: _all_serve(server, new), 20)
        tls.certificate.write_bytes(b"half a certificate")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(1.5)
        assert {served_certificate(server) for _ in range(4)} == {new}
