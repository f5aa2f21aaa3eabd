"""Signature wrapping: what was signed is kept where the verifier finds it, what is forged where the reader does.

Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (2012), call eight of these XSW1 to XSW8. Here they are
all combinations of what is signed, where the genuine element hides or the forged one stands, where the signature is
left, and what the forged element is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import product

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import (
    ASSERTION_NS,
    DS,
    SAML,
    SAMLP,
    Tree,
    Workshop,
    assertion_in,
    forged,
    made,
    part,
    signature_of,
    written,
)

Place = Callable[[Tree, Tree], None]
"""Hides an element: in the forged element, whose signature may be there, or beside it."""


def _first(outer: Tree, hidden: Tree) -> None:
    outer.insert(0, hidden)


def _last(outer: Tree, hidden: Tree) -> None:
    outer.append(hidden)


def _in(name: str, space: str = SAML) -> Place:
    """Inside the first element called so, after all that is there."""
    return lambda outer, hidden: part(outer, name, space).append(hidden)


def _boxed(tag: str) -> Place:
    """Inside a new element at the end."""
    return lambda outer, hidden: outer.append(made(tag, hidden))


def _in_signature(tag: str) -> Place:
    """Inside a new element of the outer element's signature, or of an empty one."""

    def hide(outer: Tree, hidden: Tree) -> None:
        signature = signature_of(outer)
        if signature is None:
            signature = made(f"{DS}Signature")
            outer.insert(1, signature)
        signature.append(made(tag, hidden))

    return hide


INSIDE_ASSERTION: dict[str, Place] = {
    "at its start": _first,
    "at its end": _last,
    "in its issuer": _in("Issuer"),
    "in its subject": _in("Subject"),
    "in its name": _in("NameID"),
    "in its confirmation": _in("SubjectConfirmationData"),
    "in its conditions": _in("Conditions"),
    "in its audience": _in("Audience"),
    "in its authentication": _in("AuthnContext"),
    "in its attribute": _in("AttributeValue"),
    "in its advice": _boxed(f"{SAML}Advice"),
    "in a foreign box": _boxed("{urn:box}Box"),
    "in an Object of its signature": _in_signature(f"{DS}Object"),
    "in the KeyInfo of its signature": _in_signature(f"{DS}KeyInfo"),
    "in a box of its signature": _in_signature("{urn:box}Box"),
}

INSIDE_RESPONSE: dict[str, Place] = {
    "first": _first,
    "last": _last,
    "in the issuer": _in("Issuer"),
    "in the status": _in("Status", SAMLP),
    "in the status code": _in("StatusCode", SAMLP),
    "in a status detail": lambda outer, hidden: part(outer, "Status", SAMLP).append(
        made(f"{SAMLP}StatusDetail", hidden)
    ),
    "in extensions": _boxed(f"{SAMLP}Extensions"),
    "in a foreign box": _boxed("{urn:box}Box"),
    "in another response": _boxed(f"{SAMLP}Response"),
    "in an encrypted assertion": _boxed(f"{SAML}EncryptedAssertion"),
    "in an Object of its signature": _in_signature(f"{DS}Object"),
    "in the KeyInfo of its signature": _in_signature(f"{DS}KeyInfo"),
    "in a box of its signature": _in_signature("{urn:box}Box"),
}

SIGNATURES = ("kept", "moved", "copied")
"""Where the signature is: in the genuine element, in the forged one, in both."""

IDS = ("the same ID", "another ID", "no ID")

WHY = "not exactly one assertion|an ID repeats|a signature where none belongs|is not taken|does not belong"
SWAPPED = "no certificate of|something else was signed|not signed by|a reference to something else|2 elements Signature"

XSW = {
    "XSW1": "response, kept, another ID, in an Object of its signature",
    "XSW2": "response, moved, another ID, last",
    "XSW3": "assertion, kept, another ID, genuine last",
    "XSW4": "assertion, kept, another ID, genuine at its end",
    "XSW5": "assertion, moved, another ID, genuine last",
    "XSW6": "assertion, moved, another ID, genuine in an Object of its signature",
    "XSW7": "assertion, kept, another ID, forged in extensions",
    "XSW8": "assertion, kept, another ID, forged in an Object of the genuine signature",
}
"""What the eight are called in this table."""


def attacks() -> Iterator[Attack]:
    """All of them."""
    yield from _assertions()
    yield from _responses()
    for kind, (what, swap) in product(("assertion", "response", "both"), SWAPS.items()):
        yield Attack(f"{kind}: {what}", _swapped(kind, swap), f"{WHY}|{SWAPPED}")


def _assertions() -> Iterator[Attack]:
    for kind, signature, called in product(("assertion", "both"), SIGNATURES, IDS):
        name = f"{kind}, {signature}, {called}"
        for place, hide in INSIDE_ASSERTION.items():
            yield Attack(f"{name}, genuine {place}", _wrapped(kind, signature, called, hide, inside=True), WHY)
        for place, hide in INSIDE_RESPONSE.items():
            yield Attack(f"{name}, genuine {place}", _wrapped(kind, signature, called, hide, inside=False), WHY)
    for kind, called, (place, hide) in product(("assertion", "both"), IDS, INSIDE_RESPONSE.items()):
        yield Attack(f"{kind}, kept, {called}, forged {place}", _beside(kind, called, hide), WHY)
    for kind, called, tag in product(("assertion", "both"), IDS, (f"{DS}Object", f"{DS}KeyInfo", "{urn:box}Box")):
        place = f"in an {tag.partition('}')[2]} of the genuine signature"
        yield Attack(f"{kind}, kept, {called}, forged {place}", _in_genuine_signature(kind, called, tag), WHY)


