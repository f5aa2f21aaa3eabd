"""AWS's names lead to daypass: a hosts file that one program sees, and a certificate of an authority of daypass's own.

What a network with its own DNS does for everybody is done here for one process: ``unshare --mount`` gives it a mount
namespace in which another file lies over ``/etc/hosts``.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import run

NAMES = (
    "sts.amazonaws.com",
    "sts.eu-central-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "iam.amazonaws.com",
)


@dataclass(frozen=True, slots=True)
class Names:
    """The address that the names lead to, the folder of what vouches for it, and the file that says so."""

    address: str
    tls: Path
    hosts: Path

    @property
    def authority(self) -> Path:
        """What clients are told to trust."""
        return self.tls / "ca.pem"

    @property
    def options(self) -> tuple[str, ...]:
        """How a daypass is started to which the names lead."""
        tls = ("--tls-cert", str(self.tls / "cert.pem"), "--tls-key", str(self.tls / "key.pem"))
        return ("--listen", f"{self.address}:443", *tls)

    def lead(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """``command`` as it is run where the names lead here."""
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ("unshare", "--mount", "sh", "-c", script, str(self.hosts), *command)

    @property
    def environment(self) -> dict[str, str]:
        """The authority, under every name that clients look for it."""
        names = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        return dict.fromkeys(names, str(self.authority))


def make_names(data: Path, names: Sequence[str] = NAMES) -> Names:
    """Certificate and hosts file for a daypass on ``data``, for a loopback address that nobody else uses."""
    if os.geteuid() != 0 or subprocess.run(("unshare", "--mount", "true"), capture_output=True, check=False).returncode:
        pytest.skip("names lead to port 443 in a mount namespace; this takes root on a machine that grants them")
    address = f"127.77.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
    hosts = data.with_name("hosts")
    hosts.write_text(f"127.0.0.1 localhost\n{address} {' '.join(names)}\n")
    done = run("tls", "init", "--data", str(data), *(f"--host={name}" for name in (*names, address)))
    assert done.returncode == 0, done.stderr
    return Names(address, data / "tls", hosts)
