"""ARN patterns: six fields, cut at the first five colons, each a pattern confined to its field.

``*`` never spans from one of the first five fields into the next; in the sixth it also matches ``:`` and ``/``.
Letters compare with their case.

Source: IAM JSON policy elements reference, "Resource"; "ARN condition operators".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daypass.policy.context import RequestContext
from daypass.policy.match import STAR, Wildcard, matcher, tokens
from daypass.policy.variables import Template, Variable, expand, parse_template

FieldsTest = Callable[[Sequence[str], RequestContext], bool]
"""A test of an ARN that was cut into its six fields."""

FIELDS = 6


def arn_fields(pattern: str, *, variables: bool) -> list[Template]:
    """Cut a pattern at the first five colons of its own text: six templates, fewer when it has fewer colons.

    A colon inside a variable, in its name or its value, never cuts.
    """
    fields: list[list[str | Wildcard | Variable]] = [[]]
    for part in parse_template(pattern, wildcards=True) if variables else tokens(pattern):
        if not isinstance(part, str):
            fields[-1].append(part)
            continue
        first, *others = part.split(":", FIELDS - len(fields))
        fields[-1].append(first)
        fields.extend([other] for other in others)
    return [tuple(field) for field in fields]


def is_variable(field: Template) -> bool:
    """Whether what the field matches depends on the request."""
    return any(isinstance(part, Variable) for part in field)


def fields_test(fields: Sequence[Template]) -> FieldsTest:
    """The test of six fields against six texts."""
    fixed = [
        (index, matcher([part for part in field if not isinstance(part, Variable)]))
        for index, field in enumerate(fields)
        if not is_variable(field) and field != (STAR,)
    ]
    variable = [(index, field) for index, field in enumerate(fields) if is_variable(field)]

    def test(texts: Sequence[str], context: RequestContext) -> bool:
        for index, matches in fixed:
            if not matches(texts[index]):
                return False
        for index, field in variable:
            parts = expand(field, context)
            if parts is None or not matcher(parts)(texts[index]):
                return False
        return True

    return test


def arn_test(pattern: str, *, variables: bool) -> Callable[[str, RequestContext], bool]:
    """The test of a condition value. What is not an ARN matches nothing, and a pattern of fewer fields neither."""
    fields = arn_fields(pattern, variables=variables)
    if len(fields) < FIELDS:
        return lambda value, context: False
    test = fields_test(fields)

    def matches(value: str, context: RequestContext) -> bool:
        texts = value.split(":", FIELDS - 1)
        return len(texts) == FIELDS and texts[0] == "arn" and test(texts, context)

    return matches
