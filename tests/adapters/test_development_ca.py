"""The certificate authority of `daypass tls init`: what it makes, what it refuses, and whom clients believe."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from daypass.adapters.certificates import AUTHORITY_DAYS, CERTIFICATE_DAYS, AuthorityError, new_certificate
from daypass.adapters.development_ca import Files, _read, make, renew, vouches_for

NOW = time.time()
DAY = 86_400


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files.of(tmp_path)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def shakes_hands(files: Files, host: str, authority: Path | None = None) -> bool:
    """Whether a client that trusts only ``authority`` takes the served certificate for ``host``'s."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(authority or files.authority))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=host).close()
    except ssl.SSLCertVerificationError:
        return False
    finally:
        ours.close()
        thread.join(10)
    return True


def test_clients_that_trust_the_authority_take_loopback_and_the_named_hosts(files: Files) -> None:
    """Names, addresses of both kinds, and names under a star; nothing else."""
    made = make(files, ["STS.example.test", "192.0.2.7", "[2001:db8::1]", "*.internal.test", "localhost"], NOW)
    hosts = ("localhost", "127.0.0.1", "::1", "sts.example.test", "192.0.2.7", "2001:db8::1", "a.internal.test")
    assert [shakes_hands(files, host) for host in hosts] == [True] * len(hosts)
    assert sorted(made.hosts) == sorted([*hosts[:-1], "*.internal.test"])
    assert not any(shakes_hands(files, host) for host in ("example.test", "127.0.0.2", "a.b.internal.test"))


def test_another_authority_is_not_believed(files: Files, tmp_path: Path) -> None:
    """Not even one that was made in the same way for the same names."""
    other = Files.of(tmp_path / "other")
    other.folder.parent.mkdir()
    make(files, [], NOW)
    make(other, [], NOW)
    assert not shakes_hands(files, "localhost", other.authority)
    assert vouches_for(files, str(files.certificate))
    assert not vouches_for(other, str(files.certificate))
    assert not vouches_for(files, str(tmp_path / "absent.pem"))
    assert not vouches_for(Files.of(tmp_path / "absent"), str(files.certificate))


def test_the_authority_can_vouch_for_nobody_else(files: Files) -> None:
    """A thief of its key can make a certificate for any name; clients that trust the authority refuse it."""
    make(files, ["sts.example.test"], NOW)
    authority, key, _, server_key = _read(files)
    for host, believed in (("api.sts.example.test", True), ("www.example.com", False), ("10.0.0.1", False)):
        forged = new_certificate(
            server_key.public_key(), authority, key, [host], authority.not_valid_before_utc.replace(microsecond=0)
        )
        files.certificate.write_bytes(forged.public_bytes(Encoding.PEM))
        assert shakes_hands(files, host) is believed


def test_the_authority_can_vouch_for_nothing_but_servers(files: Files) -> None:
    """Constraints of host names bind neither code nor clients nor mail, so that is a matter of its key usage."""
    make(files, [], NOW)
    authority = certificate(files.authority)
    assert list(authority.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]


def test_keys_are_for_their_owner_only(files: Files) -> None:
    """Folder and keys; certificates may be read by who gets into the folder."""
    make(files, [], NOW)
    modes = {path.name: path.stat().st_mode & 0o777 for path in files.folder.iterdir()}
    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600, "cert.pem": 0o644, "key.pem": 0o600}
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in files.folder.parent.iterdir()] == ["tls"]


def test_what_is_made_says_what_it_is_for(files: Files) -> None:
    """One authority with nothing below it but server certificates, both on P-256, each with an end."""
    made = make(files, [], NOW)
    authority, served = certificate(files.authority), certificate(files.certificate)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(
        ca=True, path_length=0
    )
    assert authority.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert not served.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(served.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    for each in (authority, served):
        public = each.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert public.curve.name == "secp256r1"
    assert (made.not_after - int(NOW)) // DAY == CERTIFICATE_DAYS
    assert (made.authority_not_after - int(NOW)) // DAY == AUTHORITY_DAYS


def test_an_authority_is_never_overwritten(files: Files) -> None:
    """Clients may trust it."""
    make(files, [], NOW)
    before = {path: path.read_bytes() for path in files.folder.iterdir()}
    with pytest.raises(AuthorityError, match="there is a certificate authority"):
        make(files, ["sts.example.test"], NOW)
    assert {path: path.read_bytes() for path in files.folder.iterdir()} == before


@pytest.mark.parametrize(
    "host", ["", "a b", "https://x", "x:443", "a..b", "-x", "1.2.3", "x" * 64, "*", "é", ".", "fe80::1%eth0"]
)
def test_what_is_no_host_is_refused(files: Files, host: str) -> None:
    """Before anything is made."""
    with pytest.raises(AuthorityError, match="is no host"):
        make(files, [host], NOW)
    assert not files.folder.exists()


# ── Renewal ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_renewed_certificate_lasts_longer_under_the_same_authority(files: Files) -> None:
    """Its hosts and keys stay, so clients need nothing new."""
    first = make(files, ["sts.example.test"], NOW)
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    second = renew(files, ["eu.sts.example.test"], NOW + 100 * DAY)
    after = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    assert second.not_after - first.not_after == 100 * DAY
    assert set(second.hosts) == {*first.hosts, "eu.sts.example.test"}
    assert {name for name in after if after[name] != before[name]} == {"cert.pem"}
    renew(files, [], NOW)
    assert shakes_hands(files, "eu.sts.example.test")


def test_no_certificate_outlives_its_authority(files: Files) -> None:
    """And after its end there is none to be had."""
    made = make(files, [], NOW)
    assert renew(files, [], NOW + (AUTHORITY_DAYS - 1) * DAY).not_after == made.authority_not_after
    with pytest.raises(AuthorityError, match="has ended"):
        renew(files, [], made.authority_not_after)


@pytest.mark.parametrize("host", ["other.test", "example.test", "10.0.0.1", "*.test"])
def test_a_renewal_for_other_hosts_needs_another_authority(files: Files, host: str) -> None:
    """Clients would refuse what this one may not vouch for, so it is not made."""
    make(files, ["sts.example.test"], NOW)
    before = files.certificate.read_bytes()
    with pytest.raises(AuthorityError, match="was not made for"):
        renew(files, [host], NOW)
    assert files.certificate.read_bytes() == before


def test_nothing_to_renew_and_broken_files_are_told(files: Files) -> None:
    """Each with what to do about it."""
    with pytest.raises(AuthorityError, match="there is no certificate authority"):
        renew(files, [], NOW)
    make(files, [], NOW)
    files.authority_key.write_text("no key")
    with pytest.raises(AuthorityError, match="cannot read"):
        renew(files, [], NOW)
