"""Where the server listens, and what it refuses to listen on."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path


class ListenError(Exception):
    """The server cannot listen as it was told to: refused, taken, not ours, or unreadable TLS files.

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
    if tls is None and not insecure and not _is_loopback(host):
        raise ListenError(
            f"listening on `{host}` without TLS would send credentials over the network in clear text; "
            "give --tls-cert and --tls-key, listen on 127.0.0.1, or insist with --insecure"
        )


def _is_loopback(host: str) -> bool:
    # `localhost` is loopback by RFC 6761; no other name is looked up, because its address may change.
    if host.lower() in {"localhost", "localhost."}:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
