"""Resource and NotResource.

``*`` is everything, also actions that know no resource; any other entry is an ARN pattern, compared field by field.
An entry with a variable that has no value names no resource; under NotResource it therefore excludes none.

Source: IAM JSON policy elements reference, "Resource", "NotResource"; "Variables and tags".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from daypass.policy.actions import has_wildcard
from daypass.policy.arns import FIELDS, FieldsTest, arn_fields, fields_test, is_variable
from daypass.policy.context import RequestContext, Test
from daypass.policy.match import STAR, Matcher, glob
from daypass.policy.variables import Template, has_variable

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
    exact: set[str] = set()
    whole: list[Matcher] = []
    cut: list[FieldsTest] = []
    for pattern in patterns:
        if variables and has_variable(pattern):
            _add_by_fields(arn_fields(pattern, variables=True), short, cut)
        elif pattern.count(":") < FIELDS - 1:
            _add_by_fields(arn_fields(pattern, variables=False), short, cut)
        elif not has_wildcard(pattern):
            exact.add(pattern)
        elif not has_wildcard(":".join(pattern.split(":", FIELDS - 1)[:-1])):
            whole.append(glob(pattern))  # its fixed head holds five colons, so no wildcard can cross one
        else:
            _add_by_fields(arn_fields(pattern, variables=False), short, cut)
    return _joined(frozenset(exact), tuple(whole), tuple(cut), negated=negated)


def _joined(exact: frozenset[str], whole: tuple[Matcher, ...], cut: tuple[FieldsTest, ...], *, negated: bool) -> Test:
    if not cut and not exact and len(whole) == 1 and not negated:
        (only,) = whole
        return lambda context: only(context.resource)

    def test(context: RequestContext) -> bool:
        resource = context.resource
        if resource in exact:
            return not negated
        for matches in whole:
            if matches(resource):
                return not negated
        if cut:
            fields = context.fields()
            if len(fields) == FIELDS and any(matches_fields(fields, context) for matches_fields in cut):
                return not negated
        return negated

    return test


def _add_by_fields(fields: list[Template], short: Short, tests: list[FieldsTest]) -> None:
    """Add the test of a pattern, unless it can name nothing: variables stand only after the fifth colon."""
    if len(fields) < FIELDS:
        if not _may_be_short(fields, short):
            return
        fields = fields + [(STAR,)] * (FIELDS - len(fields))
    if not any(map(is_variable, fields[:-1])):
        tests.append(fields_test(fields))


def _may_be_short(fields: Sequence[Template], short: Short) -> bool:
    if short == "pad":
        return True
    if short == "pad if wild":
        return any(STAR in field for field in fields)
    return short == "pad if open" and fields[-1][-1:] == (STAR,)
