"""Rules on Action and NotAction: does it exist, is it meant for this kind of policy, is it said twice.

Source: Service Authorization Reference; IAM JSON policy elements reference, "Action".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, Entry
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.global_keys import OF_CREDENTIALS
from daypass.policy.lint.knowledge import Service, prefixes, service
from daypass.policy.lint.redundancy import included
from daypass.policy.lint.report import did_you_mean, found
from daypass.policy.match import Matcher, glob, has_wildcard
from daypass.policy.parse.trust import is_assume_action


def existence(document: Document) -> Iterator[Finding]:
    """Service and action exist."""
    for statement in document.statements:
        for entry in statement.actions:
            yield from _existence(document, entry)


def _existence(document: Document, entry: Entry) -> Iterator[Finding]:
    if entry.text == "*":
        return
    prefix, colon, name = entry.text.lower().partition(":")
    if not colon or ":" in name or not name:
        yield found("INVALID_ACTION", entry.location, action=entry.text, hint="; an action is written service:Action")
    elif has_wildcard(prefix):
        yield found("WILDCARD_IN_SERVICE_NAME", entry.location)
    elif prefix not in document.own_services:
        known = service(prefix)
        if known is None:
            hint = did_you_mean(document.nearest(prefix, prefixes()))
            yield found("INVALID_SERVICE_IN_ACTION", entry.location, service=prefix, hint=hint)
        elif known.actions:
            yield from _action(document, known, name, entry)


def _action(document: Document, known: Service, name: str, entry: Entry) -> Iterator[Finding]:
    if name in known.actions:
        return
    if has_wildcard(name):
        if known.is_exact and document.may_compare() and not any(map(glob(name), known.actions)):
            yield found("INVALID_ACTION", entry.location, action=entry.text, hint="; no action matches")
        return
    near = document.slip_of(name, known.actions)
    if near is None and known.is_exact:
        near = document.nearest(name, known.actions)
    if near or known.is_exact:
        hint = did_you_mean(f"{known.name}:{known.actions[near]}" if near else None)
        yield found("INVALID_ACTION", entry.location, action=entry.text, hint=hint)


def for_trust_policies(document: Document) -> Iterator[Finding]:
    """A role trust policy is about opening sessions."""
    if document.kind is not Kind.TRUST:
        return
    for statement in document.statements:
        for entry in statement.actions:
            if not is_assume_action(entry.text):
                yield found("UNSUPPORTED_ACTION_IN_POLICY", entry.location, action=entry.text)


def condition_keys(document: Document) -> Iterator[Finding]:
    """Keys of a service that are never there for one of the actions. Patterns are left alone, as AWS does."""
    if document.kind is Kind.TRUST:  # all its actions are decided with the facts of the one call
        return
    for statement in document.statements:
        if not statement.has("Action"):
            continue
        for line in statement.lines:
            prefix = line.folded.partition(":")[0]
            without = [entry.text for entry in statement.actions if _lacks(entry.text, prefix, line.folded)]
            if without:
                where = line.key_at, statement.where("Action")
                actions = ", ".join(without[:4]) + (" …" if len(without) > 4 else "")
                yield found("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", *where, key=line.key, actions=actions)


def _lacks(action: str, prefix: str, key: str) -> bool:
    """Whether an action of the service that has this key never comes with it."""
    owner, _, name = action.lower().partition(":")
    known = service(prefix) if owner == prefix and key not in OF_CREDENTIALS else None
    keys = known.keys_of(name) if known is not None else None
    if known is None or not keys:
        return False
    form = key if "/" not in key else key.partition("/")[0] + "/*"
    return form in known.key_types and form not in keys


def redundant(document: Document) -> Iterator[Finding]:
    """Actions that another one of the same statement includes."""
    for statement in document.statements:
        for element in ("Action", "NotAction"):
            entries = [(entry.text.lower(), entry) for entry in statement.texts(element)]
            yield from included(entries, "REDUNDANT_ACTION", _includes)


def _includes(pattern: str) -> Matcher:
    matches = glob(pattern)
    if "?" in pattern:  # one character is less than the any number that a star in the other text stands for
        return lambda text: "*" not in text and matches(text)
    return matches
