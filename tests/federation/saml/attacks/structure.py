"""Documents of another shape: statuses, versions, namespaces, sizes, and names that are borrowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

from lxml import etree

from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import (
    ASSERTION_NS,
    DS,
    PROTOCOL_NS,
    SAML,
    SAMLP,
    SIGNATURE_NS,
    Tree,
    Workshop,
    assertion_in,
    made,
    part,
    signature_of,
    written,
)

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
STATUSES = ("Responder", "Requester", "AuthnFailed", "VersionMismatch", "success", "Success ", "Success\u200b", "")

Change = Callable[[Tree], None]


def attacks() -> Iterator[Attack]:
    """A good document, with one thing about it that is not of the shape."""
    for status in STATUSES:
        yield Attack(f"the status is {status!r}", _changed(_status(STATUS + status)), "tells of a failure")
    for name, (change, why) in CHANGES.items():
        yield Attack(name, _changed(change), why)
    for old, new in OTHER_NAMESPACES:
        yield Attack(f"{old} is {new}", _renamed(old, new), ".+")
    for name, space in _borrowed():
        yield Attack(f"{name} of {space or 'no namespace'} in the response", _borrow(f"{{{space}}}{name}"), BORROWED)
    for name, prefix in RELATIVE.items():
        yield Attack(f"a relative namespace {name}", _relative(prefix), ".+")
    for name, (text, why) in SIZES.items():
        yield Attack(name, lambda shop, text=text: _grown(shop, text()), why)


BORROWED = (
    "of the profile|of another namespace|does not belong|not exactly one assertion|a signature where none belongs"
)


def _changed(change: Change, kind: str = "assertion") -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.good(kind)
        change(root)
        return written(root)

    return make


def _status(value: str) -> Change:
    return lambda root: part(root, "StatusCode", SAMLP).set("Value", value)


def _without(name: str, space: str) -> Change:
    def change(root: Tree) -> None:
        found = part(root, name, space)
        found.getparent().remove(found)

    return change


def _twice(name: str, space: str) -> Change:
    def change(root: Tree) -> None:
        found = part(root, name, space)
        found.getparent().append(deepcopy(found))

    return change


def _nested_status(root: Tree) -> None:
    code = part(root, "StatusCode", SAMLP)
    outer = made(f"{SAMLP}StatusCode", Value=f"{STATUS}Responder")
    code.getparent().replace(code, outer)
    outer.append(code)


def _said(name: str, value: str) -> Change:
    return lambda root: root.set(name, value)


def _add(tag: str, **attributes: str) -> Change:
    return lambda root: root.append(made(tag, **attributes))


CHANGES: dict[str, tuple[Change, str]] = {
    "no status": (_without("Status", SAMLP), "0 elements Status"),
    "no status code": (_without("StatusCode", SAMLP), "0 elements StatusCode"),
    "two statuses": (_twice("Status", SAMLP), "does not belong there, or twice"),
    "two status codes": (_twice("StatusCode", SAMLP), "2 elements StatusCode"),
    "success inside of failure": (_nested_status, "tells of a failure"),
    "no assertion": (_without("Assertion", SAML), "not exactly one assertion"),
    "the assertion twice": (_twice("Assertion", SAML), "not exactly one assertion|an ID repeats|does not belong"),
    "the signature twice": (_twice("Signature", DS), "2 elements Signature|not exactly"),
    "version 1.1": (_said("Version", "1.1"), "not a SAML 2.0 response"),
    "version 2": (_said("Version", "2"), "not a SAML 2.0 response"),
    "version 2.0 with a space": (_said("Version", "2.0 "), "not a SAML 2.0 response"),
    "the version in a namespace": (
        lambda root: root.set(f"{SAMLP}Version", root.attrib.pop("Version")),
        "not a SAML 2.0 response",
    ),
    "two issuers of the response": (
        lambda root: root.insert(0, deepcopy(part(root, "Issuer"))),
        "2 elements Issuer|not",
    ),
    "extensions": (_add(f"{SAMLP}Extensions"), "does not belong"),
    "an encrypted assertion beside": (_add(f"{SAML}EncryptedAssertion"), "not exactly one assertion"),
    "an encrypted ID beside": (_add(f"{SAML}EncryptedID"), "does not belong"),
    "a manifest": (lambda root: signature_of(assertion_in(root)).append(made(f"{DS}Manifest")), "Manifest"),
    "an object": (lambda root: signature_of(assertion_in(root)).append(made(f"{DS}Object")), "Object"),
    "an assertion of SAML 1.1 beside": (_add("{urn:oasis:names:tc:SAML:1.0:assertion}Assertion"), BORROWED),
    "an element that nobody knows": (_add("{urn:x}Anything"), "does not belong"),
    "an Advice in the response": (_add(f"{SAML}Advice"), "does not belong"),
    "a KeyInfo in the response": (_add(f"{DS}KeyInfo"), "does not belong"),
}

OTHER_NAMESPACES = [
    ('"urn:oasis:names:tc:SAML:2.0:protocol"', '"urn:oasis:names:tc:SAML:1.0:protocol"'),
    ('"urn:oasis:names:tc:SAML:2.0:protocol"', '"URN:OASIS:NAMES:TC:SAML:2.0:PROTOCOL"'),
    ('"urn:oasis:names:tc:SAML:2.0:protocol"', '"urn:oasis:names:tc:SAML:2.0:protocol "'),
    ('"urn:oasis:names:tc:SAML:2.0:protocol"', '"urn:oasis:names:tc:SAML:2.0:assertion"'),
    ('"urn:oasis:names:tc:SAML:2.0:assertion"', '"urn:oasis:names:tc:SAML:1.0:assertion"'),
    ('"urn:oasis:names:tc:SAML:2.0:assertion"', '"urn:oasis:names:tc:SAML:2.0:Assertion"'),
    ('"urn:oasis:names:tc:SAML:2.0:assertion"', '"urn:oasis:names:tc:SAML:2.0:assertion#"'),
    ('"http://www.w3.org/2000/09/xmldsig#"', '"http://www.w3.org/2000/09/xmldsig"'),
    ('"http://www.w3.org/2000/09/xmldsig#"', '"HTTP://www.w3.org/2000/09/xmldsig#"'),
    ('"http://www.w3.org/2000/09/xmldsig#"', '"http://www.w3.org/2000/09/xmldsig%23"'),
]
RELATIVE = {"of the response": ("<samlp:Response ", "<samlp:Response xmlns:r='relative' "),
            "of the assertion": ("<saml:Assertion ", "<saml:Assertion xmlns:r='relative' r:a='1' "),
            "of its signature": (":SignedInfo>", ":SignedInfo xmlns:r='relative'>"),
            "of the root, used": ("<samlp:Response ", "<samlp:Response xmlns:r='1' r:a='2' ")}  # fmt: skip


def _borrowed() -> Iterator[tuple[str, str]]:
    """Names that some reader looks for without looking at the namespace."""
    for name in ("Assertion", "EncryptedAssertion", "Response", "Signature", "Issuer", "Subject", "NameID"):
        for space in ("", "urn:x", "urn:oasis:names:tc:SAML:1.0:assertion", PROTOCOL_NS, SIGNATURE_NS, ASSERTION_NS):
            if not (name == "Issuer" and space == ASSERTION_NS):
                yield name, space


def _borrow(tag: str) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        root = shop.good()
        root.append(made(tag.removeprefix("{}"), text="root", ID="_other"))
        return written(root)

    return make


def _renamed(old: str, new: str) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        document = written(shop.good()).decode()
        assert old in document
        return document.replace(old, new).encode()

    return make


def _relative(change: tuple[str, str]) -> Callable[[Workshop], bytes]:
    def make(shop: Workshop) -> bytes:
        document = written(shop.good()).decode()
        assert change[0] in document
        return document.replace(*change, 1).encode()

    return make


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────────

LARGEST = 75_000
"""Bytes that 100,000 characters of base64 hold."""

_ROOM = LARGEST - 6_000

SIZES: dict[str, tuple[Callable[[], str], str]] = {
    "as deep as it gets": (lambda: "<a>" * (_ROOM // 7) + "</a>" * (_ROOM // 7), ".+"),
    "seventy deep": (lambda: "<a>" * 70 + "</a>" * 70, "more nodes than are taken|does not belong"),
    "as many elements as it gets": (lambda: "<a/>" * (_ROOM // 4), "more n|does not belong"),
    "as many attributes as it gets": (
        lambda: "<a " + " ".join(f'{name}=""' for name in _names(_ROOM // 8)) + "/>",
        "more n|does not belong",
    ),
    "as many namespaces as it gets": (
        lambda: "<a " + " ".join(f'xmlns:{name}="u"' for name in _names(_ROOM // 15)) + "/>",
        "does not belong|more n",
    ),
    "many namespaces, deep": (
        lambda: "".join(f'<a xmlns:n{n}="u">' for n in range(60)) + "</a>" * 60,
        "more n|does not belong",
    ),
    "namespaces that are declared again and again": (
        lambda: "".join(f'<a xmlns:p="u{n}" xmlns="v{n}">' for n in range(60)) + "</a>" * 60,
        "more n|does not belong",
    ),
    "one long text": (lambda: f"<a>{'x' * _ROOM}</a>", "does not belong"),
    "one long name": (lambda: f"<{'x' * _ROOM}/>", "does not belong|not XML"),
    "one long attribute": (lambda: f'<a b="{"x" * _ROOM}"/>', "does not belong"),
    "character references": (lambda: f"<a>{'&#65;' * (_ROOM // 5)}</a>", "does not belong"),
    "many pieces of CDATA": (lambda: f"<a>{'<![CDATA[]]>' * (_ROOM // 12)}</a>", "does not belong"),
    "many comments": (lambda: "<!---->" * (_ROOM // 7), "more nodes|comments"),
    "many instructions": (lambda: "<?a?>" * (_ROOM // 5), "more nodes|comments"),
    "many IDs": (lambda: "".join(f'<a ID="{n}"/>' for n in range(3_000)), "more n|does not belong"),
}


def _names(count: int) -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvw"
    return (f"{a}{b}{c}{d}" for n, (a, b, c, d) in zip(range(count), _fours(letters), strict=False))


def _fours(letters: str) -> Iterator[tuple[str, str, str, str]]:
    return ((a, b, c, d) for a in letters for b in letters for c in letters for d in letters)


def _grown(shop: Workshop, text: str) -> bytes:
    """A good document with ``text`` at its end; beside the signed assertion, so that the signature stays good."""
    document = written(shop.good()).decode()
    grown = document.replace("</samlp:Response>", f"{text}</samlp:Response>").encode()
    assert len(grown) <= LARGEST
    etree.fromstring(document.encode())
    return grown
