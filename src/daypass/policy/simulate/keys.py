"""Which context keys policies ask about: in conditions, and as variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from daypass.policy.conditions import USES
from daypass.policy.document import Policy, Statement
from daypass.policy.parse.shape import VERSIONS
from daypass.policy.variables import variable_names


def context_keys(policies: Iterable[Policy]) -> tuple[str, ...]:
    """The keys of all conditions and variables, each once, spelled as where it comes first.

    Keys know no case, so two spellings are one key.
    """
    found: dict[str, str] = {}
    for policy in policies:
        for statement in policy.statements:
            for key in statement_keys(policy, statement):
                found.setdefault(key.lower(), key)
    return tuple(found.values())


def statement_keys(policy: Policy, statement: Statement) -> Iterator[str]:
    """The keys that one statement asks about, as written; some more than once."""
    yield from resource_keys(policy, statement)
    for condition in statement.conditions:
        yield condition.key
        if has_variables(policy) and USES[condition.operator].operator.name.startswith(("String", "Arn")):
            for value in condition.values:
                yield from variable_names(value)


def resource_keys(policy: Policy, statement: Statement) -> Iterator[str]:
    """The keys that stand as variables in Resource or NotResource."""
    if statement.resources is not None and has_variables(policy):
        for pattern in statement.resources.patterns:
            yield from variable_names(pattern)


def has_variables(policy: Policy) -> bool:
    """Whether ``${…}`` means anything in this document."""
    return policy.version == VERSIONS[0]
