"""Making certificates: an authority that is constrained to some hosts, and server certificates signed by it.

Source: RFC 5280, sections 4.2.1.6 (alternative names) and 4.2.1.10 (name constraints).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("localhost", "127.0.0.1", "::1")
AUTHORITY_DAYS = 825
CERTIFICATE_DAYS = 397
"""The longest life that all clients accept of a server's certificate. An authority may live longer, not for ever."""
_BACKDATED = timedelta(hours=1)  # for clients whose clock is behind

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*", re.ASCII).fullmatch
_SERVERS_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
PrivateKey = ec.EllipticCurvePrivateKey
_Address = IPv4Address | IPv6Address


class AuthorityError(Exception):
    """Nothing was made. The text says why, ``advice`` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


# ── Names ────────────────────────────────────────────────────────────────────────────────────────────


def host_names(hosts: Iterable[str]) -> tuple[str, ...]:
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
    if "%" in host:  # an interface of this machine means nothing to a client
        return None
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _general(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _constraint(host: str) -> x509.GeneralName:
    """The name constraint for ``host``: the name and all below it, or the one address."""
    address = _address(host)
    return x509.DNSName(host.removeprefix("*.")) if address is None else x509.IPAddress(ip_network(address))


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """The names and then the addresses that a server certificate is for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def refuse_strangers(hosts: Sequence[str], authority: x509.Certificate) -> None:
    """Refuse hosts that ``authority`` may not vouch for.

    Raises:
        AuthorityError: with the first of them.
    """
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
    """The names of which any one, in the authority's constraints, permits ``host``."""
    if _address(host) is not None:
        return [_text(_constraint(host))]
    labels = host.removeprefix("*.").split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


# ── Certificates ─────────────────────────────────────────────────────────────────────────────────────


def new_authority(key: PrivateKey, hosts: Sequence[str], now: datetime) -> x509.Certificate:
    """An authority with ``key`` that can vouch for ``hosts``, for names below them, and for nothing else."""
    name = _subject(f"daypass development CA {secrets.token_hex(4)}")
    constraints = x509.NameConstraints(permitted_subtrees=[_constraint(host) for host in hosts], excluded_subtrees=None)
    return (
        _builder(name, name, key.public_key(), now, now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        # Constraints of host names say nothing of certificates for mail, code or clients; this does.
        .add_extension(_SERVERS_ONLY, critical=False)
        .add_extension(constraints, critical=True)
        .sign(key, SHA256())
    )


def new_certificate(
    public: ec.EllipticCurvePublicKey, authority: x509.Certificate, key: PrivateKey, hosts: Sequence[str], now: datetime
) -> x509.Certificate:
    """A server certificate for ``hosts`` with key ``public``, signed by ``authority``, whose key is ``key``."""
    until = min(now + timedelta(days=CERTIFICATE_DAYS), authority.not_valid_after_utc)
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_subject(hosts[0]), authority.subject, public, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(_SERVERS_ONLY, critical=False)
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


def new_key() -> PrivateKey:
    """A private key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def moment_of(now: float) -> datetime:
    """Epoch seconds as certificates write times."""
    return datetime.fromtimestamp(int(now), UTC)