def _responses() -> Iterator[Attack]:
    for kind, signature, called in product(("response", "both"), SIGNATURES, IDS):
        for place, hide in INSIDE_RESPONSE.items():
            name = f"{kind}, {signature}, {called}, {place}" + (" of a response" if kind == "both" else "")
            yield Attack(name, _wrapped_response(kind, signature, called, hide), f"{WHY}|{SWAPPED}")


def _name(copy: Tree, called: str) -> None:
    if called == "another ID":
        copy.set("ID", "_forged")
    elif called == "no ID":
        del copy.attrib["ID"]


def _arrange_signature(genuine: Tree, copy: Tree, signature: str) -> None:
    own = signature_of(genuine)
    if signature != "kept":
        copy.insert(1, deepcopy(own))
    if signature == "moved":
        genuine.remove(own)


def _wrapped(kind: str, signature: str, called: str, hide: Place, *, inside: bool) -> Callable[[Workshop], bytes]:
    """The forged assertion takes the place of the genuine one, which hides in it or elsewhere in the response."""

    def make(shop: Workshop) -> bytes:
        root = shop.good(kind)
        genuine = assertion_in(root)
        copy = forged(genuine)
        _name(copy, called)
        root.replace(genuine, copy)
        _arrange_signature(genuine, copy, signature)
        hide(copy if inside else root, genuine)
        return written(root)

    return make


def _beside(kind: str, called: str, hide: Place) -> Callable[[Workshop], bytes]:
    """The genuine assertion stays where it is, the forged one is somewhere in the response."""

    def make(shop: Workshop) -> bytes:
        root = shop.good(kind)
        copy = forged(assertion_in(root))
        _name(copy, called)
        hide(root, copy)
        return written(root)

    return make


def _in_genuine_signature(kind: str, called: str, tag: str) -> Callable[[Workshop], bytes]:
    """What is inside the signature is not signed by it."""

    def make(shop: Workshop) -> bytes:
        root = shop.good(kind)
        genuine = assertion_in(root)
        copy = forged(genuine)
        _name(copy, called)
        signature_of(genuine).append(made(tag, copy))
        return written(root)

    return make


def _wrapped_response(kind: str, signature: str, called: str, hide: Place) -> Callable[[Workshop], bytes]:
    """A forged response, in which the genuine one hides."""

    def make(shop: Workshop) -> bytes:
        genuine = shop.good(kind)
        copy = forged(genuine)
        _name(copy, called)
        _arrange_signature(genuine, copy, signature)
        hide(copy, genuine)
        return written(copy)

    return make


# ── what was signed is exchanged ─────────────────────────────────────────────────────────────────────


def _replace(root: Tree) -> None:
    root.replace(assertion_in(root), forged(assertion_in(root)))


def _replace_with_signature(root: Tree) -> None:
    genuine = assertion_in(root)
    copy = forged(genuine)
    if signature_of(genuine) is not None:
        copy.insert(1, deepcopy(signature_of(genuine)))
    root.replace(genuine, copy)


def _rename(root: Tree) -> None:
    part(root, "NameID").text = "root"


def _add_role(root: Tree) -> None:
    value = part(root, "AttributeValue")
    value.getparent().append(deepcopy(value))


def _add_attribute(root: Tree) -> None:
    statement = part(root, "AttributeStatement")
    name = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:admin"
    statement.append(made(f"{SAML}Attribute", made(f"{SAML}AttributeValue", text="yes"), Name=name))


def _add_statement(root: Tree) -> None:
    assertion_in(root).append(deepcopy(part(root, "AttributeStatement")))


def _without_signatures(root: Tree) -> None:
    for signature in list(root.iter(f"{DS}Signature")):
        signature.getparent().remove(signature)


def _signature_from_assertion_to_response(root: Tree) -> None:
    found = next(root.iter(f"{DS}Signature"))
    other = root if found.getparent() is not root else assertion_in(root)
    found.getparent().remove(found)
    other.insert(1, found)


def _later(root: Tree) -> None:
    part(root, "Conditions").set("NotOnOrAfter", "2099-01-01T00:00:00Z")
    part(root, "SubjectConfirmationData").set("NotOnOrAfter", "2099-01-01T00:00:00Z")


def _without_conditions(root: Tree) -> None:
    assertion_in(root).remove(part(root, "Conditions"))


def _defaulted(root: Tree) -> None:
    for element in root.iter(f"{SAML}NameID"):
        element.tag = f"{{{ASSERTION_NS}}}BaseID"


SWAPS: dict[str, Callable[[Tree], None]] = {
    "the assertion is another": _replace,
    "the assertion is another with the signature of the first": _replace_with_signature,
    "the name is another": _rename,
    "a role more": _add_role,
    "an attribute more": _add_attribute,
    "a statement more": _add_statement,
    "no signature": _without_signatures,
    "the signature is moved to the other element": _signature_from_assertion_to_response,
    "it ends later": _later,
    "it has no conditions": _without_conditions,
    "the name is of another kind": _defaulted,
}


def _swapped(kind: str, swap: Callable[[Tree], None]) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.good(kind)
        swap(root)
        return written(root)

    return make
