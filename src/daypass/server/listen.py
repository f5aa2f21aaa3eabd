"""Where the server listens, what it refuses to listen on, and whether it answers there."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import stat
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

BACKLOG = 2_048
_RETRY_SECONDS = 0.5
_ANSWER_SECONDS = 10.0


class ListenError(Exception):
    """The server cannot listen as it was told to: refused, taken, not ours, or unusable TLS files.

    The text says what to do; the command line prints it and exits with 1.
    """


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on. ``host`` is an IP address or a name; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 7177


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the certificate with its chain, and its private key."""

    certificate: Path
    key: Path


def check_listen(host: str, tls: Tls | None, *, insecure: bool = False) -> None:
    """Refuse to listen beyond loopback in clear text unless the operator insists.

    Raises:
        ListenError: credentials would cross a network unencrypted.
    """
    # INVARIANT: 10. Secret keys travel in answers; leaving TLS out must not send them over a network.
    # tests/server/test_listen.py::test_clear_text_beyond_loopback_is_refused
    if tls is None and not insecure and not _is_loopback(host):
        raise ListenError(
            f"listening on `{host}` without TLS would send credentials over the network in clear text; "
            "give --tls-cert and --tls-key, listen on 127.0.0.1, or insist with --insecure"
        )


def _is_loopback(host: str) -> bool:
    # `localhost` is loopback by RFC 6761 §6.3; no other name is looked up, because its address may change.
    if host.lower() in {"localhost", "localhost."}:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def tls_context(tls: Tls) -> ssl.SSLContext:
    """The server's TLS settings: 1.2 or later, no client certificates.

    Raises:
        ListenError: a file is missing, does not fit the other, or the key can be read by everyone or has a passphrase.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    def refuse_passphrase() -> str:  # else OpenSSL asks for it at the terminal, and everybody waits
        raise ListenError(
            f"the TLS key `{tls.key}` has a passphrase, and nobody to give it; store it without one: "
            f"openssl pkey -in {tls.key} -out KEY"
        )

    try:
        if stat.S_IMODE(tls.key.stat().st_mode) & stat.S_IROTH:
            raise ListenError(f"the TLS key `{tls.key}` can be read by everyone; run: chmod o-rwx {tls.key}")
        context.load_cert_chain(tls.certificate, tls.key, refuse_passphrase)
    except OSError as problem:  # ssl.SSLError is one
        raise ListenError(
            f"cannot use the TLS certificate `{tls.certificate}` with the key `{tls.key}`: {problem}"
        ) from problem
    return context


def serve_renewed(context: ssl.SSLContext, tls: Tls) -> None:
    """Serve the TLS files as they are now to whoever connects from now on; connections there are keep what they have.

    Raises:
        ListenError: the files cannot be used. What was served before stays in use.
    """
    fresh = tls_context(tls)

    def present(connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = fresh

    # Called in every handshake, also of clients that name no host. Loading into the context itself could leave the new
    # certificate beside the old key.
    context.sni_callback = present


def open_listener(listen: Listen) -> socket.socket:
    """A socket that listens at the address.

    Raises:
        ListenError: taken, not allowed, or no address of this machine.
    """
    try:
        # The first address in IPv4 before IPv6: `localhost` is 127.0.0.1, as the ready line will say.
        found = socket.getaddrinfo(
            listen.host.strip("[]"), listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as problem:
        raise ListenError(f"cannot find the address of `{listen.host}`: {problem.strerror}") from problem
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    give_up = time.monotonic() + _RETRY_SECONDS
    while True:
        try:
            return _bind(family, address)
        except OSError as problem:
            # The workers of a killed server need a moment to notice that and let go of the port.
            if problem.errno != errno.EADDRINUSE or time.monotonic() > give_up:
                raise ListenError(_explain(problem, listen)) from problem
            time.sleep(0.05)


def _bind(family: int, address: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
        sock.listen(BACKLOG)  # now, because two processes may bind one port, but not listen on it
    except BaseException:
        sock.close()
        raise
    return sock


def _explain(problem: OSError, listen: Listen) -> str:
    where = f"{listen.host}:{listen.port}"
    if problem.errno == errno.EADDRINUSE:
        return f"{where} is taken: another daypass, perhaps; stop it, or choose another port with --listen HOST:PORT"
    if problem.errno == errno.EACCES:
        return f"not allowed to listen on {where}: ports below 1024 are reserved; choose one with --listen HOST:PORT"
    if problem.errno == errno.EADDRNOTAVAIL:
        return f"{where} is not an address of this machine; choose one with --listen HOST:PORT"
    return f"cannot listen on {where}: {problem.strerror}"


def base_url(sock: socket.socket, listen: Listen, *, secure: bool) -> str:
    """``http://HOST:PORT`` as clients on this machine can use it: a wildcard address becomes loopback."""
    port = sock.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(listen.host.strip("[]"), listen.host)  # noqa: S104  recognised, not listened on
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{'https' if secure else 'http'}://{host}:{port}"


def wait_until_it_answers(sock: socket.socket, *, secure: bool) -> None:
    """Ask the server over the network until it answers. Blocks.

    Raises:
        ListenError: no answer within ten seconds.
    """
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  recognised, not listened on
    give_up = time.monotonic() + _ANSWER_SECONDS
    while not _answers(host, port, secure=secure):
        if time.monotonic() > give_up:
            raise ListenError(f"the server does not answer on {host}:{port}; is something filtering that port?")
        time.sleep(0.05)


def _answers(host: str, port: int, *, secure: bool) -> bool:
    if secure:
        # Nothing is sent that needs protection, and the certificate names hosts that may not lead here yet.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=2, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/-/health", headers={"connection": "close"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()
