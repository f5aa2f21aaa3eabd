"""``DATA/tls``: a certificate authority for development, and the server certificate it vouches for.

Clients that insist on https then trust one file, ``ca.pem``. The authority can vouch for the names it was made for and
no others (RFC 5280 section 4.2.1.10), so its key, stolen from a machine that trusts it, is of little use to a thief.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from daypass.adapters.folder import sync_folder

FOLDER = "tls"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
AUTHORITY_DAYS = 825
"""The longest life that Apple's clients accept of a certificate that a user has chosen to trust."""
CERTIFICATE_DAYS = 397
"""The longest that any client accepts."""
_BACKDATED = timedelta(hours=1)  # for clients whose clock is behind

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*", re.ASCII).fullmatch
_Key = ec.EllipticCurvePrivateKey
_Address = IPv4Address | IPv6Address


class AuthorityError(Exception):
    """Nothing was made. The text says why, ``advice`` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


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
    names = _names(hosts)
    if files.folder.exists():
        raise AuthorityError(
            f"there is a certificate authority in `{files.folder}`, and clients may trust it",
            "renew its certificate with --renew, or remove that folder to start anew",
        )
    key, server_key = _new_key(), _new_key()
    authority = _authority(key, names, _moment(now))
    certificate = _certificate(server_key.public_key(), authority, key, names, _moment(now))
    draft = Files(files.folder.with_name(f".{FOLDER}.{secrets.token_hex(8)}"))
    draft.folder.mkdir(mode=0o700)
    _write(draft.authority_key, _private_pem(key))
    _write(draft.key, _private_pem(server_key))
    _write(draft.certificate, certificate.public_bytes(Encoding.PEM), mode=0o644)
    _write(draft.authority, authority.public_bytes(Encoding.PEM), mode=0o644)
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
    moment = _moment(now)
    if authority.not_valid_after_utc <= moment:
        raise AuthorityError(
            f"the certificate authority in `{files.folder}` has ended",
            "remove that folder, run `daypass tls init` again, and give clients the new ca.pem",
        )
    names = _names([*_hosts(before), *hosts])
    _refuse_strangers(names, authority)
    certificate = _certificate(server_key.public_key(), authority, key, names, moment)
    _write(files.certificate, certificate.public_bytes(Encoding.PEM), mode=0o644)
    return _issued(certificate, authority)


def vouches_for(files: Files, certificate: str) -> bool:
    """Whether the authority has signed the certificate in file ``certificate``, the one that a daypass serves."""
    with suppress(OSError, ValueError, TypeError):
        authority, served = _read_certificate(files.authority), _read_certificate(Path(certificate))
        with suppress(Exception):  # of any kind, where another authority has signed
            served.verify_directly_issued_by(authority)
            return True
    return False


# ── Names ────────────────────────────────────────────────────────────────────────────────────────────


def _names(hosts: Iterable[str]) -> tuple[str, ...]:
    """Loopback and ``hosts``, each once and in its one spelling."""
    return tuple(dict.fromkeys([*LOOPBACK, *map(_checked, hosts)]))


def _checked(host: str) -> str:
    address = _address(host)
    if address is not None:
        return str(address)
    if len(host) <= 253 and _NAME(host) and not host.rpartition(".")[2].isdigit():
        return host.lower()
    raise AuthorityError(f"`{host}` is no host", "give a name such as sts.example.test or an address, without a port")


def _address(host: str) -> _Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _general(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _constraint(host: str) -> x509.GeneralName:
    """What permits ``host``: the name and those below it, or the one address."""
    address = _address(host)
    return x509.DNSName(host.removeprefix("*.")) if address is None else x509.IPAddress(ip_network(address))


def _hosts(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def _refuse_strangers(hosts: Sequence[str], authority: x509.Certificate) -> None:
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = {_text(name) for name in constraints.permitted_subtrees or ()}
    for host in hosts:
        if not any(below in permitted for below in _above(host)):
            raise AuthorityError(
                f"this certificate authority was not made for `{host}`, and clients would refuse it",
                "remove its folder and run `daypass tls init` with every --host; clients then need the new ca.pem",
            )


def _text(name: x509.GeneralName) -> str:
    return str(name.value)


def _above(host: str) -> list[str]:
    """What would permit ``host``."""
    if _address(host) is not None:
        return [_text(_constraint(host))]
    labels = host.removeprefix("*.").split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


# ── Certificates ─────────────────────────────────────────────────────────────────────────────────────


def _authority(key: _Key, hosts: Sequence[str], now: datetime) -> x509.Certificate:
    name = _subject(f"daypass development CA {secrets.token_hex(4)}")
    constraints = x509.NameConstraints(permitted_subtrees=[_constraint(host) for host in hosts], excluded_subtrees=None)
    return (
        _builder(name, name, key.public_key(), now, now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .sign(key, SHA256())
    )


def _certificate(
    public: ec.EllipticCurvePublicKey, authority: x509.Certificate, key: _Key, hosts: Sequence[str], now: datetime
) -> x509.Certificate:
    until = min(now + timedelta(days=CERTIFICATE_DAYS), authority.not_valid_after_utc)
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_subject(hosts[0]), authority.subject, public, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(key, SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _subject(name: str) -> x509.Name:
    # At most 64 characters (RFC 5280 appendix A.1). Nobody reads it where there are alternative names.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> _Key:
    return ec.generate_private_key(ec.SECP256R1())


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(int(now), UTC)


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> Issued:
    ends = (int(each.not_valid_after_utc.timestamp()) for each in (certificate, authority))
    return Issued(tuple(_hosts(certificate)), *ends)


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────


def _read(files: Files) -> tuple[x509.Certificate, _Key, x509.Certificate, _Key]:
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


def _read_key(path: Path) -> _Key:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, _Key):
        raise TypeError(f"{path.name} is no key on an elliptic curve")
    return key


def _private_pem(key: _Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, text: bytes, *, mode: int = 0o600) -> None:
    """Replace the file whole; nobody but its owner may write it, whatever the umask."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fchmod(handle, mode)
        os.fsync(handle)
    fresh.replace(path)
    sync_folder(path.parent)
