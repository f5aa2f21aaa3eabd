"""ARN patterns: six fields, cut at the first five colons, each a pattern confined to its field.

``*`` never spans from one of the first five fields into the next; in the sixth it also matches ``:`` and ``/``.
Letters compare with their case. What is not an ARN matches no pattern, and a pattern of fewer fields matches nothing
unless it was completed first.

Source: IAM JSON policy elements reference, "Resource"; "ARN condition operators".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from daypass.policy.context import RequestContext
from daypass.policy.match import MANY, ONE, STAR, Matcher, Token, Wildcard, any_matcher, glob, matcher, tokens
from daypass.policy.tokens import FIELD_ONE, FIELD_STAR
from daypass.policy.variables import (
    Resolve,
    Template,
    TemplateMatcher,
    Variable,
    glob_template,
    parse_template,
    resolved,
)
from daypass.policy.walk import any_walker

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


def any_arn_matcher(patterns: Iterable[str]) -> Matcher:
    """The match of a list of patterns that mean themselves; what is dear alone is walked through together."""
    several = list(patterns)
    whole = [pattern for pattern in several if pattern.count(":") >= FIELDS - 1]
    walking = {pattern for pattern in whole if "?" in pattern}
    if len(several) >= MANY:
        walking |= {pattern for pattern in whole if not is_aligned(pattern)}
    if len(walking) < 2:
        return any_matcher(map(arn_matcher, several))
    rest = [arn_matcher(pattern) for pattern in several if pattern not in walking]
    together = any_walker([_confined(pattern) for pattern in walking])
    return any_matcher([*rest, lambda text: text.startswith("arn:") and together(text)])


def _confined(pattern: str) -> list[Token]:
    """The parts of a pattern whose first five fields keep their wildcards to themselves."""
    *fields, resource = pattern.split(":", FIELDS - 1)
    parts: list[Token] = []
    for field in fields:
        parts += [*_kept(tokens(field)), ":"]
    return parts + tokens(resource)


def _kept(field: Iterable[Token]) -> list[Token]:
    """The parts of a field, its wildcards kept to it."""
    return [_IN_FIELD.get(part, part) if isinstance(part, Wildcard) else part for part in field]


_IN_FIELD = {STAR: FIELD_STAR, ONE: FIELD_ONE}


def is_aligned(pattern: str) -> bool:
    """Whether the pattern begins with five fixed fields: it may be matched whole, no wildcard can cross a colon."""
    head = pattern.partition("*")[0].partition("?")[0].partition("${")[0]
    return head.startswith("arn:") and head.count(":") >= FIELDS - 1


def _literal(part: Token) -> str:
    return part if isinstance(part, str) else ""


def arn_template(pattern: str) -> tuple[TemplateMatcher, Resolve]:
    """The match of a pattern with variables, and its resolution.

    A colon inside a variable, in its name or its value, cuts nothing.
    """
    template = parse_template(pattern, wildcards=True)
    if is_aligned(pattern):
        return glob_template(template), partial(resolved, template)
    fields = cut(template)
    if len(fields) < FIELDS:
        return lambda text, context: False, lambda context: None
    return fields_matcher(fields), _fields_resolve(fields)


def fields_matcher(fields: Sequence[Template]) -> TemplateMatcher:
    """The match of six fields, some with variables."""
    tests = [(index, _field(field)) for index, field in enumerate(fields) if field != (STAR,)]

    def matches(text: str, context: RequestContext) -> bool:
        texts = text.split(":", FIELDS - 1)
        if len(texts) < FIELDS or texts[0] != "arn":
            return False
        return all(test(texts[index], context) for index, test in tests)

    return matches


def _fields_resolve(fields: Sequence[Template]) -> Resolve:
    """Resolves six fields to the parts of one pattern whose first five keep their wildcards to themselves."""

    def resolve(context: RequestContext) -> list[Token] | None:
        several = [resolved(field, context) for field in fields]
        parts: list[Token] = []
        for index, field in enumerate(several):
            if field is None:
                return None
            if index == 0 and not matcher(field)("arn"):
                return None
            if index < FIELDS - 1 and any(isinstance(part, str) and ":" in part for part in field):
                return None  # no field of an ARN holds a colon but the last
            parts += [":"] * (index > 0) + (["arn"] if index == 0 else _kept(field) if index < FIELDS - 1 else [*field])
        return parts

    return resolve


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
