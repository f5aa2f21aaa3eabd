"""A signature over one element, under one strict profile; what comes back is what was signed and nothing else.

The verifier (signxml) gets a document that holds the signed element alone, with its one signature directly in it, whose
one reference names that element and whose transforms are the two that SAML asks for (SAML Core, section 5.4). The key
is the provider's: what the signature says about keys is taken out before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from daypass.errors import Malformed
from daypass.federation.saml.names import DS, SIGNATURE
from daypass.federation.saml.xml import Element, bytes_of, hardened_parser, optional, parse, the_only

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1, SignatureMethod.SHA384_RSA_MGF1, SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
    }
)  # fmt: skip
_OF_SIGNATURE = [f"{DS}SignedInfo", f"{DS}SignatureValue"]
_OF_INFO = [f"{DS}CanonicalizationMethod", f"{DS}SignatureMethod", f"{DS}Reference"]
_OF_REFERENCE = [f"{DS}Transforms", f"{DS}DigestMethod", f"{DS}DigestValue"]
_OF_TRANSFORMS = [f"{DS}Transform", f"{DS}Transform"]

_LONGEST_KEPT = 8_192
"""Bytes of a certificate that is kept with its key ready for use. Usual ones have 1,000."""

_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


# INVARIANT: 1. nothing is read of a response that the provider has not signed.
#   tests/federation/saml/test_attacks.py::test_no_attack_is_accepted
def verify_signed(element: Element, certificates: Iterable[bytes]) -> Element:
    """``element`` as one of ``certificates`` (DER) has signed it, parsed anew from the signed bytes.

    Certificates are keys here: when they end says nothing (IAM User Guide, "Create a SAML identity provider in IAM").

    Raises:
        Malformed: the signature is not of the profile, or nobody of them has made it.
    """
    _check_profile(element)
    alone = etree.tostring(element, with_tail=False)
    for certificate in certificates:
        trusting = _trusting if len(certificate) <= _LONGEST_KEPT else _trusting.__wrapped__
        signed = _verified(alone, *trusting(certificate))
        if signed is not None:
            return _read_signed(signed, element)
    raise Malformed("no certificate of the provider has made this signature")


@lru_cache(maxsize=1_024)
def _trusting(certificate: bytes) -> tuple[Certificate, SignatureConfiguration]:
    """A certificate, and what is expected of its signatures. Kept: the first use of a key takes longer than the rest
    of the verification.
    """
    loaded = load_der_x509_certificate(certificate)
    return loaded, SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=loaded.not_valid_before_utc + timedelta(seconds=1),
    )


def _verified(alone: bytes, certificate: Certificate, config: SignatureConfiguration) -> VerifyResult | None:
    try:
        found = XMLVerifier().verify(
            alone, x509_cert=certificate, parser=hardened_parser(), id_attribute="ID", expect_config=config
        )
    except (SignXMLException, etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
        return None
    assert isinstance(found, VerifyResult)
    return found


def _read_signed(signed: VerifyResult, element: Element) -> Element:
    """The signed bytes, parsed. Failing to canonicalize gives no bytes in some libraries: that signs nothing."""
    root = parse(signed.signed_data) if signed.signed_data else None
    if root is None or root.tag != element.tag or root.get("ID") != element.get("ID"):
        raise Malformed("something else was signed")
    return root


def _check_profile(element: Element) -> None:
    """Refuse whatever a signature can do beyond signing its parent; takes out what it says about keys.

    Raises:
        Malformed: it does.
    """
    signature = the_only(element, SIGNATURE)
    said = optional(signature, f"{DS}KeyInfo")
    if said is not None:
        signature.remove(said)
    _require_children(signature, _OF_SIGNATURE)
    bytes_of(the_only(signature, f"{DS}SignatureValue"))
    info = the_only(signature, f"{DS}SignedInfo")
    _require_children(info, _OF_INFO)
    if the_only(info, f"{DS}CanonicalizationMethod").get("Algorithm") != _EXCLUSIVE:
        raise Malformed("a canonicalization that is not taken")
    if len(the_only(info, f"{DS}SignatureMethod")):
        raise Malformed("a signature method with parameters")
    reference = the_only(info, f"{DS}Reference")
    _require_children(reference, _OF_REFERENCE)
    bytes_of(the_only(reference, f"{DS}DigestValue"))
    name = element.get("ID")
    if not name or reference.get("URI") != f"#{name}":
        raise Malformed("a reference to something else than what holds the signature")
    transforms = the_only(reference, f"{DS}Transforms")
    _require_children(transforms, _OF_TRANSFORMS)
    if [each.get("Algorithm") for each in transforms] != [_ENVELOPED, _EXCLUSIVE] or len(transforms[0]):
        raise Malformed("transforms that are not taken")


def _require_children(parent: Element, tags: list[str]) -> None:
    if [child.tag for child in parent] != tags:
        raise Malformed(f"{etree.QName(parent).localname} is not of the profile")
