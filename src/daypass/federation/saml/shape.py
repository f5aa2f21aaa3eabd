"""The one shape of a response that is taken, before any signature is looked at.

One Response at the top, in it one Assertion or EncryptedAssertion and no other anywhere, signatures only where they
belong and each ID once. Everything that wraps, doubles, hides or renames what was signed needs another shape
(Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be", 2012, and what followed).
"""

from __future__ import annotations

from lxml import etree

from daypass.errors import Malformed
from daypass.federation.saml.names import (
    ASSERTION,
    DS,
    ENCRYPTED_ASSERTION,
    RESPONSE,
    SAML,
    SAMLP,
    SIGNATURE,
    SUCCESS,
)
from daypass.federation.saml.xml import Element, optional, the_only

_ID_NAMES = frozenset({"id", "assertionid"})
_TELLING = frozenset({"Assertion", "EncryptedAssertion", "Response", "Signature", "Issuer", "Subject", "NameID"})
"""Names that may not be borrowed by elements of another namespace."""

_THEIRS = frozenset({SAML, SAMLP, DS})
_NEVER = frozenset(
    {f"{DS}Object", f"{DS}Manifest", f"{DS}RetrievalMethod", f"{SAML}EncryptedID", f"{SAML}EncryptedAttribute",
     f"{SAML}BaseID", f"{SAMLP}Extensions"}
)  # fmt: skip


def check_response(root: Element) -> Element:
    """The assertion, plain or encrypted, that the response holds; by its place only, nothing of it is proved.

    Raises:
        Malformed: another shape, or the provider tells of a failure.
    """
    if root.tag != RESPONSE or root.get("Version") != "2.0":
        raise Malformed("not a SAML 2.0 response")
    _check_elements(root)
    (assertion,) = _assertions(root)
    status = the_only(the_only(root, f"{SAMLP}Status"), f"{SAMLP}StatusCode")
    if status.get("Value") != SUCCESS:
        raise Malformed("the identity provider tells of a failure")
    return assertion


def check_assertion(root: Element) -> None:
    """Refuse an assertion, decrypted or signed, that is not of its shape.

    Raises:
        Malformed: another shape.
    """
    if root.tag != ASSERTION or root.get("Version") != "2.0":
        raise Malformed("not a SAML 2.0 assertion")
    _check_elements(root)
    if _assertions(root) != (root,):
        raise Malformed("an assertion inside the assertion")


def signature_in(element: Element) -> Element | None:
    """The signature of ``element`` itself, None where it has none.

    Raises:
        Malformed: it has several.
    """
    return optional(element, SIGNATURE)


def _assertions(root: Element) -> tuple[Element, ...]:
    found = tuple(root.iter(ASSERTION, ENCRYPTED_ASSERTION))
    if len(found) != 1 or (found[0] is not root and found[0].getparent() is not root):
        raise Malformed("not exactly one assertion, directly in the response")
    return found


def _check_elements(root: Element) -> None:
    """Refuse borrowed names, signatures in other places, whatever can hide a copy, and repeated IDs."""
    seen: set[str] = set()
    for element in root.iter():
        name = etree.QName(element)
        if element.tag in _NEVER:
            raise Malformed(f"{name.localname} is not taken")
        if name.localname in _TELLING and f"{{{name.namespace}}}" not in _THEIRS:
            raise Malformed(f"{name.localname} of another namespace")
        if element.tag == SIGNATURE and not _may_be_signed(element.getparent(), root):
            raise Malformed("a signature where none belongs")
        for attribute, value in element.attrib.items():
            if etree.QName(attribute).localname.lower() in _ID_NAMES:
                if value in seen:
                    raise Malformed("an ID repeats")
                seen.add(str(value))


def _may_be_signed(parent: Element | None, root: Element) -> bool:
    return parent is not None and (parent is root or (parent.tag == ASSERTION and parent.getparent() is root))
