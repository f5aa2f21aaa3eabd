"""Metadata of identity providers (SAML Metadata, sections 2.3 and 2.4; IAM API reference, CreateSAMLProvider).

Only who issues, and with which certificates, is read. Descriptors of other kinds (WS-Federation's, service providers')
are passed over, and so is a signature over the document: whoever may write it is its authority.
"""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate

from daypass.entities import SamlIssuer
from daypass.errors import Malformed
from daypass.federation.saml.names import DS, METADATA, PROTOCOL
from daypass.federation.saml.xml import Element, bytes_of, parse

LARGEST = 10_000_000
"""Characters of a document (IAM API reference, CreateSAMLProvider, SAMLMetadataDocument)."""

MOST_ISSUERS, MOST_CERTIFICATES = 10, 10
"""Identity providers in a document, and certificates of each (IAM User Guide, "IAM and AWS STS quotas")."""

SMALLEST_RSA, LARGEST_RSA = 1_024, 8_192
"""Bits of a modulus. Larger ones, and large exponents, make each response that a stranger sends dear."""

_LARGEST_EXPONENT = 2**32
LONGEST_ENTITY_ID = 1_024

_MOST_NODES = 200_000


def read_metadata(document: str) -> tuple[SamlIssuer, ...]:
    """The identity providers that the document describes.

    Raises:
        Malformed: it describes none, or none that could sign.
    """
    if len(document) > LARGEST or document.startswith("\ufeff"):
        raise Malformed("larger than is taken, or with a byte order mark")
    root = parse(document.encode("utf-8", "strict"), most_nodes=_MOST_NODES, drops_comments=True)
    entity = f"{METADATA}EntityDescriptor"
    entities = [root] if root.tag == entity else root.findall(f".//{entity}")
    issuers = tuple(_issuer(each) for each in entities if each.find(f"{METADATA}IDPSSODescriptor") is not None)
    if not 0 < len(issuers) <= MOST_ISSUERS:
        raise Malformed(f"{len(issuers)} identity providers, where 1 to {MOST_ISSUERS} are taken")
    if len({issuer.entity_id for issuer in issuers}) < len(issuers):
        raise Malformed("an entity ID repeats")
    return issuers


def _issuer(entity: Element) -> SamlIssuer:
    name = entity.get("entityID", "")
    if not 0 < len(name) <= LONGEST_ENTITY_ID:
        raise Malformed("an entity ID of unusual length")
    found: list[bytes] = []
    for descriptor in entity.findall(f"{METADATA}IDPSSODescriptor"):
        if PROTOCOL in descriptor.get("protocolSupportEnumeration", "").split():
            for key in descriptor.findall(f"{METADATA}KeyDescriptor"):
                if key.get("use", "signing") == "signing":  # without `use` it serves for both (section 2.4.1.1)
                    found += [_certificate(each) for each in key.findall(f".//{DS}X509Certificate")]
    certificates = tuple(dict.fromkeys(found))
    if not 0 < len(certificates) <= MOST_CERTIFICATES:
        raise Malformed(f"{len(certificates)} signing certificates of {name}, where 1 to {MOST_CERTIFICATES} are taken")
    return SamlIssuer(name, certificates)


def _certificate(element: Element) -> bytes:
    """A certificate that can be used, DER."""
    try:
        der = bytes_of(element)
        key = load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed(f"a certificate that cannot be read: {error}") from None
    is_taken = _is_usual(key) if isinstance(key, RSAPublicKey) else isinstance(key, EllipticCurvePublicKey)
    if not is_taken:
        raise Malformed("a certificate whose key is not taken")
    return der


def _is_usual(key: RSAPublicKey) -> bool:
    return SMALLEST_RSA <= key.key_size <= LARGEST_RSA and 3 <= key.public_numbers().e <= _LARGEST_EXPONENT
