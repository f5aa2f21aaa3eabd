"""The condition operators: one table, one line an operator.

An operator builds, from the values in the policy, a match for **one** value of the request: whether some value of the
policy matches it. That negated operators turn the answer round (NOR), how many values there are, and what an absent key
means, is the business of ``quantify``.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from daypass.policy.arns import any_arn_matcher, arn_template
from daypass.policy.conditions.values import lies_in, read_address, read_instant, read_network, read_number, read_truth
from daypass.policy.match import Matcher, any_glob
from daypass.policy.variables import (
    Template,
    Templates,
    glob_template,
    has_variable,
    parse_template,
    pattern_templates,
    resolved,
    text_templates,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an operator needs to know about its place.

    ``values``: the texts in the policy. ``negated``: whether the operator is. ``variables``: whether the document's
    version knows variables. ``doubt``: what the condition shall be when a negated comparison cannot be made.
    """

    values: Sequence[str]
    negated: bool
    variables: bool
    doubt: bool

    def fixed(self) -> list[str]:
        """The values that are what they are."""
        return [value for value in self.values if not (self.variables and has_variable(value))]

    def variable(self) -> list[str]:
        """The values that depend on the request."""
        return [value for value in self.values if self.variables and has_variable(value)]


Build = Callable[[Comparison], tuple[Matcher, Templates | None]]
"""Makes the match against the fixed values, and the one against values with variables if there are any."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. ``build`` makes its match; ``negated`` operators hold when the key is absent."""

    name: str
    build: Build
    negated: bool = False


def _strings(comparison: Comparison) -> tuple[Matcher, Templates | None]:
    """Equality of texts; wildcards have no meaning."""
    return _member(comparison.fixed()), text_templates(_plain(comparison))


def _member(values: Iterable[str]) -> Matcher:
    known = frozenset(values)
    return known.__contains__


def _folded(comparison: Comparison) -> tuple[Matcher, Templates | None]:
    """Equality of texts without regard to case."""
    known = frozenset(value.casefold() for value in comparison.fixed())
    return lambda value: value.casefold() in known, text_templates(_plain(comparison), fold=True)


def _plain(comparison: Comparison) -> list[Template]:
    return [parse_template(value, wildcards=False) for value in dict.fromkeys(comparison.variable())]


def _globs(comparison: Comparison) -> tuple[Matcher, Templates | None]:
    """The whole text against patterns with ``*`` and ``?``."""
    templates = [parse_template(value, wildcards=True) for value in dict.fromkeys(comparison.variable())]
    matches = [(glob_template(template), partial(resolved, template)) for template in templates]
    return any_glob(comparison.fixed()), pattern_templates(matches)


def _arns(comparison: Comparison) -> tuple[Matcher, Templates | None]:
    """ARNs field by field, each field a pattern."""
    templates = [arn_template(value) for value in dict.fromkeys(comparison.variable())]
    return any_arn_matcher(comparison.fixed()), pattern_templates(templates)


def _base64(comparison: Comparison) -> tuple[Matcher, None]:
    """Equality of the base64 texts. Variables have no meaning here."""
    return _member(comparison.values), None


def _presence(comparison: Comparison) -> tuple[Matcher, None]:
    """``Null`` looks at presence, never at a value: ``quantify`` treats it."""
    raise AssertionError(f"Null compares no value with {comparison.values}")


# ── values that must be read first ───────────────────────────────────────────────────────────────────


def _typed(
    read: Callable[[str], T | None], holds: Callable[[T, Any], bool], read_policy: Callable[[str], Any] | None = None
) -> Build:
    """Compare what both sides mean: ``holds(request value, policy value)``. What cannot be read matches nothing."""

    def build(comparison: Comparison) -> tuple[Matcher, None]:
        meant = [(read_policy or read)(value) for value in comparison.values]
        readable = [value for value in meant if value is not None]
        if comparison.negated:
            return _negated(read, holds, readable, doubt=comparison.doubt, sure=len(readable) == len(meant)), None
        return _matching(read, holds, readable), None

    return build


def _matching(read: Callable[[str], T | None], holds: Callable[[T, Any], bool], wanted: Sequence[Any]) -> Matcher:
    if len(wanted) == 1:
        (only,) = wanted
        return lambda value: (found := read(value)) is not None and holds(found, only)
    return lambda value: (found := read(value)) is not None and any(holds(found, want) for want in wanted)


# INVARIANT: 10. What cannot be read never lets a request pass that a negated condition was to hold back.
# tests/policy/test_conditions.py::test_an_unreadable_value_under_a_negated_operator_fails_closed.
def _negated(
    read: Callable[[str], T | None],
    holds: Callable[[T, Any], bool],
    wanted: Sequence[Any],
    *,
    doubt: bool,
    sure: bool,
) -> Matcher:
    """Like ``_matching``, but a comparison that cannot be made counts so that the negated condition is ``doubt``."""
    unreadable = not sure and not doubt

    def matches(value: str) -> bool:
        found = read(value)
        if found is None:
            return not doubt
        return unreadable or any(holds(found, want) for want in wanted)

    return matches


def _number(holds: Callable[[Any, Any], bool]) -> Build:
    return _typed(read_number, holds)


def _instant(holds: Callable[[Any, Any], bool]) -> Build:
    return _typed(read_instant, holds)


_truth = _typed(read_truth, operator.is_)
_address = _typed(read_address, lies_in, read_network)


OPERATORS: dict[str, Operator] = {
    entry.name: entry
    for entry in (
        Operator("StringEquals", _strings),
        Operator("StringNotEquals", _strings, negated=True),
        Operator("StringEqualsIgnoreCase", _folded),
        Operator("StringNotEqualsIgnoreCase", _folded, negated=True),
        Operator("StringLike", _globs),
        Operator("StringNotLike", _globs, negated=True),
        Operator("NumericEquals", _number(operator.eq)),
        Operator("NumericNotEquals", _number(operator.eq), negated=True),
        Operator("NumericLessThan", _number(operator.lt)),
        Operator("NumericLessThanEquals", _number(operator.le)),
        Operator("NumericGreaterThan", _number(operator.gt)),
        Operator("NumericGreaterThanEquals", _number(operator.ge)),
        Operator("DateEquals", _instant(operator.eq)),
        Operator("DateNotEquals", _instant(operator.eq), negated=True),
        Operator("DateLessThan", _instant(operator.lt)),
        Operator("DateLessThanEquals", _instant(operator.le)),
        Operator("DateGreaterThan", _instant(operator.gt)),
        Operator("DateGreaterThanEquals", _instant(operator.ge)),
        Operator("Bool", _truth),
        Operator("BinaryEquals", _base64),
        Operator("IpAddress", _address),
        Operator("NotIpAddress", _address, negated=True),
        Operator("ArnEquals", _arns),
        Operator("ArnNotEquals", _arns, negated=True),
        Operator("ArnLike", _arns),
        Operator("ArnNotLike", _arns, negated=True),
        Operator("Null", _presence),
    )
}
