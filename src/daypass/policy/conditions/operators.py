"""The condition operators: one table, one line an operator.

An operator builds, from the values in the policy, a test ``ok(value, context)`` for **one** value of the request.
For a negated operator ``ok`` is true when none of the policy's values matches (NOR). How many values there are, and
what an absent key means, is the business of ``quantify``.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from daypass.policy.arns import arn_test
from daypass.policy.conditions.values import Network, read_address, read_instant, read_network, read_number, read_truth
from daypass.policy.context import RequestContext
from daypass.policy.match import Matcher, glob, matcher
from daypass.policy.variables import Template, expand, expand_text, has_variable, parse_template

Ok = Callable[[str, RequestContext], bool]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an operator needs to know about its place.

    ``values``: the texts in the policy. ``variables``: whether the document's version knows variables. ``doubt``: what
    a negated comparison answers when one side cannot be read.
    """

    values: Sequence[str]
    negated: bool
    variables: bool
    doubt: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. ``build`` makes its test; ``negated`` operators hold when the key is absent."""

    name: str
    build: Callable[[Comparison], Ok]
    negated: bool = False


def _same(text: str) -> str:
    return text


def _strings(comparison: Comparison, fold: Callable[[str], str] = _same) -> Ok:
    """Equality of texts after ``fold``; wildcards have no meaning."""
    fixed, templates = _split(comparison, wildcards=False)
    known = frozenset(map(fold, fixed))
    if templates or fold is not _same:
        return _polar(partial(_string_in, known, templates, fold), negated=comparison.negated)
    if comparison.negated:
        return lambda value, context: value not in known
    return lambda value, context: value in known


def _string_in(
    known: frozenset[str],
    templates: Sequence[Template],
    fold: Callable[[str], str],
    value: str,
    context: RequestContext,
) -> bool:
    folded = fold(value)
    if folded in known:
        return True
    return any((text := expand_text(t, context)) is not None and fold(text) == folded for t in templates)


def _globs(comparison: Comparison) -> Ok:
    """The whole text against patterns with ``*`` and ``?``."""
    fixed, templates = _split(comparison, wildcards=True)
    matchers = tuple(map(glob, fixed))
    if not templates and len(matchers) == 1:
        (only,) = matchers
        if comparison.negated:
            return lambda value, context: not only(value)
        return lambda value, context: only(value)
    return _polar(partial(_glob_in, matchers, templates), negated=comparison.negated)


def _glob_in(matchers: Sequence[Matcher], templates: Sequence[Template], value: str, context: RequestContext) -> bool:
    if any(matches(value) for matches in matchers):
        return True
    return any((parts := expand(t, context)) is not None and matcher(parts)(value) for t in templates)


def _arns(comparison: Comparison) -> Ok:
    """ARNs field by field; each field a pattern."""
    tests = tuple(arn_test(value, variables=comparison.variables) for value in comparison.values)
    return _polar(lambda value, context: any(test(value, context) for test in tests), negated=comparison.negated)


def _split(comparison: Comparison, *, wildcards: bool) -> tuple[list[str], list[Template]]:
    """The policy's values that are what they are, and those that depend on the request."""
    if not comparison.variables:
        return list(comparison.values), []
    fixed = [value for value in comparison.values if not has_variable(value)]
    return fixed, [parse_template(v, wildcards=wildcards) for v in comparison.values if has_variable(v)]


def _polar(hit: Ok, *, negated: bool) -> Ok:
    if negated:
        return lambda value, context: not hit(value, context)
    return hit


def _typed(
    comparison: Comparison,
    read: Callable[[str], T | None],
    holds: Callable[[T, Any], bool],
    read_policy: Callable[[str], Any] | None = None,
) -> Ok:
    """Compare values that must be read first: ``holds(request value, policy value)``.

    A value that cannot be read matches nothing. Under a negated operator nobody knows what it would have matched, so
    the comparison answers ``doubt``.
    """
    read_all = list(map(read_policy or read, comparison.values))
    wanted = tuple(value for value in read_all if value is not None)
    if comparison.negated:
        readable = len(wanted) == len(read_all)
        return _typed_negated(read, holds, wanted, doubt=comparison.doubt, readable=readable)

    return lambda value, context: (found := read(value)) is not None and any(holds(found, want) for want in wanted)


# INVARIANT: 10. What cannot be read never lets a request pass that a negated condition was to hold back.
# tests/policy/test_conditions.py::test_an_unreadable_value_under_a_negated_operator_fails_closed.
def _typed_negated(
    read: Callable[[str], T | None],
    holds: Callable[[T, Any], bool],
    wanted: Iterable[Any],
    *,
    doubt: bool,
    readable: bool,
) -> Ok:
    sure = readable or doubt

    return lambda value, context: (
        doubt if (found := read(value)) is None else sure and not any(holds(found, want) for want in wanted)
    )


def _number(holds: Callable[[Any, Any], bool]) -> Callable[[Comparison], Ok]:
    return lambda comparison: _typed(comparison, read_number, holds)


def _instant(holds: Callable[[Any, Any], bool]) -> Callable[[Comparison], Ok]:
    return lambda comparison: _typed(comparison, read_instant, holds)


def _truth(comparison: Comparison) -> Ok:
    return _typed(comparison, read_truth, operator.eq)


def _in_network(address: tuple[int, int], network: Network) -> bool:
    return network.holds(address)


def _address(comparison: Comparison) -> Ok:
    return _typed(comparison, read_address, _in_network, read_network)


def _base64(comparison: Comparison) -> Ok:
    """Equality of the base64 texts. Variables have no meaning here."""
    known = frozenset(comparison.values)
    return lambda value, context: value in known


def _presence(comparison: Comparison) -> Ok:
    """``Null`` looks at presence, never at a value: ``quantify`` treats it."""
    raise AssertionError(f"Null compares no value with {comparison.values}")


def _folded(comparison: Comparison) -> Ok:
    return _strings(comparison, str.casefold)


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
