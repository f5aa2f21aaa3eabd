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
"""In lower case: what some reader may take for the ID of an element, in whatever case and namespace."""

_USUAL_NAMES = frozenset(
    {"Algorithm", "AuthnInstant", "Destination", "Format", "InResponseTo", "IssueInstant", "Method", "Name",
     "NameFormat", "NotBefore", "NotOnOrAfter", "Recipient", "SessionIndex", "URI", "Value", "Version"}
)  # fmt: skip
"""Which are none, and not looked at any closer."""

_TELLING = ("Assertion", "EncryptedAssertion", "Response", "Signature", "Issuer", "Subject", "NameID")
"""Names that may not be borrowed by elements of another namespace."""

_CHILDREN = frozenset({f"{SAML}Issuer", SIGNATURE, f"{SAMLP}Status", ASSERTION, ENCRYPTED_ASSERTION})
_TELLING_ANYWHERE = tuple(f"{{*}}{name}" for name in _TELLING)
_TELLING_HERE = frozenset(f"{namespace}{name}" for namespace in (SAML, SAMLP, DS) for name in _TELLING)
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
    children = [child.tag for child in root]
    if not _CHILDREN.issuperset(children) or len(set(children)) < len(children):
        raise Malformed("something in the response that does not belong there, or twice")
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
    for element in root.iter(*_NEVER):
        raise Malformed(f"{etree.QName(element).localname} is not taken")
    for element in root.iter(*_TELLING_ANYWHERE):
        if element.tag not in _TELLING_HERE:
            raise Malformed(f"{etree.QName(element).localname} of another namespace")
    for signature in root.iter(SIGNATURE):
        if not _may_be_signed(signature.getparent(), root):
            raise Malformed("a signature where none belongs")
    attributes = [attribute for element in root.iter("*") for attribute in element.items()]
    ids = [value for name, value in attributes if name not in _USUAL_NAMES and _is_id(str(name))]
    if len(set(ids)) < len(ids):
        raise Malformed("an ID repeats")


def _is_id(name: str) -> bool:
    return name.rpartition("}")[2].lower() in _ID_NAMES


def _may_be_signed(parent: Element | None, root: Element) -> bool:
    return parent is not None and (parent is root or (parent.tag == ASSERTION and parent.getparent() is root))
