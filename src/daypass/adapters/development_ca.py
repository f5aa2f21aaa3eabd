"""``DATA/tls``: a certificate authority for development, and the server certificate that it has signed.

Clients that insist on https trust its one file ``ca.pem``. The authority is constrained to the names it was made for
(RFC 5280, section 4.2.1.10), so a thief could use its key for no other host.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from daypass.adapters.certificates import (
    AuthorityError,
    PrivateKey,
    host_names,
    hosts_of,
    moment_of,
    new_authority,
    new_certificate,
    new_key,
    refuse_strangers,
)
from daypass.adapters.durable import replace_file, sync_folder

FOLDER = "tls"


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything lies in a data directory."""

    folder: Path

    @classmethod
    def of(cls, data: Path) -> Files:
        """The files of data directory ``data``, whether they exist or not."""
        return cls(data / FOLDER)

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def authority_key(self) -> Path:
        return self.folder / "ca-key.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"


@dataclass(frozen=True, slots=True)
class Issued:
    """A server certificate. Ends are epoch seconds."""

    hosts: tuple[str, ...]
    not_after: int
    authority_not_after: int


def make(files: Files, hosts: Iterable[str], now: float) -> Issued:
    """Make an authority and a server certificate for loopback and ``hosts``, names or addresses.

    Raises:
        AuthorityError: there is an authority already, or a host is none.
        OSError: the files cannot be written.
    """
    names = host_names(hosts)
    if files.folder.exists():
        raise AuthorityError(
            f"there is a certificate authority in `{files.folder}`, and clients may trust it",
            "renew its certificate with --renew, or remove that folder to start anew",
        )
    key, server_key = new_key(), new_key()
    authority = new_authority(key, names, moment_of(now))
    certificate = new_certificate(server_key.public_key(), authority, key, names, moment_of(now))
    draft = Files(files.folder.with_name(f".{FOLDER}.{secrets.token_hex(8)}"))
    draft.folder.mkdir(mode=0o700)
    replace_file(draft.authority_key, _private_pem(key))
    replace_file(draft.key, _private_pem(server_key))
    replace_file(draft.certificate, certificate.public_bytes(Encoding.PEM), mode=0o644)
    replace_file(draft.authority, authority.public_bytes(Encoding.PEM), mode=0o644)
    sync_folder(draft.folder)
    draft.folder.rename(files.folder)  # all of it or nothing
    sync_folder(files.folder.parent)
    return _issued(certificate, authority)


def renew(files: Files, hosts: Iterable[str], now: float) -> Issued:
    """Replace the server certificate by one that lasts longer, for the hosts of the old one and ``hosts``.

    Authority and keys stay, so clients need nothing new, and the server never sees a certificate without its key.

    Raises:
        AuthorityError: there is no authority, it has ended, or it may not vouch for a host.
        OSError: the files cannot be read or written.
    """
    authority, key, before, server_key = _read(files)
    moment = moment_of(now)
    if authority.not_valid_after_utc <= moment:
        raise AuthorityError(
            f"the certificate authority in `{files.folder}` has ended",
            "remove that folder, run `daypass tls init` again, and give clients the new ca.pem",
        )
    names = host_names([*hosts_of(before), *hosts])
    refuse_strangers(names, authority)
    certificate = new_certificate(server_key.public_key(), authority, key, names, moment)
    replace_file(files.certificate, certificate.public_bytes(Encoding.PEM), mode=0o644)
    return _issued(certificate, authority)


def vouches_for(files: Files, certificate: str) -> bool:
    """Whether the authority has signed the certificate in file ``certificate``, the one that a daypass serves."""
    with suppress(OSError, ValueError, TypeError):
        authority, served = _read_certificate(files.authority), _read_certificate(Path(certificate))
        with suppress(Exception):  # of any kind, where another authority has signed
            served.verify_directly_issued_by(authority)
            return True
    return False


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> Issued:
    ends = (int(each.not_valid_after_utc.timestamp()) for each in (certificate, authority))
    return Issued(tuple(hosts_of(certificate)), *ends)


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────


def _read(files: Files) -> tuple[x509.Certificate, PrivateKey, x509.Certificate, PrivateKey]:
    if not files.folder.exists():
        raise AuthorityError(
            f"there is no certificate authority in `{files.folder}`", "make one: daypass tls init, without --renew"
        )
    try:
        return (
            _read_certificate(files.authority),
            _read_key(files.authority_key),
            _read_certificate(files.certificate),
            _read_key(files.key),
        )
    except (OSError, ValueError, TypeError) as error:
        raise AuthorityError(
            f"cannot read what is in `{files.folder}`: {error}", "restore its files, or remove it to start anew"
        ) from error


def _read_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _read_key(path: Path) -> PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, PrivateKey):
        raise TypeError(f"{path.name} is no key on an elliptic curve")
    return key


def _private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
