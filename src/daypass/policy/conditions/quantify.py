"""From one value to all values of a key: absent, one, many; ``IfExists``; ``ForAllValues:`` and ``ForAnyValue:``.

| key is …           | plain, positive | plain, negated | ForAllValues | ForAnyValue | any, with IfExists |
|--------------------|-----------------|----------------|--------------|-------------|--------------------|
| absent             | false           | true           | true         | false       | true               |
| an empty set       | as absent       | as absent      | true         | false       | true               |
| empty texts only   | as others       | as others      | true         | false       | as without         |
| one value          | ok              | ok             | ok           | ok          | as without         |
| several values     | false (*)       | false (*)      | all ok       | some ok     | as without         |

(*) In a Deny: true when some value is ok. AWS documents neither, and each reading is the one that gives less.

A value is ok when it matches some value of the policy or, under a negated operator, none of them (NOR). An empty list
of policy values never matches, but: a plain negated operator holds, ``ForAllValues`` holds while the key is absent or
empty, and ``IfExists`` while it is absent.

Source: IAM User Guide, "Conditions with multiple context keys or values", "Set operators for multivalued context keys",
"…IfExists", "Condition operator to check existence of condition keys".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from daypass.policy.conditions.operators import OPERATORS, Comparison, Operator
from daypass.policy.conditions.values import read_truth
from daypass.policy.context import KeyValue, RequestContext, Test
from daypass.policy.match import Matcher
from daypass.policy.variables import Templates

Quantifier = Literal["", "ForAllValues", "ForAnyValue"]
_QUANTIFIERS: dict[str, Quantifier] = {"": "", "ForAllValues": "ForAllValues", "ForAnyValue": "ForAnyValue"}
_SUFFIX = "IfExists"
_SEVERAL = 2
_ABSENT = frozenset({None, ()})


@dataclass(frozen=True, slots=True)
class Use:
    """An operator as written: ``ForAnyValue:StringLikeIfExists``."""

    operator: Operator
    quantifier: Quantifier = ""
    if_exists: bool = False


def _uses() -> dict[str, Use]:
    found = {}
    for prefix, quantifier in _QUANTIFIERS.items():
        for name, operator in OPERATORS.items():
            written = f"{prefix}:{name}" if prefix else name
            found[written] = Use(operator, quantifier)
            if name != "Null":
                found[written + _SUFFIX] = Use(operator, quantifier, if_exists=True)
    return found


USES = _uses()
"""Every legal spelling of an operator, with its case as AWS writes it."""


def compile_condition(use: Use, key: str, values: Sequence[str], *, denies: bool, variables: bool) -> Test:
    """The test of one key under one operator.

    Args:
        use: operator, quantifier and suffix.
        key: the condition key, in any case.
        values: the policy's values; any of them may match.
        denies: whether the statement is a Deny, for which "cannot tell" means that the condition holds.
        variables: whether the document's version knows policy variables.
    """
    key = key.lower()
    negated = use.operator.negated
    if use.operator.name == "Null":
        return _null(key, values, use.quantifier)
    if not values:
        return _no_values(key, use, denies=denies)
    match, template = use.operator.build(Comparison(values, negated, variables, denies))
    absent = use.if_exists or use.quantifier == "ForAllValues" or (negated and not use.quantifier)
    judge = _JUDGES[use.quantifier] if use.quantifier or not denies else _plain_in_deny
    if template is not None:
        plain = not use.quantifier
        return _variable(key, match, template, judge, plain=plain, negated=negated, absent=absent)
    if use.quantifier:
        return lambda context: judge(context.values[key], match, negated=negated, absent=absent)
    return _fixed(key, match, judge, negated=negated, absent=absent)


def _fixed(key: str, match: Matcher, judge: Judge, *, negated: bool, absent: bool) -> Test:
    """The plain operator: nearly always the key has a single value, and the rest is left to ``judge``."""
    if negated:

        def test(context: RequestContext) -> bool:
            value = context.values[key]
            if value.__class__ is str:
                return not match(value)
            return judge(value, match, negated=True, absent=absent)
    else:

        def test(context: RequestContext) -> bool:
            value = context.values[key]
            if value.__class__ is str:
                return match(value)
            return judge(value, match, negated=False, absent=absent)

    return test


def _variable(
    key: str, match: Matcher, template: Templates, judge: Judge, *, plain: bool, negated: bool, absent: bool
) -> Test:
    """Some of the policy's values depend on the request."""
    matches = template.matches

    def test(context: RequestContext) -> bool:
        found = context.values[key]
        if plain and found.__class__ is str:
            return (match(found) or matches(found, context)) is not negated
        if found is None:
            return absent
        resolved = template.resolve(context)
        either: Matcher = lambda value: match(value) or resolved(value)  # noqa: E731 - closes over the request
        return judge(found, either, negated=negated, absent=absent)

    return test


# ── from one value to all values ─────────────────────────────────────────────────────────────────────


class Judge(Protocol):
    """Whether a condition holds for the value or values of a key; ``absent``: what it is when there are none."""

    def __call__(self, value: KeyValue | None, match: Matcher, *, negated: bool, absent: bool) -> bool: ...


def _plain(value: KeyValue | None, match: Matcher, *, negated: bool, absent: bool) -> bool:
    if isinstance(value, str):
        return match(value) is not negated
    if not value:
        return absent
    return len(value) == 1 and match(value[0]) is not negated


def _plain_in_deny(value: KeyValue | None, match: Matcher, *, negated: bool, absent: bool) -> bool:
    """As ``_plain``, but of several values one that is ok suffices: AWS leaves it open, and a Deny must not miss."""
    if value is None or isinstance(value, str) or len(value) < _SEVERAL:
        return _plain(value, match, negated=negated, absent=absent)
    return any(match(one) is not negated for one in value)


def _for_all(value: KeyValue | None, match: Matcher, *, negated: bool, absent: bool) -> bool:
    if value is None:
        return absent
    return all(match(one) is not negated for one in _set(value))


def _for_any(value: KeyValue | None, match: Matcher, *, negated: bool, absent: bool) -> bool:
    if value is None or value == ():
        return absent
    return any(match(one) is not negated for one in _set(value))


_JUDGES: dict[Quantifier, Judge] = {"": _plain, "ForAllValues": _for_all, "ForAnyValue": _for_any}


def _set(value: KeyValue | None) -> tuple[str, ...]:
    """The values as a set; nothing but empty texts is the empty set."""
    found = (value,) if isinstance(value, str) else value or ()
    return found if any(found) else ()


def _null(key: str, values: Sequence[str], quantifier: Quantifier) -> Test:
    """Presence. A set operator makes it meaningless: all of nothing is true, any of nothing false."""
    if quantifier:
        return lambda context: quantifier == "ForAllValues"
    wanted = frozenset(map(read_truth, values))
    return lambda context: (context.values[key] in _ABSENT) in wanted


def _no_values(key: str, use: Use, *, denies: bool) -> Test:
    """An empty list of policy values."""
    if use.quantifier == "ForAllValues":
        return lambda context: not _set(context.values[key])
    if use.if_exists:
        return lambda context: context.values[key] in _ABSENT
    if use.quantifier or not use.operator.negated:
        return lambda context: False
    judge = _plain_in_deny if denies else _plain
    return lambda context: judge(context.values[key], lambda value: False, negated=True, absent=True)
