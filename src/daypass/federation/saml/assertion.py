"""What a proved assertion says: who, for whom, until when, and which attributes (SAML Core, section 2)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from daypass.errors import Malformed
from daypass.federation.saml.names import BEARER, SAML, SIGNATURE
from daypass.federation.saml.xml import Element, optional, text_of, the_only, trimmed

Attributes = dict[str, list[tuple[str, ...]]]
"""The values of each attribute by its name, a tuple for every time it was given."""

_TIME = re.compile(r"([0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2})(?:\.[0-9]{1,9})?(?:Z|\+00:00)", re.ASCII)
_KNOWN_CONDITIONS = frozenset({f"{SAML}AudienceRestriction", f"{SAML}OneTimeUse", f"{SAML}ProxyRestriction"})
_CHILDREN = frozenset(
    {SIGNATURE}
    | {
        f"{SAML}{name}"
        for name in ("Issuer", "Subject", "Conditions", "Advice", "AuthnStatement", "AttributeStatement")
    }
)
_LONGEST_NAME = 1_024


class Unconfirmed(Malformed):
    """The subject is not confirmed in the one way that is taken."""


class Assertion(NamedTuple):
    """Times are epoch seconds. ``ends`` is the first moment at which it does not count any more, by any of its limits.

    ``audiences`` has a tuple for each restriction: one of each must fit. ``session_ends`` caps the session, if at all.
    """

    id: str
    issued: int
    ends: int
    begins: int | None
    session_ends: int | None
    subject: str
    subject_format: str
    recipient: str
    audiences: tuple[tuple[str, ...], ...]
    attributes: Attributes


def read_assertion(root: Element) -> Assertion:
    """Read a proved assertion.

    Raises:
        Unconfirmed: it does not say to whom it may be shown, or until when.
        Malformed: it lacks what must be there, or has what is not understood.
    """
    subject = the_only(root, f"{SAML}Subject")
    name = the_only(subject, f"{SAML}NameID")
    shown = _confirmation(subject)
    recipient = shown.get("Recipient")
    if not recipient or not shown.get("NotOnOrAfter"):
        raise Unconfirmed("no Recipient, or no NotOnOrAfter")
    conditions = optional(root, f"{SAML}Conditions")
    limits = [shown] if conditions is None else [shown, conditions]
    begins = [_time(each.get("NotBefore")) for each in limits if each.get("NotBefore") is not None]
    ends = [_time(each.get("NotOnOrAfter")) for each in limits if each.get("NotOnOrAfter") is not None]
    sessions = _sessions(root)
    return Assertion(
        root.get("ID", ""),
        _time(root.get("IssueInstant")),
        min(ends + sessions),
        max(begins, default=None),
        min(sessions, default=None),
        _name(name),
        name.get("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
        recipient,
        () if conditions is None else _restrictions(conditions),
        _attributes(root),
    )


def _name(element: Element) -> str:
    # INVARIANT: 1. a name is taken to the letter, for whoever may choose his own must not come by another's.
    #   tests/federation/saml/test_attacks.py::test_a_name_is_taken_to_the_letter
    name = text_of(element)
    if not trimmed(name) or len(name) > _LONGEST_NAME:
        raise Malformed("a NameID of unusual length")
    return name


def _confirmation(subject: Element) -> Element:
    """The data of the one bearer confirmation (SAML Profiles, section 4.1.4.2)."""
    found = list(subject.iterchildren(f"{SAML}SubjectConfirmation"))
    if len(found) != 1 or found[0].get("Method") != BEARER:
        raise Unconfirmed("not exactly one bearer confirmation")
    data = list(found[0].iterchildren(f"{SAML}SubjectConfirmationData"))
    if len(data) != 1:
        raise Unconfirmed("not exactly one confirmation")
    return data[0]


def _restrictions(conditions: Element) -> tuple[tuple[str, ...], ...]:
    """The audiences of each restriction. A condition that is not understood refuses (SAML Core, section 2.5.1.1)."""
    if any(each.tag not in _KNOWN_CONDITIONS for each in conditions):
        raise Malformed("a condition that is not understood")
    found = conditions.iterchildren(f"{SAML}AudienceRestriction")
    return tuple(tuple(trimmed(text_of(each)) for each in one.iterchildren(f"{SAML}Audience")) for one in found)


def _sessions(root: Element) -> list[int]:
    """When the sessions at the provider end; there is at least one, ending or not."""
    found = list(root.iterchildren(f"{SAML}AuthnStatement"))
    if not found or any(each.tag not in _CHILDREN for each in root):
        raise Malformed("no AuthnStatement, or something that is not understood")
    return [_time(each.get("SessionNotOnOrAfter")) for each in found if each.get("SessionNotOnOrAfter") is not None]


def _attributes(root: Element) -> Attributes:
    """All attributes whose values are texts. Others, such as NameIDs as values, are passed over."""
    found: Attributes = {}
    for statement in root.iterchildren(f"{SAML}AttributeStatement"):
        for attribute in statement.iterchildren(f"{SAML}Attribute"):
            found.setdefault(attribute.get("Name", ""), []).append(_texts(attribute))
    return found


def _texts(attribute: Element) -> tuple[str, ...]:
    """The values, none at all where one of them is no text."""
    values = list(attribute.iterchildren(f"{SAML}AttributeValue"))
    return () if any(len(value) for value in values) else tuple(value.text or "" for value in values)


def _time(text: str | None) -> int:
    """A time in UTC; fractions of a second are cut off."""
    form = _TIME.fullmatch(text or "")
    try:
        if form is not None:
            return int(datetime.fromisoformat(f"{form[1]}+00:00").timestamp())
    except ValueError:  # such as the 31st of February
        pass
    raise Malformed(f"{text!r} is no time in UTC")
