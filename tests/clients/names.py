"""AWS's names lead to daypass: a certificate authority of our own, and a hosts file that one program sees.

What a network with its own DNS does for everybody is done here for one process: ``unshare --mount`` gives it a mount
namespace in which another file lies over ``/etc/hosts``.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "sts.amazonaws.com",
    "sts.eu-central-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "iam.amazonaws.com",
)


@dataclass(frozen=True, slots=True)
class Names:
    """The address that the names lead to, the authority that vouches for it, and the file that says so."""

    address: str
    authority: Path
    certificate: Path
    key: Path
    hosts: Path

    def lead(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """``command`` as it is run where the names lead here."""
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ("unshare", "--mount", "sh", "-c", script, str(self.hosts), *command)

    @property
    def environment(self) -> dict[str, str]:
        """The authority, under every name that clients look for it."""
        names = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        return dict.fromkeys(names, str(self.authority))


def make_names(folder: Path) -> Names:
    """Authority, certificate and hosts file in ``folder``, for a loopback address that nobody else uses."""
    assert os.geteuid() == 0, "names lead to port 443 in a mount namespace, and both need root; CI has it"
    address = f"127.77.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{address} {' '.join(NAMES)}\n")
    alternatives = ",".join([*(f"DNS:{name}" for name in NAMES), f"IP:{address}"])
    _openssl(folder, "authority", "/CN=test authority", "basicConstraints=critical,CA:TRUE")
    by = ("-CA", str(folder / "authority.pem"), "-CAkey", str(folder / "authority.key"))
    # Rust's TLS takes no certificate authority for a server.
    server = ("-addext", "basicConstraints=critical,CA:FALSE", *by)
    _openssl(folder, "server", "/CN=sts.amazonaws.com", f"subjectAltName={alternatives}", *server)
    return Names(address, folder / "authority.pem", folder / "server.pem", folder / "server.key", hosts)


def _openssl(folder: Path, name: str, subject: str, extension: str, *more: str) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3")
    files = ("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"))
    command = ("openssl", "req", "-x509", *curve, "-subj", subject, "-addext", extension, *files, *more)
    subprocess.run(command, check=True, capture_output=True)
