"""A SAML identity provider inside the test's process: metadata, and responses signed as real ones are.

    provider = StubIdentityProvider()
    response = provider.response(Role="arn:…:role/r,arn:…:saml-provider/p", RoleSessionName="ada")
    # base64, as SAMLAssertion; what a test changes of it, it says by name

Documents are put together as text, so that a test can make any document; only signing and encrypting are a library's.
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.signer import XMLSigner

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
AUDIENCE = "urn:amazon:webservices"

_NAMESPACES = (
    'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


@dataclass
class Said:
    """What an assertion is to say. Times are epoch seconds; None leaves out what can be left out."""

    issuer: str
    id: str = field(default_factory=lambda: f"_{os.urandom(16).hex()}")
    subject: str = "ada"
    subject_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    recipient: str | None = SIGN_IN
    audiences: Sequence[str] = (AUDIENCE,)
    issued: float = field(default_factory=time.time)
    begins: float | None = None
    ends: float | None = None
    confirmed_until: float | None = None
    session_ends: float | None = None
    attributes: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


class StubIdentityProvider:
    """An identity provider. ``keys`` are the signing keys with their certificates; the last one signs."""

    def __init__(self, entity_id: str = "https://idp.example/metadata") -> None:
        self.entity_id = entity_id
        self.keys: list[tuple[rsa.RSAPrivateKey, x509.Certificate]] = []
        self.rotate()

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones stay in the metadata."""
        self.keys.append(make_key())

    @property
    def metadata(self) -> str:
        """The metadata document."""
        keys = "".join(
            '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
            f"{b64encode(certificate.public_bytes(Encoding.DER)).decode()}"
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for _, certificate in self.keys
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID={quoteattr(self.entity_id)}>'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f'{keys}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
            'Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        )

    def said(self, attributes: Mapping[str, str | Sequence[str]], **changes: Any) -> Said:
        """What a good assertion says, with ``changes``. Names of ``attributes`` are AWS's unless they are URIs."""
        return Said(**{"issuer": self.entity_id, "attributes": attributes} | changes)

    def response(
        self,
        attributes: Mapping[str, str | Sequence[str]],
        *,
        signed: Sequence[str] = ("assertion",),
        encrypt_for: rsa.RSAPublicKey | None = None,
        **changes: Any,
    ) -> str:
        """A response (base64). ``signed``: which of ``assertion`` and ``response`` are."""
        assertion = assertion_xml(self.said(attributes, **changes))
        if "assertion" in signed:
            assertion = self.sign(assertion)
        if encrypt_for is not None:
            assertion = encrypted(assertion, encrypt_for)
        document = response_xml(self.entity_id, assertion)
        if "response" in signed:
            document = self.sign(document)
        return b64encode(document.encode()).decode()

    def sign(self, document: str) -> str:
        """``document`` with a signature over its root, by the newest key, after the issuer."""
        key, certificate = self.keys[-1]
        root = etree.fromstring(document)
        name, prefixes = "{http://www.w3.org/2000/09/xmldsig#}Signature", {"ds": "http://www.w3.org/2000/09/xmldsig#"}
        place = etree.SubElement(root, name, Id="placeholder", nsmap=prefixes)
        root.insert(1, place)
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm="rsa-sha256",
            digest_algorithm="sha256",
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        made = signer.sign(root, key=key, cert=[certificate], reference_uri=f"#{root.get('ID')}", id_attribute="ID")
        return etree.tostring(made, encoding="unicode")


def make_key() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A key and a certificate that it has made for itself, as identity providers do."""
    key = rsa.generate_private_key(65_537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    return key, builder.not_valid_after(now + timedelta(days=365)).sign(key, hashes.SHA256())


def stamp(epoch: float) -> str:
    """A time as SAML writes it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def assertion_xml(said: Said) -> str:
    """An assertion, not signed."""
    ends = said.issued + 300 if said.ends is None else said.ends
    until = said.issued + 300 if said.confirmed_until is None else said.confirmed_until
    begins = "" if said.begins is None else f' NotBefore="{stamp(said.begins)}"'
    session = "" if said.session_ends is None else f' SessionNotOnOrAfter="{stamp(said.session_ends)}"'
    recipient = "" if said.recipient is None else f" Recipient={quoteattr(said.recipient)}"
    named = "".join(f"<saml:Audience>{escape(audience)}</saml:Audience>" for audience in said.audiences)
    audiences = f"<saml:AudienceRestriction>{named}</saml:AudienceRestriction>" if said.audiences else ""
    attributes = "".join(_attribute(name, value) for name, value in said.attributes.items())
    return (
        f'<saml:Assertion {_NAMESPACES} ID={quoteattr(said.id)} Version="2.0" IssueInstant="{stamp(said.issued)}">'
        f"<saml:Issuer>{escape(said.issuer)}</saml:Issuer>"
        f"<saml:Subject><saml:NameID Format={quoteattr(said.subject_format)}>{escape(said.subject)}</saml:NameID>"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{stamp(until)}"{recipient}/></saml:SubjectConfirmation>'
        f'</saml:Subject><saml:Conditions{begins} NotOnOrAfter="{stamp(ends)}">{audiences}</saml:Conditions>'
        f'<saml:AuthnStatement AuthnInstant="{stamp(said.issued)}"{session}><saml:AuthnContext>'
        "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
        f"</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement>"
        "</saml:Assertion>"
    )


def response_xml(issuer: str, assertion: str) -> str:
    """A response around ``assertion``, not signed."""
    return (
        f'<samlp:Response {_NAMESPACES} ID="_{os.urandom(16).hex()}" Version="2.0" '
        f'IssueInstant="{stamp(time.time())}" Destination="{SIGN_IN}"><saml:Issuer>{escape(issuer)}</saml:Issuer>'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f"{assertion}</samlp:Response>"
    )


def _attribute(name: str, value: str | Sequence[str]) -> str:
    values = (value,) if isinstance(value, str) else value
    full = name if ":" in name and not name.startswith("PrincipalTag:") else f"{ATTRIBUTES}{name}"
    texts = "".join(
        f'<saml:AttributeValue xsi:type="xs:string">{escape(each)}</saml:AttributeValue>' for each in values
    )
    return f"<saml:Attribute Name={quoteattr(full)}>{texts}</saml:Attribute>"


def encrypted(assertion: str, public: rsa.RSAPublicKey) -> str:
    """An EncryptedAssertion: AES-256-GCM, the key wrapped with RSA-OAEP, SHA-256 and MGF1 with SHA-256."""
    key, nonce = os.urandom(32), os.urandom(12)
    content = nonce + AESGCM(key).encrypt(nonce, assertion.encode(), None)
    wrapped = public.encrypt(key, OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None))
    return (
        '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
        '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" '
        'Type="http://www.w3.org/2001/04/xmlenc#Element">'
        '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>'
        '<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>'
        '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep">'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        '<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" '
        'Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/></xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey></ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{b64encode(content).decode()}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData></saml:EncryptedAssertion>"
    )
