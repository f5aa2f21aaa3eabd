"""How much memory a compiled policy takes: an estimate from above, so that keepers of policies can bound theirs.

Figures are bytes on CPython 3.11 on 64 bits, measured; tests/policy/test_weight.py holds them against what is taken.
What compiles to most for its length weighs most: many short patterns, keys and variables.
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.document import Policy, Statement

_POLICY = 3_000
_CHARACTER = 4
_STATEMENT = 700
_CONDITION = 1_100
_ENTRY = 200
_WILD = 1_300
_VARYING = 1_300
_VARIABLE = 250


def weight(policy: Policy) -> int:
    """At most about so many bytes, once it has been asked; twice what a usual policy takes, its text included."""
    return _POLICY + _CHARACTER * len(policy.text) + sum(map(_statement, policy.statements))


def _statement(statement: Statement) -> int:
    return _STATEMENT + _CONDITION * len(statement.conditions) + sum(map(_entry, _entries(statement)))


def _entries(statement: Statement) -> Iterator[str]:
    yield from statement.actions.patterns
    if statement.resources is not None:
        yield from statement.resources.patterns
    if statement.principal is not None:
        yield from (value for _, value in statement.principal.entries)
    for condition in statement.conditions:
        yield from condition.values


def _entry(written: str) -> int:
    found = _ENTRY
    if written != "*" and ("*" in written or "?" in written):
        found += _WILD
    if "${" in written:
        found += _VARYING + _VARIABLE * written.count("${")
    return found
