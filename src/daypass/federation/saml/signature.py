"""A signature over one element, under one strict profile; what comes back is what was signed and nothing else.

The verifier (signxml) gets a document that holds the signed element alone, with its one signature directly in it, whose
one reference names that element and whose transforms are the two that SAML asks for (SAML Core, section 5.4). The key
is the provider's: what the signature says about keys is taken out before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from daypass.errors import Malformed
from daypass.federation.saml.names import DS, SIGNATURE
from daypass.federation.saml.xml import Element, hardened_parser, parse, the_only

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1, SignatureMethod.SHA384_RSA_MGF1, SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512,
    }
)  # fmt: skip
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


# INVARIANT: 1. nothing is read of a response that the provider has not signed.
#   tests/federation/saml/test_attacks.py::test_no_attack_is_accepted
def verify_signed(element: Element, certificates: Iterable[bytes]) -> Element:
    """``element`` as one of ``certificates`` (DER) has signed it, parsed anew from the signed bytes.

    Certificates are keys here: when they end says nothing (IAM User Guide, "Create a SAML identity provider in IAM").

    Raises:
        Malformed: the signature is not of the profile, or nobody of them has made it.
    """
    alone = parse(etree.tostring(element, with_tail=False))
    _check_profile(alone)
    for certificate in certificates:
        signed = _verified(alone, load_der_x509_certificate(certificate))
        if signed is not None:
            return _read_signed(signed, alone)
    raise Malformed("no certificate of the provider has made this signature")


def _verified(alone: Element, certificate: Certificate) -> VerifyResult | None:
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc + timedelta(seconds=1),
    )
    try:
        found = XMLVerifier().verify(
            alone, x509_cert=certificate, parser=hardened_parser(), id_attribute="ID", expect_config=config
        )
    except (SignXMLException, etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
        return None
    assert isinstance(found, VerifyResult)
    return found


def _read_signed(signed: VerifyResult, alone: Element) -> Element:
    """The signed bytes, parsed. Failing to canonicalize gives no bytes in some libraries: that signs nothing."""
    root = parse(signed.signed_data) if signed.signed_data else None
    if root is None or root.tag != alone.tag or root.get("ID") != alone.get("ID"):
        raise Malformed("something else was signed")
    return root


def _check_profile(alone: Element) -> None:
    """Refuse whatever a signature can do beyond signing its parent; takes out what it says about keys.

    Raises:
        Malformed: it does.
    """
    signature = the_only(alone, SIGNATURE)
    for said in signature.findall(f"{DS}KeyInfo"):
        signature.remove(said)
    _require_children(signature, ("SignedInfo", "SignatureValue"))
    info = the_only(signature, f"{DS}SignedInfo")
    _require_children(info, ("CanonicalizationMethod", "SignatureMethod", "Reference"))
    if the_only(info, f"{DS}CanonicalizationMethod").get("Algorithm") != _EXCLUSIVE:
        raise Malformed("a canonicalization that is not taken")
    if len(the_only(info, f"{DS}SignatureMethod")):
        raise Malformed("a signature method with parameters")
    reference = the_only(info, f"{DS}Reference")
    _require_children(reference, ("Transforms", "DigestMethod", "DigestValue"))
    name = alone.get("ID")
    if not name or reference.get("URI") != f"#{name}":
        raise Malformed("a reference to something else than what holds the signature")
    transforms = [each.get("Algorithm") for each in the_only(reference, f"{DS}Transforms")]
    if transforms != [_ENVELOPED, _EXCLUSIVE]:
        raise Malformed("transforms that are not taken")


def _require_children(parent: Element, names: tuple[str, ...]) -> None:
    if [child.tag for child in parent] != [f"{DS}{name}" for name in names]:
        raise Malformed(f"{etree.QName(parent).localname} is not of the profile")
