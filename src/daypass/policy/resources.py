"""Resource and NotResource.

``*`` is everything, also actions that know no resource; any other entry is an ARN pattern, compared field by field.
An entry with a variable that has no value names no resource; under NotResource it therefore excludes none.

Source: IAM JSON policy elements reference, "Resource", "NotResource"; "Variables and tags".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from daypass.policy.arns import FIELDS, any_arn_matcher, cut, fields_matcher, is_aligned, is_variable
from daypass.policy.context import RequestContext, Test
from daypass.policy.match import STAR, Matcher, has_wildcard, is_prefix
from daypass.policy.variables import TemplateMatcher, glob_template, has_variable, parse_template

Short = Literal["pad", "pad if wild", "pad if open", "never"]
"""What a pattern with fewer than six fields means: its missing fields are ``*`` always (identity-based policies), if it
holds a ``*`` (resource-based), if it ends in one (SCP), never (RCP). Where not, it names nothing."""


class ResourceElement:
    """The resources a statement lists; ``negated``: all but those.

    Args:
        patterns: as written.
        negated: NotResource.
        variables: whether the document's version knows policy variables.
        short: what patterns with fewer than six fields mean.
    """

    __slots__ = ("negated", "patterns", "test")

    def __init__(self, patterns: tuple[str, ...], *, negated: bool, variables: bool, short: Short = "pad") -> None:
        self.patterns = patterns
        self.negated = negated
        self.test = _compile(patterns, negated=negated, variables=variables, short=short)


def _compile(patterns: Sequence[str], *, negated: bool, variables: bool, short: Short) -> Test | None:
    """The test of the element; None: always true."""
    if "*" in patterns:
        return (lambda context: False) if negated else None
    fixed: list[str] = []
    templates: list[TemplateMatcher] = []
    for pattern in patterns:
        if variables and has_variable(pattern):
            templates += _template(pattern, short)
        else:
            fixed += _completed(pattern, short)
    if templates:
        return _test_with_templates(_any_of(fixed), templates, negated=negated)
    if negated:
        match = _any_of(fixed)
        return lambda context: not match(context.resource)
    return _test_fixed(fixed)


def _test_fixed(patterns: list[str]) -> Test:
    """By far the most common: no variables, not negated."""
    if len(patterns) == 1:
        (pattern,) = patterns
        if not has_wildcard(pattern):
            return lambda context: context.resource == pattern
        if is_prefix(pattern) and is_aligned(pattern):
            head = pattern[:-1]
            return lambda context: context.resource.startswith(head)
    match = _any_of(patterns)
    return lambda context: match(context.resource)


def _any_of(patterns: list[str]) -> Matcher:
    exact = frozenset(pattern for pattern in patterns if not has_wildcard(pattern))
    wild = [pattern for pattern in patterns if has_wildcard(pattern)]
    if not wild:
        return exact.__contains__
    matches = any_arn_matcher(wild)
    if not exact:
        return matches
    return lambda resource: resource in exact or matches(resource)


def _test_with_templates(match: Matcher, templates: Sequence[TemplateMatcher], *, negated: bool) -> Test:
    def test(context: RequestContext) -> bool:
        resource = context.resource
        listed = match(resource) or any(template(resource, context) for template in templates)
        return listed is not negated

    return test


def _completed(pattern: str, short: Short) -> list[str]:
    """The pattern with all six fields; none, when a pattern with too few of them names nothing."""
    missing = FIELDS - 1 - pattern.count(":")
    if missing <= 0:
        return [pattern]
    return [pattern + ":*" * missing] if _may_be_short(pattern, short) else []


def _template(pattern: str, short: Short) -> list[TemplateMatcher]:
    """The match of a pattern with variables; none, when it names nothing: they stand only after the fifth colon."""
    if is_aligned(pattern):
        return [glob_template(parse_template(pattern, wildcards=True))]
    fields = cut(parse_template(pattern, wildcards=True))
    if len(fields) < FIELDS:
        if not _may_be_short(pattern, short):
            return []
        fields += [(STAR,)] * (FIELDS - len(fields))
    return [] if any(map(is_variable, fields[:-1])) else [fields_matcher(fields)]


def _may_be_short(pattern: str, short: Short) -> bool:
    return {"pad": True, "pad if wild": "*" in pattern, "pad if open": pattern.endswith("*"), "never": False}[short]
