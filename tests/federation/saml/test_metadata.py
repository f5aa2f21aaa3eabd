"""Metadata documents as providers publish them, and those that are refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID

from daypass.errors import Malformed
from daypass.federation.saml.metadata import MOST_CERTIFICATES, MOST_ISSUERS, read_metadata
from daypass.testing.identity_provider import StubIdentityProvider
from tests.federation.attacks.key_sets import UNKNOWN

FOLDER = Path(__file__).parent / "metadata"
PUBLISHED = {
    "adfs": ("http://sts.corp.example/adfs/services/trust", "sts.corp.example signing"),
    "entra": (
        "https://sts.windows.net/00000000-1111-2222-3333-444444444444/",
        "Microsoft Azure Federated SSO Certificate",
    ),
    "okta": ("http://www.okta.com/exk1a2b3c4d5e6f7g8h9", "corp"),
    "google": ("https://accounts.google.com/o/saml2?idpid=C01abcdef", "Google"),
    "keycloak": ("https://keycloak.corp.example/realms/staff", "staff"),
}  # fmt: skip


def published(name: str) -> str:
    """A document in the form of this product."""
    return (FOLDER / f"{name}.xml").read_text()


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_products_publish_is_read(name: str) -> None:
    """One issuer, and its certificate for signing alone: neither those for encryption nor WS-Federation's."""
    (issuer,) = read_metadata(published(name))
    (certificate,) = issuer.certificates
    subject = load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert (issuer.entity_id, subject) == PUBLISHED[name]


def test_every_document_in_the_folder_is_tried() -> None:
    """A new one needs a row."""
    assert {file.stem for file in FOLDER.glob("*.xml")} == PUBLISHED.keys()


def test_certificates_can_be_changed_without_a_gap() -> None:
    """While both are in the metadata, both sign; one that is there twice counts once."""
    idp = StubIdentityProvider()
    idp.rotate()
    (issuer,) = read_metadata(idp.metadata)
    assert len(issuer.certificates) == 2
    idp.keys.append(idp.keys[0])
    assert read_metadata(idp.metadata) == (issuer,)


def test_a_key_without_a_use_serves_for_signing() -> None:
    """SAML Metadata, section 2.4.1.1."""
    bare = published("okta").replace(' use="signing"', "")
    assert read_metadata(bare) == read_metadata(published("okta"))


def test_comments_are_passed_over() -> None:
    """Some products explain themselves in their metadata; certificates stay whole."""
    text = published("okta").replace("<md:", "<!-- told --><?x y?><md:").replace("MII", "<!-- -->MII", 1)
    assert read_metadata(text) == read_metadata(published("okta"))


def entities(count: int) -> str:
    """That many providers in one document."""
    one = StubIdentityProvider().metadata.partition("?>")[2]
    listed = "".join(one.replace("https://idp.example/metadata", f"https://idp{n}.example") for n in range(count))
    return f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{listed}</md:EntitiesDescriptor>'


def test_ten_providers_can_be_described_together() -> None:
    """And not eleven, nor one twice."""
    found = read_metadata(entities(MOST_ISSUERS))
    assert [issuer.entity_id for issuer in found] == [f"https://idp{n}.example" for n in range(MOST_ISSUERS)]
    with pytest.raises(Malformed, match="identity providers, where"):
        read_metadata(entities(MOST_ISSUERS + 1))
    with pytest.raises(Malformed, match="an entity ID repeats"):
        read_metadata(entities(2).replace("idp1", "idp0"))


def _rotated(count: int) -> str:
    idp = StubIdentityProvider()
    while len(idp.keys) < count:
        idp.rotate()
    return idp.metadata


CHANGES: dict[str, Callable[[str], str]] = {
    "a byte order mark": lambda text: f"\ufeff{text}",
    "cut off": lambda text: text[:-30],
    "a document type": lambda text: text.replace("<md:Entity", "<!DOCTYPE a><md:Entity", 1),
    "another encoding": lambda text: text.replace('encoding="UTF-8"', 'encoding="UTF-16"'),
    "no identity provider": lambda text: text.replace("IDPSSODescriptor", "SPSSODescriptor"),
    "SAML 1.1 only": lambda text: text.replace("SAML:2.0:protocol", "SAML:1.1:protocol"),
    "no entity ID": lambda text: text.replace("entityID", "name"),
    "an empty entity ID": lambda text: text.replace("http://www.okta.com/exk1a2b3c4d5e6f7g8h9", ""),
    "an entity ID that is too long": lambda text: text.replace("exk1a2b3c4d5e6f7g8h9", "x" * 1_024),
    "only a key for encryption": lambda text: text.replace('use="signing"', 'use="encryption"'),
    "a use that nobody knows": lambda text: text.replace('use="signing"', 'use="Signing"'),
    "no certificate": lambda text: text.replace("X509Certificate", "X509SubjectName"),
    "an empty certificate": lambda text: text[: text.index("MII")] + text[text.index("</ds:X509Certificate>") :],
    "half a certificate": lambda text: text.replace(text[text.index("MII") + 40 : text.index("</ds:X509C")], ""),
    "no base64": lambda text: text.replace("MII", "M:II", 1),
    "an element in the certificate": lambda text: text.replace("MII", "<ds:X/>MII", 1),
    "the metadata of SAML 1.1": lambda text: text.replace("SAML:2.0:metadata", "SAML:1.0:metadata"),
    "nothing": lambda text: "",
    "a text": lambda text: "metadata",
    "half a character": lambda text: text.replace("corp", "\ud800", 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_describes_nobody_who_could_sign_is_refused(change: Callable[[str], str]) -> None:
    """Nothing of it is taken."""
    changed = change(published("okta"))
    assert changed != published("okta")
    with pytest.raises((Malformed, UnicodeEncodeError)):
        read_metadata(changed)


def _with_certificate(text: str) -> str:
    whole = published("okta")
    return whole.replace(whole[whole.index("MII") : whole.index("</ds:X509C")], text)


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_key_that_no_library_reads_signs_nothing(case: str) -> None:
    """It is refused like any other that is not taken."""
    with pytest.raises(Malformed, match="a certificate that cannot be read"):
        read_metadata(_with_certificate(UNKNOWN[case]))


def _of(modulus: int, exponent: int) -> str:
    """A certificate of this key, in base64."""
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    signer, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key).serial_number(1)
    whole = made.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(signer, SHA256())
    return b64encode(whole.public_bytes(Encoding.DER)).decode()


LARGE = {
    "8,193 bits": _of((1 << 8_192) | 1, 65_537),
    "16,384 bits": _of((1 << 16_383) | 1, 65_537),
    "an exponent of 33 bits": _of((1 << 2_047) | 1, 2**32 + 1),
    "an exponent of 2,000 bits": _of((1 << 2_047) | 1, 2**2_000 + 1),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_key_that_takes_long_signs_nothing(case: str) -> None:
    """Whoever sends a response has each certificate tried, and with these that takes a hundred times as long."""
    with pytest.raises(Malformed, match="a certificate whose key is not taken"):
        read_metadata(_with_certificate(LARGE[case]))


def test_ten_certificates_are_the_most() -> None:
    """Of one provider."""
    assert len(read_metadata(_rotated(MOST_CERTIFICATES))[0].certificates) == MOST_CERTIFICATES
    with pytest.raises(Malformed, match="signing certificates"):
        read_metadata(_rotated(MOST_CERTIFICATES + 1))
