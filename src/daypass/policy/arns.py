"""ARN patterns: six fields, cut at the first five colons, each a pattern confined to its field.

``*`` never spans from one of the first five fields into the next; in the sixth it also matches ``:`` and ``/``.
Letters compare with their case. What is not an ARN matches no pattern, and a pattern of fewer fields matches nothing
unless it was completed first.

Source: IAM JSON policy elements reference, "Resource"; "ARN condition operators".
"""

from __future__ import annotations

from collections.abc import Sequence

from daypass.policy.context import RequestContext
from daypass.policy.match import STAR, Matcher, Token, Wildcard, glob, matcher, tokens
from daypass.policy.variables import Template, TemplateMatcher, Variable, glob_template, parse_template

FIELDS = 6


def arn_matcher(pattern: str) -> Matcher:
    """The match of a pattern that means itself."""
    fields = pattern.split(":", FIELDS - 1)
    if len(fields) < FIELDS:
        return lambda text: False
    if is_aligned(pattern):
        return glob(pattern)
    parts = tokens(pattern)
    head, tail = _literal(parts[0]), _literal(parts[-1])
    tests = [(index, glob(field)) for index, field in enumerate(fields) if field != "*"]

    def matches(text: str) -> bool:
        # Nearly all that does not match is told by its ends.
        if not (text.startswith(head) and text.endswith(tail)):
            return False
        texts = text.split(":", FIELDS - 1)
        if len(texts) < FIELDS or texts[0] != "arn":
            return False
        return all(test(texts[index]) for index, test in tests)

    return matches


def is_aligned(pattern: str) -> bool:
    """Whether the pattern begins with five fixed fields: it may be matched whole, no wildcard can cross a colon."""
    head = pattern.partition("*")[0].partition("?")[0].partition("${")[0]
    return head.startswith("arn:") and head.count(":") >= FIELDS - 1


def _literal(part: Token) -> str:
    return part if isinstance(part, str) else ""


def arn_template(pattern: str) -> TemplateMatcher:
    """The match of a pattern with variables. A colon inside a variable, in its name or its value, cuts nothing."""
    template = parse_template(pattern, wildcards=True)
    if is_aligned(pattern):
        return glob_template(template)
    fields = cut(template)
    if len(fields) < FIELDS:
        return lambda text, context: False
    return fields_matcher(fields)


def fields_matcher(fields: Sequence[Template]) -> TemplateMatcher:
    """The match of six fields, some with variables."""
    tests = [(index, _field(field)) for index, field in enumerate(fields) if field != (STAR,)]

    def matches(text: str, context: RequestContext) -> bool:
        texts = text.split(":", FIELDS - 1)
        if len(texts) < FIELDS or texts[0] != "arn":
            return False
        return all(test(texts[index], context) for index, test in tests)

    return matches


def _field(field: Template) -> TemplateMatcher:
    if is_variable(field):
        return glob_template(field)
    fixed = matcher([part for part in field if not isinstance(part, Variable)])
    return lambda text, context: fixed(text)


def is_variable(field: Template) -> bool:
    """Whether what the field matches depends on the request."""
    return any(isinstance(part, Variable) for part in field)


def cut(template: Template) -> list[Template]:
    """Cut a template at the first five colons of its own text: six templates, fewer when it has fewer colons."""
    fields: list[list[str | Wildcard | Variable]] = [[]]
    for part in template:
        if not isinstance(part, str):
            fields[-1].append(part)
            continue
        first, *others = part.split(":", FIELDS - len(fields))
        fields[-1].append(first)
        fields.extend([other] for other in others)
    return [tuple(part for part in field if part != "") for field in fields]
