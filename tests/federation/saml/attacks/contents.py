"""What a provider may have signed and is refused nevertheless: confirmations, times, conditions, names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import product

from lxml import etree

from daypass.testing.identity_provider import stamp
from tests.federation.saml.attacks.attack import Attack
from tests.federation.saml.workshop import SAML, Tree, Workshop, assertion_in, forged, made, part, written

UNCONFIRMED = "Responses must contain SubjectConfirmatonData with a Recipient and NotOnOrAfter"
INVALID = "Invalid SAML assertion"
OVER, LATE, EARLY = "Response has expired", "Token must be redeemed", "Response is not valid yet"

Change = Callable[[Tree], object]


def attacks() -> Iterator[Attack]:
    """Each change, made before the provider signs."""
    for name, (change, why) in CHANGES.items():
        yield Attack(name, signed(change), why)
    for (where, (element, attribute)), (name, text) in product(TIMES.items(), NO_TIMES.items()):
        why = f"{INVALID}|{UNCONFIRMED}"
        yield Attack(f"{where} is {name}", signed(_set(element, attribute, text)), why)
    for name, (changes, why) in LIMITS.items():
        yield Attack(name, _at(changes), why)


def signed(change: Change) -> Callable[[Workshop], bytes]:
    """A response whose assertion was changed, and then signed."""

    def make(shop: Workshop) -> bytes:
        root = shop.unsigned()
        genuine = assertion_in(root)
        change(genuine)
        root.replace(genuine, etree.fromstring(shop.idp.sign(etree.tostring(genuine, encoding="unicode"))))
        return written(root)

    return make


def _set(name: str, attribute: str, value: str) -> Change:
    return lambda root: (root if name == "Assertion" else part(root, name)).set(attribute, value)


def _drop(name: str, attribute: str) -> Change:
    return lambda root: part(root, name).attrib.pop(attribute)


def _without(name: str) -> Change:
    return lambda root: part(root, name).getparent().remove(part(root, name))


def _twice(name: str) -> Change:
    def change(root: Tree) -> None:
        found = part(root, name)
        found.getparent().append(etree.fromstring(etree.tostring(found)))

    return change


def _text(name: str, text: str | None) -> Change:
    return lambda root: setattr(part(root, name), "text", text)


def _added(name: str, tag: str, text: str | None = None, **attributes: str) -> Change:
    return lambda root: (root if name == "Assertion" else part(root, name)).append(made(tag, text=text, **attributes))


def _advised(root: Tree) -> None:
    copy = forged(root)
    copy.set("ID", "_other")
    root.append(made(f"{SAML}Advice", copy))


_METHOD = "urn:oasis:names:tc:SAML:2.0:cm:"
CHANGES: dict[str, tuple[Change, str]] = {
    "no subject": (_without("Subject"), INVALID),
    "two subjects": (_twice("Subject"), INVALID),
    "no name": (_without("NameID"), INVALID),
    "two names": (_twice("NameID"), INVALID),
    "an empty name": (_text("NameID", None), INVALID),
    "a name of spaces": (_text("NameID", " \n "), INVALID),
    "a name that is too long": (_text("NameID", "x" * 1_025), INVALID),
    "a name with an element": (_added("NameID", f"{SAML}X"), INVALID),
    "an encrypted name": (lambda root: setattr(part(root, "NameID"), "tag", f"{SAML}EncryptedID"), "EncryptedID"),
    "a base ID": (lambda root: setattr(part(root, "NameID"), "tag", f"{SAML}BaseID"), "BaseID"),
    "no confirmation": (_without("SubjectConfirmation"), UNCONFIRMED),
    "two confirmations": (_twice("SubjectConfirmation"), UNCONFIRMED),
    "no confirmation data": (_without("SubjectConfirmationData"), UNCONFIRMED),
    "two confirmation data": (_twice("SubjectConfirmationData"), UNCONFIRMED),
    "no recipient": (_drop("SubjectConfirmationData", "Recipient"), UNCONFIRMED),
    "an empty recipient": (_set("SubjectConfirmationData", "Recipient", ""), UNCONFIRMED),
    "a recipient in a namespace": (
        lambda root: part(root, "SubjectConfirmationData").set(
            f"{SAML}Recipient", part(root, "SubjectConfirmationData").attrib.pop("Recipient")), UNCONFIRMED),
    "no end of the confirmation": (_drop("SubjectConfirmationData", "NotOnOrAfter"), UNCONFIRMED),
    "holder of key": (_set("SubjectConfirmation", "Method", f"{_METHOD}holder-of-key"), UNCONFIRMED),
    "sender vouches": (_set("SubjectConfirmation", "Method", f"{_METHOD}sender-vouches"), UNCONFIRMED),
    "bearer of SAML 1.1": (_set("SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:1.0:cm:bearer"), UNCONFIRMED),
    "bearer in capitals": (_set("SubjectConfirmation", "Method", f"{_METHOD}Bearer"), UNCONFIRMED),
    "bearer with a space": (_set("SubjectConfirmation", "Method", f"{_METHOD}bearer "), UNCONFIRMED),
    "no method": (_drop("SubjectConfirmation", "Method"), UNCONFIRMED),
    "no authentication": (_without("AuthnStatement"), INVALID),
    "a decision": (_added("Assertion", f"{SAML}AuthzDecisionStatement"), INVALID),
    "a statement that nobody knows": (_added("Assertion", "{urn:x}Statement"), INVALID),
    "a condition that nobody knows": (_added("Conditions", f"{SAML}Condition"), INVALID),
    "a foreign condition": (_added("Conditions", "{urn:x}Maintenance"), INVALID),
    "two conditions": (_twice("Conditions"), INVALID),
    "an assertion in its advice": (_advised, "not exactly|an assertion"),
    "an encrypted attribute": (_added("AttributeStatement", f"{SAML}EncryptedAttribute"), "EncryptedAttribute"),
    "version 1.1": (_set("Assertion", "Version", "1.1"), "not a SAML 2.0 assertion"),
    "no conditions": (_without("Conditions"), "required audience"),
    "no audience restriction": (_without("AudienceRestriction"), "required audience"),
    "an empty audience restriction": (_without("Audience"), "required audience"),
    "an empty audience": (_text("Audience", None), "required audience"),
    "another restriction, which does not fit": (
        lambda root: part(root, "Conditions").append(
            made(f"{SAML}AudienceRestriction", made(f"{SAML}Audience", text="urn:other"))), "required audience"),
    "another restriction, which is empty": (
        _added("Conditions", f"{SAML}AudienceRestriction"), "required audience"),
}  # fmt: skip

TIMES = {
    "the end of the confirmation": ("SubjectConfirmationData", "NotOnOrAfter"),
    "the beginning of the confirmation": ("SubjectConfirmationData", "NotBefore"),
    "the end of the conditions": ("Conditions", "NotOnOrAfter"),
    "the beginning of the conditions": ("Conditions", "NotBefore"),
    "the issuance": ("Assertion", "IssueInstant"),
    "the end of the session": ("AuthnStatement", "SessionNotOnOrAfter"),
}
NO_TIMES = {
    "empty": "",
    "a word": "never",
    "a number": "4102444800",
    "a date": "2099-01-01",
    "without a zone": "2099-01-01T00:00:00",
    "in another zone": "2099-01-01T00:00:00+01:00",
    "in a zone behind": "2099-01-01T00:00:00-00:00",
    "at 24 o'clock": "2099-01-01T24:00:00Z",
    "a leap second": "2099-12-31T23:59:60Z",
    "the 30th of February": "2099-02-30T00:00:00Z",
    "the month nought": "2099-00-01T00:00:00Z",
    "of five digits": "12099-01-01T00:00:00Z",
    "before the year one": "-2099-01-01T00:00:00Z",
    "the year nought": "0000-01-01T00:00:00Z",
    "in small letters": "2099-01-01t00:00:00z",
    "with a space": "2099-01-01 00:00:00Z",
    "with a space behind": "2099-01-01T00:00:00Z ",
    "with a line behind": "2099-01-01T00:00:00Z\n",
    "in Arabic digits": "\u0662\u0660\u0669\u0669-01-01T00:00:00Z",
    "with an endless fraction": f"2099-01-01T00:00:00.{'0' * 400}Z",
    "with an empty fraction": "2099-01-01T00:00:00.Z",
    "twice": "2099-01-01T00:00:00Z2099-01-01T00:00:00Z",
}

LIMITS: dict[str, tuple[dict[str, float], str]] = {
    "over since now": ({"ends": 0}, OVER),
    "over since a minute": ({"ends": -60}, OVER),
    "confirmed until now": ({"confirmed_until": 0}, OVER),
    "confirmed until a minute ago": ({"confirmed_until": -60}, OVER),
    "a session that ends now": ({"session_ends": 0}, OVER),
    "a session that ended a day ago": ({"session_ends": -86_400}, OVER),
    "issued six minutes ago": ({"issued": -360, "ends": 600, "confirmed_until": 600}, LATE),
    "issued a year ago": ({"issued": -31_536_000, "ends": 600, "confirmed_until": 600}, LATE),
    "issued in six minutes": ({"issued": 360}, EARLY),
    "issued in a year": ({"issued": 31_536_000}, EARLY),
    "begins in six minutes": ({"begins": 360, "ends": 900}, EARLY),
    "begins tomorrow": ({"begins": 86_400, "ends": 90_000}, EARLY),
}


def _at(offsets: dict[str, float]) -> Callable[[Workshop], bytes]:
    """Times that lie so many seconds from now."""
    return lambda shop: written(shop.good(**{name: time.time() + offset for name, offset in offsets.items()}))


assert stamp(0) == "1970-01-01T00:00:00Z"
