"""From the bytes of a response to the assertion that is proved.

1. parse, and refuse all but the one shape;
2. where the response is signed, verify it, and go on with what was signed;
3. where the assertion is encrypted, decrypt it, and refuse all but the one shape;
4. where the assertion is signed, verify it, and go on with what was signed;
5. one of the two was signed, and each that was by the issuer that the assertion names.

The caller still owes: times, audience, recipient, single use, and what the assertion says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from daypass.entities import SamlIssuer
from daypass.errors import Malformed
from daypass.federation.saml.encryption import decrypt
from daypass.federation.saml.names import ENCRYPTED_ASSERTION, SAML
from daypass.federation.saml.shape import check_assertion, check_response, signature_in
from daypass.federation.saml.signature import verify_signed
from daypass.federation.saml.xml import Element, optional, parse, text_of, trimmed
from daypass.federation.steps import Tell, untold


class UnknownIssuer(Malformed):
    """The response names an issuer that the provider's metadata does not have."""


class Terms(NamedTuple):
    """Whose signatures count, what opens what is encrypted, and whether it must be."""

    issuers: Sequence[SamlIssuer]
    keys: Sequence[RSAPrivateKey] = ()
    must_be_encrypted: bool = False


class Proved(NamedTuple):
    """An assertion as it was signed, and by whom. ``was_encrypted``: nobody else could read it."""

    assertion: Element
    issuer: str
    was_encrypted: bool


def verify_response(data: bytes, terms: Terms, tell: Tell = untold) -> Proved:
    """The assertion in the response ``data``, of bounded size.

    Raises:
        UnknownIssuer: who is named to have issued it is not one of the provider's.
        Malformed: nothing is proved.
    """
    tell("shape", data)
    root = parse(data)
    held = check_response(root)
    signers = []
    if signature_in(root) is not None:
        tell("response signature", _named(root), terms)
        root, signer = _verified(root, terms)
        held = check_response(root)
        signers.append(signer)
    was_encrypted = held.tag == ENCRYPTED_ASSERTION
    tell("encryption", was_encrypted, terms)
    if was_encrypted:
        held = parse(decrypt(held, terms.keys, is_signed=bool(signers)))
        check_assertion(held)
    elif terms.must_be_encrypted:
        raise Malformed("the assertion is not encrypted")
    if signature_in(held) is not None:
        tell("assertion signature", _named(held), terms)
        held, signer = _verified(held, terms)
        check_assertion(held)
        signers.append(signer)
    issuer = _named(held)
    tell("signer", signers, issuer)
    if not signers or issuer is None or any(signer != issuer for signer in signers):
        raise Malformed("not signed by the issuer that it names")
    return Proved(held, issuer, was_encrypted)


def unverified_issuers(data: bytes) -> frozenset[str]:
    """Who is said, by anybody, to have issued the response ``data`` or the assertion in it; to find a provider by.

    Raises:
        Malformed: it is no XML of usual form.
    """
    found = parse(data).iter(f"{SAML}Issuer")
    return frozenset(trimmed(text_of(issuer)) for issuer in found)


def _named(element: Element) -> str | None:
    """Who is said to have issued a response or an assertion."""
    issuer = optional(element, f"{SAML}Issuer")
    return None if issuer is None else trimmed(text_of(issuer))


def _verified(element: Element, terms: Terms) -> tuple[Element, str]:
    """``element`` as the issuer has signed it whom it names, and who that is."""
    named = _named(element)
    issuer = next((each for each in terms.issuers if each.entity_id == named), None)
    if issuer is None:
        raise UnknownIssuer(f"the issuer {named} is not of the provider")
    return verify_signed(element, issuer.certificates), issuer.entity_id
