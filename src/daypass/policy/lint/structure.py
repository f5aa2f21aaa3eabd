"""Rules on the shape of a document: elements, their JSON types, what must be there and what must not.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, Place, StatementView, is_text
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import did_you_mean, found
from daypass.policy.parse.shape import DOCUMENT_MEMBERS, STATEMENT_MEMBERS, VERSIONS

IDENTITY = frozenset({Kind.IDENTITY_MANAGED, Kind.IDENTITY_INLINE, Kind.SESSION})
_SIDS_ARE_UNIQUE = IDENTITY | {Kind.TRUST, Kind.SCP}
_PLAIN_SIDS = IDENTITY | {Kind.SCP}
_NEEDS_RESOURCE = IDENTITY | {Kind.SCP, Kind.RCP, Kind.ENDPOINT}
_SID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))


def the_whole(document: Document) -> Iterator[Finding]:
    """The top level."""
    root = document.root
    if document.json_type(root) != "object":
        yield found("DATA_TYPE_MISMATCH", root.location, what="A policy", expected="an object")
        return
    yield from _unknown(document, root, DOCUMENT_MEMBERS, "a policy")
    for name in ("Version", "Id"):
        place = root.member(name)
        if place is not None and not is_text(place.node):
            yield found("DATA_TYPE_MISMATCH", place.location, what=name, expected="a string")
    version = root.member("Version")
    if version is None:
        yield found("MISSING_VERSION", root.location)
    elif document.version is not None and document.version not in VERSIONS:
        yield found("INVALID_VERSION", version.location, version=document.version)


def the_statements(document: Document) -> Iterator[Finding]:
    """That there are statements, and that they are objects."""
    if document.json_type(document.root) != "object":
        return
    place = document.root.member("Statement")
    if place is None or place.node.items == ():
        yield found("MISSING_STATEMENT", (place or document.root).location)
        return
    for item in place.below():
        if document.json_type(item) != "object":
            yield found("DATA_TYPE_MISMATCH", item.location, what="A statement", expected="an object")


def elements(document: Document) -> Iterator[Finding]:
    """Which elements a statement has."""
    for statement in document.statements:
        yield from _unknown(document, statement.place, STATEMENT_MEMBERS, "a statement")
        for one, other in _PAIRS:
            if statement.has(one) and statement.has(other):
                where = statement.place.key(one), statement.place.key(other)
                yield found("UNSUPPORTED_ELEMENT_COMBINATION", *where, one=one, other=other)
        if not (statement.has("Action") or statement.has("NotAction")):
            yield found("MISSING_ACTION", statement.at)
        if document.kind in _NEEDS_RESOURCE and not (statement.has("Resource") or statement.has("NotResource")):
            yield found("MISSING_RESOURCE", statement.at)


def _unknown(document: Document, place: Place, known: frozenset[str], where: str) -> Iterator[Finding]:
    folded = {name.lower(): name for name in known}
    for name in place.node.members:
        if name not in known:
            near = document.nearest(name.lower(), folded)
            hint = did_you_mean(folded[near] if near else None)
            yield found("INVALID_POLICY_ELEMENT", place.key(name), name=name, where=where, hint=hint)


def effects(document: Document) -> Iterator[Finding]:
    """Effect is Allow or Deny."""
    for statement in document.statements:
        place = statement.place.member("Effect")
        if place is None:
            yield found("MISSING_EFFECT", statement.at)
        elif not is_text(place.node):
            yield found("DATA_TYPE_MISMATCH", place.location, what="Effect", expected="a string")
        elif not (statement.allows or statement.denies):
            yield found("INVALID_EFFECT", place.location, effect=place.node.value)


def sids(document: Document) -> Iterator[Finding]:
    """Sids: their characters, and that each occurs once."""
    seen: set[str] = set()
    for statement in document.statements:
        place = statement.place.member("Sid")
        if place is None:
            continue
        if not is_text(place.node):
            yield found("DATA_TYPE_MISMATCH", place.location, what="Sid", expected="a string")
            continue
        sid = str(place.node.value)
        if not sid:
            yield found("EMPTY_SID_VALUE", place.location)
            continue
        if document.kind in _PLAIN_SIDS and not _SID.issuperset(sid):
            yield found("UNSUPPORTED_SID", place.location)
        if sid in seen:
            required = document.kind in _SIDS_ARE_UNIQUE
            yield found("UNIQUE_SIDS_REQUIRED" if required else "UNIQUE_SIDS_RECOMMENDED", place.location, sid=sid)
        seen.add(sid)


def lists_of_texts(document: Document) -> Iterator[Finding]:
    """Actions and resources are a string or a list of strings; an empty list does nothing."""
    for statement in document.statements:
        for element in ("Action", "NotAction", "Resource", "NotResource"):
            place = statement.place.member(element)
            if place is None:
                continue
            if place.node.items == ():
                yield found(f"EMPTY_ARRAY_{element.removeprefix('Not').upper()}", place.location)
            for item in place.below():
                nothing = place.node.items is not None and document.json_type(item) == "null"
                if not (is_text(item.node) or (nothing and element.endswith("Resource"))):
                    yield found("DATA_TYPE_MISMATCH", item.location, what=element, expected="text or a list of texts")


def condition_blocks(document: Document) -> Iterator[Finding]:
    """Objects within objects, and scalars or lists of them inside."""
    for statement in document.statements:
        block = statement.place.member("Condition")
        if block is None:
            continue
        if document.json_type(block) != "object":
            yield found("DATA_TYPE_MISMATCH", block.location, what="Condition", expected="an object")
            continue
        if not block.node.members:
            yield found("EMPTY_OBJECT_CONDITION", block.location)
        for operator in block.node.members:
            keys = block.member(operator)
            assert keys is not None
            if document.json_type(keys) != "object":
                yield found("DATA_TYPE_MISMATCH", keys.location, what=operator, expected="an object of keys and values")
            elif not keys.node.members:
                yield found("EMPTY_OBJECT_CONDITION", keys.location)
        yield from _condition_values(document, statement)


def _condition_values(document: Document, statement: StatementView) -> Iterator[Finding]:
    for line in statement.lines:
        types = {document.json_type(item) for item in line.value.below()}
        if types & {"object", "list", "null"}:
            yield found("DATA_TYPE_MISMATCH", line.value.location, what=line.key, expected="a scalar or a list of them")
        elif len(types) > 1:
            yield found("INVALID_CONDITION_DATA_TYPE", line.value.location)
