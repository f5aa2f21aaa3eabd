"""From one value to all values of a key: absent, one, many; ``IfExists``; ``ForAllValues:`` and ``ForAnyValue:``.

| key is …                     | plain, positive | plain, negated | ForAllValues | ForAnyValue | any, with IfExists |
|------------------------------|-----------------|----------------|--------------|-------------|--------------------|
| absent                       | false           | true           | true         | false       | true               |
| present, but empty           | as absent       | as absent      | true         | false       | as without         |
| one value                    | ok(value)       | ok(value)      | ok(value)    | ok(value)   | as without         |
| several values               | false           | false          | all ok       | some ok     | as without         |

"Empty" is an empty set, and under a set operator also the lone empty string. An empty list of policy values never
matches, but: a plain negated operator holds, and ``ForAllValues`` and ``IfExists`` hold while the key is absent.

Source: IAM User Guide, "Conditions with multiple context keys or values", "Set operators for multivalued context keys",
"…IfExists", "Condition operator to check existence of condition keys".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from daypass.policy.conditions.operators import OPERATORS, Comparison, Ok, Operator
from daypass.policy.conditions.values import read_truth
from daypass.policy.context import KeyValue, RequestContext, Test

Quantifier = Literal["", "ForAllValues", "ForAnyValue"]
_QUANTIFIERS: dict[str, Quantifier] = {"": "", "ForAllValues": "ForAllValues", "ForAnyValue": "ForAnyValue"}
_SUFFIX = "IfExists"


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
        return _no_values(key, use)
    ok = use.operator.build(Comparison(values, negated, variables, denies))
    if use.quantifier == "ForAllValues":
        return _for_all(key, ok)
    if use.quantifier == "ForAnyValue":
        return _for_any(key, ok, absent=use.if_exists)
    return _plain(key, ok, absent=negated or use.if_exists)


def _plain(key: str, ok: Ok, *, absent: bool) -> Test:
    def test(context: RequestContext) -> bool:
        value = context.values[key]
        if value.__class__ is str:
            return ok(value, context)
        if not value:
            return absent
        return len(value) == 1 and ok(value[0], context)

    return test


def _for_all(key: str, ok: Ok) -> Test:
    def test(context: RequestContext) -> bool:
        return all(ok(value, context) for value in _set(context.values[key]))

    return test


def _for_any(key: str, ok: Ok, *, absent: bool) -> Test:
    def test(context: RequestContext) -> bool:
        found = context.values[key]
        if found is None or found == ():
            return absent
        return any(ok(value, context) for value in _set(found))

    return test


def _set(value: KeyValue | None) -> tuple[str, ...]:
    """The values as a set; a lone empty string is the empty set."""
    found = (value,) if isinstance(value, str) else value or ()
    return () if found == ("",) else found


def _null(key: str, values: Sequence[str], quantifier: Quantifier) -> Test:
    """Presence. A set operator makes it meaningless: all of nothing is true, any of nothing false."""
    if quantifier:
        return lambda context: quantifier == "ForAllValues"
    wanted = frozenset(map(read_truth, values))
    return lambda context: (context.values[key] in {None, ()}) in wanted


def _no_values(key: str, use: Use) -> Test:
    """An empty list of policy values."""
    if use.if_exists or use.quantifier == "ForAllValues":
        return lambda context: not _set(context.values[key])
    return lambda context: use.operator.negated and not use.quantifier
