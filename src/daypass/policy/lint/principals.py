"""Rules on Principal and NotPrincipal.

Source: AWS JSON policy elements: Principal; IAM User Guide, "The confused deputy problem".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, Entry, Line, StatementView, is_text
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import found
from daypass.policy.lint.structure import IDENTITY
from daypass.policy.match import has_wildcard
from daypass.policy.parse.principal_entry import is_aws_principal, is_provider, is_service
from daypass.policy.parse.shape import PRINCIPAL_TYPES

_RESOURCE_LIKE = frozenset({Kind.RESOURCE, Kind.ENDPOINT})
_ELEMENTS = ("Principal", "NotPrincipal")
_SOURCES = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})
_NOT_OF_SERVICES = (
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalarn",
    "aws:username",
    "aws:principaltag/",
)


def presence(document: Document) -> Iterator[Finding]:
    """Whether this kind of policy names principals, and in which element."""
    for statement in document.statements:
        for element in _ELEMENTS:
            if statement.has(element) and document.kind in IDENTITY | {Kind.SCP}:
                code = "SCP_SYNTAX_ERROR_PRINCIPAL" if document.kind is Kind.SCP else "UNSUPPORTED_PRINCIPAL"
                yield found(code, statement.place.key(element), element=element)
        if document.kind not in IDENTITY | {Kind.SCP, Kind.RCP} and not any(map(statement.has, _ELEMENTS)):
            yield found("MISSING_PRINCIPAL", statement.at)
        if statement.has("NotPrincipal") and document.kind is Kind.TRUST:
            yield found("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", statement.place.key("NotPrincipal"))
        elif statement.has("NotPrincipal") and document.kind in _RESOURCE_LIKE and statement.allows:
            yield found("ALLOW_WITH_NOT_PRINCIPAL", statement.place.key("NotPrincipal"))


def form(document: Document) -> Iterator[Finding]:
    """A ``*`` or an object of known types with texts."""
    if not document.kind.names_principals or document.kind is Kind.RCP:
        return
    for statement in document.statements:
        for element in _ELEMENTS:
            place = statement.place.member(element)
            if place is None:
                continue
            if is_text(place.node):
                yield from _bare(document, element, Entry(str(place.node.value), place))
            elif document.json_type(place) != "object":
                yield found("DATA_TYPE_MISMATCH", place.location, what=element, expected='"*" or an object')
            elif not place.node.members:
                yield found("EMPTY_OBJECT_PRINCIPAL", place.location)
            else:
                yield from _types(statement, element)


def _bare(document: Document, element: str, entry: Entry) -> Iterator[Finding]:
    if entry.text != "*":
        yield found("INVALID_PRINCIPAL_FORMAT", entry.location, value=entry.text)
    elif document.kind is Kind.TRUST and element == "Principal":
        yield found("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", entry.location)


def _types(statement: StatementView, element: str) -> Iterator[Finding]:
    place = statement.place.member(element)
    assert place is not None
    for kind in place.node.members:
        if kind not in PRINCIPAL_TYPES:
            yield found("INVALID_PRINCIPAL_KEY", place.key(kind), kind=kind)
            continue
        names = place.member(kind)
        assert names is not None
        if names.node.items == ():
            yield found("EMPTY_ARRAY_PRINCIPAL", names.location)
        for item in names.below():
            if not is_text(item.node):
                yield found("DATA_TYPE_MISMATCH", item.location, what=kind, expected="text or a list of texts")


def names(document: Document) -> Iterator[Finding]:
    """Each principal is spelled as one that can exist."""
    if not document.kind.names_principals or document.kind is Kind.RCP:
        return
    for statement in document.statements:
        for entry in statement.principals:
            yield from _name(document, entry)


def _name(document: Document, entry: Entry) -> Iterator[Finding]:
    value = entry.text
    if has_wildcard(value) and not (value == "*" and entry.kind in {"AWS", ""}):
        if document.kind is Kind.TRUST or entry.kind != "Federated":
            yield found("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", entry.location)
    elif entry.kind == "AWS":
        yield from _aws_name(entry)
    elif entry.kind == "Service":
        if not is_service(value) or value != value.lower():
            yield found("INVALID_SERVICE_PRINCIPAL_FORMAT", entry.location, value=value)
    elif entry.kind == "Federated":
        if document.kind is not Kind.TRUST:
            yield found("FEDERATED_PRINCIPAL_NOT_SUPPORTED", entry.location)
        elif not is_provider(value):
            yield found("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", entry.location, value=value)


def _aws_name(entry: Entry) -> Iterator[Finding]:
    if not is_aws_principal(entry.text):
        yield found("INVALID_PRINCIPAL_FORMAT", entry.location, value=entry.text)
    elif entry.text.startswith(("AROA", "AIDA")):
        code = "INVALID_ROLE_REFERENCE" if entry.text.startswith("AROA") else "INVALID_USER_REFERENCE"
        yield found(code, entry.location, value=entry.text)


def services(document: Document) -> Iterator[Finding]:
    """A service acts for whoever told it to: say for whom. Roles are trusted by name and need no such condition."""
    if document.kind is not Kind.RESOURCE:
        return
    for statement in document.statements:
        named = [entry for entry in statement.texts_of("Principal", "Service") if is_service(entry.text)]
        if not named or not statement.allows:
            continue
        who = ", ".join(entry.text for entry in named[:4])
        wrong = [line for line in statement.lines if _is_not_of_services(line)]
        if wrong:
            keys = ", ".join(line.key for line in wrong)
            yield found("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", *(line.key_at for line in wrong), keys=keys)
        elif not statement.lines:
            yield found("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", *(entry.location for entry in named), service=who)
        elif not statement.keys & _SOURCES:
            where = [line.key_at for line in statement.lines]
            keys = ", ".join(line.key for line in statement.lines)
            yield found("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", *where, keys=keys, service=who)


def _is_not_of_services(line: Line) -> bool:
    use = line.use
    holds_without = use is None or use.if_exists or use.operator.negated or use.quantifier == "ForAllValues"
    return not holds_without and line.name != "Null" and line.folded.startswith(_NOT_OF_SERVICES)


def redundant(document: Document) -> Iterator[Finding]:
    """A session beside its role."""
    if document.kind is not Kind.TRUST:
        return
    for statement in document.statements:
        entries = statement.texts_of("Principal", "AWS")
        roles = {(e.text.split(":")[4], e.text.rpartition("/")[2]): e.text for e in entries if ":role/" in e.text
                 and e.text.count(":") == 5}  # fmt: skip
        for entry in entries:
            account, name = _role_of_session(entry.text)
            if (account, name) in roles:
                yield found("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", entry.location, role=roles[account, name])


def _role_of_session(arn: str) -> tuple[str, str]:
    """Account and name of the role that a session belongs to; empty, when ``arn`` is no session."""
    fields = arn.split(":", 5)
    if len(fields) != 6 or not fields[5].startswith("assumed-role/"):
        return "", ""
    return fields[4], fields[5].split("/")[1]
