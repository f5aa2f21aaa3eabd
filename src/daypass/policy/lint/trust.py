"""Rules on role trust policies: which action goes with which principal, and what strangers a provider lets in.

Source: IAM User Guide, "Create a role for OpenID Connect federation", "Trust model in IAM Roles Anywhere".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.actions import ActionElement
from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, Entry, Line, StatementView
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import found
from daypass.policy.parse.principal_entry import is_provider

GITHUB = "token.actions.githubusercontent.com"
_ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"
_NEEDED_ANYWHERE = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
_ACTION_OF_KEY = {
    "sts:sourceidentity": "sts:SetSourceIdentity",
    "sts:transitivetagkeys": "sts:TagSession",
    "aws:requesttag/": "sts:TagSession",
    "aws:tagkeys": "sts:TagSession",
}
_SAML, _OIDC, _PLAIN = "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:assumerole"


def _statements(document: Document) -> Iterator[StatementView]:
    if document.kind is Kind.TRUST:
        yield from document.statements


def _listed(statement: StatementView) -> ActionElement:
    return ActionElement(tuple(entry.text for entry in statement.texts("Action")), negated=False)


def no_resource(document: Document) -> Iterator[Finding]:
    """The resource is the role."""
    for statement in _statements(document):
        for element in ("Resource", "NotResource"):
            if statement.has(element):
                yield found("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", statement.place.key(element), element=element)


def keys_need_actions(document: Document) -> Iterator[Finding]:
    """A condition about tags or source identity, in a statement that is about neither."""
    for statement in _statements(document):
        listed = _listed(statement)
        for line in statement.lines:
            for key, action in _ACTION_OF_KEY.items():
                about = line.folded == key or (key.endswith("/") and line.folded.startswith(key))
                if about and statement.has("Action") and not listed.listed(action.lower()):
                    yield found("MISSING_ACTION_FOR_CONDITION_KEY", line.key_at, key=line.key, action=action)


def roles_anywhere(document: Document) -> Iterator[Finding]:
    """IAM Roles Anywhere needs three actions."""
    for statement in _statements(document):
        entries = [entry for entry in statement.texts_of("Principal", "Service") if entry.text == _ROLES_ANYWHERE]
        listed = _listed(statement)
        missing = [action for action in _NEEDED_ANYWHERE if not listed.listed(action.lower())]
        if entries and missing and statement.allows:
            where = entries[0].location
            yield found("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", where, actions=", ".join(missing))


def actions_fit_principals(document: Document) -> Iterator[Finding]:
    """Each way in has its action."""
    for statement in _statements(document):
        named = {entry.text.lower(): entry for entry in statement.texts("Action")}
        for entry in statement.principals:
            fits = _action_for(entry)
            for action in (_SAML, _OIDC, _PLAIN):
                # Only where no other principal or action makes sense of the pair.
                if fits and action in named and action != fits and fits not in named:
                    where = named[action].location, entry.location
                    yield found("MISMATCHED_ACTION_FOR_PRINCIPAL", *where, action=named[action].text, value=entry.text)


def _action_for(entry: Entry) -> str | None:
    """By which action this principal comes; None: any."""
    if entry.kind in {"AWS", "Service"}:
        return _PLAIN
    if entry.kind != "Federated" or not is_provider(entry.text):
        return None
    return _SAML if ":saml-provider/" in entry.text else _OIDC


def strangers(document: Document) -> Iterator[Finding]:
    """Whom an OIDC provider vouches for must be narrowed down."""
    for statement in _statements(document):
        if not statement.allows:
            continue
        for entry in statement.texts_of("Principal", "Federated"):
            host = host_of(entry.text)
            if host is None or not is_provider(entry.text):
                continue
            lines = [line for line in statement.lines if line.folded.startswith(f"{host.lower()}:")]
            if not lines:
                yield found("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", entry.location, provider=host)
            if host == GITHUB:
                yield from _github(entry, [line for line in lines if line.folded == f"{GITHUB}:sub"])


def host_of(value: str) -> str | None:
    """The host and path of an OIDC provider, by which its condition keys begin; None: this is none."""
    if value.startswith("arn:"):
        _, found_word, host = value.partition(":oidc-provider/")
        return host if found_word else None
    return value


def _github(entry: Entry, lines: list[Line]) -> Iterator[Finding]:
    if not lines:
        yield found("MISSING_GITHUB_REPO_CONDITION_KEY", entry.location)
    for line in lines:
        for value in line.values:
            owner, _, rest = value.text.removeprefix("repo:").partition("/")
            name, _, what = rest.partition(":")
            if not value.text.startswith("repo:") or "*" in owner + name or not what or what[:1] in "*?":
                yield found("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", value.location, value=value.text)
