"""Rules on condition blocks: operators, qualifiers and keys.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.conditions import USES
from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, Line
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.global_keys import GLOBAL_KEYS, PROVIDER_KEYS, UNSUPPORTED
from daypass.policy.lint.knowledge import is_key_prefix, key_type, service
from daypass.policy.lint.report import did_you_mean, found

_TAG_KEYS = ("aws:principaltag", "aws:requesttag", "aws:resourcetag", "iam:resourcetag", "ec2:resourcetag")
_PAIRS = {
    "aws:vpcsourceip": ("aws:SourceVpc", "aws:SourceVpce"),
    "aws:ec2instancesourceprivateipv4": ("aws:Ec2InstanceSourceVpc",),
}
_GLOBAL = {key.removesuffix("/*").lower(): key.removesuffix("/*") for key in GLOBAL_KEYS}
_AUDIENCES = frozenset(key for key in PROVIDER_KEYS if key.endswith(":aud"))


def lines(document: Document) -> Iterator[Line]:
    """All conditions of the document."""
    for statement in document.statements:
        yield from statement.lines


def operators(document: Document) -> Iterator[Finding]:
    """Operators exist. Each is reported once, whatever keys it has."""
    for statement in document.statements:
        for line in {line.operator: line for line in statement.lines}.values():
            if line.use is not None:
                continue
            if line.operator.lower().endswith("nullifexists"):
                yield found("NULL_WITH_IF_EXISTS", line.operator_at)
                continue
            near = document.nearest(line.operator, USES)
            yield found("INVALID_CONDITION_OPERATOR", line.operator_at, operator=line.operator, hint=did_you_mean(near))


def duplicates(document: Document) -> Iterator[Finding]:
    """A key stands once under an operator: its case means nothing."""
    for statement in document.statements:
        seen: dict[tuple[str, str], Line] = {}
        for line in statement.lines:
            first = seen.setdefault((line.operator, line.folded), line)
            if first is not line:
                where = first.key_at, line.key_at
                yield found("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", *where, key=line.key, other=first.key)


def keys(document: Document) -> Iterator[Finding]:
    """Keys exist and are complete."""
    for line in lines(document):
        prefix, colon, name = line.folded.partition(":")
        if not colon or not prefix or not name:
            yield found("INVALID_CONDITION_KEY_FORMAT", line.key_at, key=line.key)
        elif line.folded in UNSUPPORTED:
            yield found("UNSUPPORTED_GLOBAL_CONDITION_KEY", line.key_at, key=line.key, instead=UNSUPPORTED[line.folded])
        elif line.folded.rstrip("/") in _TAG_KEYS:
            yield found("MISSING_TAG_KEY_IN_CONDITION", line.key_at, key=line.key.rstrip("/"))
        elif prefix == "aws":
            yield from _global_key(document, line)
        elif "." not in prefix and prefix not in document.own_services:  # with a dot: an identity provider's
            yield from _service_key(document, line, prefix)


def _global_key(document: Document, line: Line) -> Iterator[Finding]:
    if key_type(line.folded) is None:
        near = document.nearest(line.folded.partition("/")[0], _GLOBAL)
        hint = did_you_mean(_GLOBAL[near] if near else None)
        yield found("INVALID_GLOBAL_CONDITION_KEY", line.key_at, key=line.key, hint=hint)


def _service_key(document: Document, line: Line, prefix: str) -> Iterator[Finding]:
    if not is_key_prefix(prefix):
        yield found("INVALID_SERVICE", line.key_at, service=prefix, hint="")
        return
    known = service("sts" if prefix == "saml" else prefix)
    if known is None or key_type(line.folded) is not None:
        return
    names = [key for key in known.key_types if key.startswith(f"{prefix}:")]
    near = document.slip_of(line.folded, names)
    if near:
        hint = did_you_mean(known.key_names[near])
        yield found("INVALID_SERVICE_CONDITION_KEY", line.key_at, service=prefix, key=line.key, hint=hint)


def qualifiers(document: Document) -> Iterator[Finding]:
    """ForAllValues and ForAnyValue where a key has several values, and only there."""
    for statement in document.statements:
        for line in statement.lines:
            if line.use is None:
                continue
            quantifier, several = line.use.quantifier, _has_several(line.folded)
            if line.name == "Null":
                yield from _null(line)
            elif line.folded.endswith(":aud") and quantifier and not line.folded.startswith("saml:"):
                yield from _audience(line, quantifier)
            elif several and not quantifier:
                yield found("MISSING_QUALIFIER", line.operator_at, line.key_at, key=line.key, operator=line.operator)
            elif several is False and quantifier == "ForAllValues" and statement.allows:
                yield found("FORALLVALUES_WITH_SINGLE_VALUED_KEY", line.operator_at, line.key_at, key=line.key)


def _has_several(key: str) -> bool | None:
    kind = key_type(key)
    return None if kind is None else kind.startswith("ArrayOf")


def _null(line: Line) -> Iterator[Finding]:
    assert line.use is not None
    if line.use.quantifier:
        always = "always holds" if line.use.quantifier == "ForAllValues" else "never holds"
        yield found("NULL_WITH_QUALIFIER", line.operator_at, qualifier=line.use.quantifier, effect=always)


def _audience(line: Line, quantifier: str) -> Iterator[Finding]:
    """Whether a token has one audience or several is up to its provider; of the built-in ones it is known."""
    where = line.operator_at, line.key_at
    if line.folded not in _AUDIENCES:
        yield found("CONFIRM_AUDIENCE_CLAIM_TYPE", *where, key=line.key, qualifier=quantifier)
    elif quantifier == "ForAnyValue":
        yield found("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", *where, key=line.key)
    else:
        yield found("FORALLVALUES_WITH_SINGLE_VALUED_KEY", *where, key=line.key)


def empty_lists(document: Document) -> Iterator[Finding]:
    """No value at all, and what that comes to."""
    for line in lines(document):
        if line.use is None or line.value.node.items != ():
            continue
        if line.use.if_exists:
            code = "EMPTY_ARRAY_CONDITION_IFEXISTS"
        elif line.use.quantifier:
            code = f"EMPTY_ARRAY_CONDITION_{line.use.quantifier.upper()}"
        else:
            code = "EMPTY_ARRAY_CONDITION"
        yield found(code, line.value.location, key=line.key)


def pairs(document: Document) -> Iterator[Finding]:
    """Keys that say little without another one."""
    for statement in document.statements:
        for line in statement.lines:
            others = _PAIRS.get(line.folded, ())
            if others and statement.keys.isdisjoint(other.lower() for other in others):
                yield found("MISSING_PAIRED_CONDITION_KEYS", line.key_at, key=line.key, others=" or ".join(others))


def always_or_never(document: Document) -> Iterator[Finding]:
    """A lone star that decides everything."""
    for line in lines(document):
        if line.use is None or line.name not in {"StringLike", "StringNotLike"}:
            continue
        if all(value.text != "*" for value in line.values):
            continue
        facts = {"key": line.key, "operator": line.operator}
        if line.name == "StringLike" and (line.use.if_exists or line.use.quantifier == "ForAllValues"):
            yield found("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", line.key_at, **facts)
        elif line.name == "StringNotLike" and line.use.quantifier == "ForAnyValue" and not line.use.if_exists:
            yield found("REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION", line.key_at, **facts)


def irrelevant(document: Document) -> Iterator[Finding]:
    """Keys that a resource's own policy always finds the same."""
    if document.kind is Kind.RESOURCE:
        for line in lines(document):
            if line.folded == "s3:resourceaccount":
                yield found("IRRELEVANT_CONDITION_KEY_IN_POLICY", line.key_at, key=line.key)


def particular_services(document: Document) -> Iterator[Finding]:
    """Conditions of DynamoDB and S3 that do not hold back what they seem to."""
    for statement in document.statements:
        for line in statement.lines:
            if line.use is None:
                continue
            if line.folded == "dynamodb:attributes" and statement.allows and "dynamodb:select" not in statement.keys:
                yield found("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", line.key_at)
            compares = line.name.startswith("String") and line.folded == "s3:prefix"
            if compares and statement.effect and line.use.operator.negated is statement.allows:
                yield found("S3_PREFIX_IN_NEGATIVE_CONTEXT", line.key_at)
