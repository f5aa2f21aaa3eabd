"""From the parts of a document to a compiled ``Policy``, refusing whatever could later be read in two ways."""

from __future__ import annotations

from collections.abc import Sequence

from daypass.errors import Malformed
from daypass.policy.actions import ActionElement
from daypass.policy.conditions import USES, compile_condition
from daypass.policy.document import Condition, Kind, Policy, Statement, combine
from daypass.policy.parse.shape import (
    VERSIONS,
    ConditionLine,
    RawDocument,
    RawStatement,
    read_document,
    read_principal,
    read_statement,
)
from daypass.policy.parse.text import read_json
from daypass.policy.principal import PrincipalElement
from daypass.policy.resources import ResourceElement, Short

_SHORT: dict[Kind, Short] = {
    Kind.TRUST: "pad if wild",
    Kind.RESOURCE: "pad if wild",
    Kind.ENDPOINT: "pad if wild",
    Kind.SCP: "pad if open",
    Kind.RCP: "never",
}


_RESOURCE_IMPLIED = frozenset({Kind.TRUST, Kind.RESOURCE})
"""Kinds that may leave out Resource: they mean what they hang on."""


def parse_policy(text: str, kind: Kind | None = None) -> Policy:
    """Compile a stored document. It is checked again as far as its meaning depends on it, so nothing odd slips in.

    ``kind`` None: a document with principals is a resource-based policy (a trust policy), any other identity-based.
    Cost grows with the length of ``text``; keep the result.

    Raises:
        Malformed: not JSON, a member named twice, too large or too deep, an unknown element, operator, version or
            effect, an element beside its opposite, or an element that its kind needs is missing or empty.
    """
    document = read_document(read_json(text))
    statements = [read_statement(value, index) for index, value in enumerate(document.statements)]
    if document.version is not None and document.version not in VERSIONS:
        raise Malformed("`Version` is neither 2012-10-17 nor 2008-10-17")
    if kind is None:
        kind = Kind.RESOURCE if any(map(_has_principal, statements)) else Kind.IDENTITY_INLINE
    return compile_policy(text, document, statements, kind)


def _has_principal(statement: RawStatement) -> bool:
    return "Principal" in statement.members or "NotPrincipal" in statement.members


# INVARIANT: 10. An element that is missing or empty is never read as "everything".
# tests/policy/test_parse_stored.py::test_a_missing_or_empty_element_is_refused.
def _check_sound(statement: RawStatement, kind: Kind) -> None:
    where = f"statement {statement.index + 1}"
    if statement.effect not in {"Allow", "Deny"}:
        raise Malformed(f"the effect of {where} is neither Allow nor Deny")
    if not (statement.actions or statement.not_actions):
        raise Malformed(f"{where} names no action")
    resources = statement.resources if statement.not_resources is None else statement.not_resources
    if not resources and (resources is not None or kind not in _RESOURCE_IMPLIED):
        raise Malformed(f"{where} names no resource")
    if _has_principal(statement) and not kind.names_principals:
        raise Malformed(f"{where} names a principal in a {kind.value}")
    if kind is Kind.RCP and statement.members.get("Principal") != "*":
        raise Malformed(f"the principal of {where} is not `*`")


def compile_policy(text: str, document: RawDocument, statements: Sequence[RawStatement], kind: Kind) -> Policy:
    """Compile the parts of ``text``.

    Raises:
        Malformed: an element that the kind needs is missing, empty or out of place.
    """
    if not statements:
        raise Malformed("the policy has no statement")
    for statement in statements:
        _check_sound(statement, kind)
    version = str(document.version or VERSIONS[1])
    variables = version == VERSIONS[0]
    compiled = tuple(_statement(raw, kind, variables=variables) for raw in statements)
    return Policy(compiled, version=version, kind=kind, text=text, policy_id=document.id)


def _statement(raw: RawStatement, kind: Kind, *, variables: bool) -> Statement:
    effect = str(raw.effect)
    conditions = tuple(_condition(line, denies=effect == "Deny", variables=variables) for line in raw.conditions)
    resources = _resources(raw, kind, variables=variables)
    holds = combine([condition.test for condition in conditions])
    return Statement(raw.index, raw.sid, effect, _actions(raw), resources, _principal(raw), conditions, holds)


def _condition(line: ConditionLine, *, denies: bool, variables: bool) -> Condition:
    operator, key, values = line
    return Condition(
        operator, key, values, compile_condition(USES[operator], key, values, denies=denies, variables=variables)
    )


def _actions(raw: RawStatement) -> ActionElement:
    if raw.not_actions is not None:
        return ActionElement(raw.not_actions, negated=True)
    return ActionElement(raw.actions or (), negated=False)


def _resources(raw: RawStatement, kind: Kind, *, variables: bool) -> ResourceElement | None:
    short = _SHORT.get(kind, "pad")
    if raw.not_resources is not None:
        return ResourceElement(raw.not_resources, negated=True, variables=variables, short=short)
    if raw.resources is not None:
        return ResourceElement(raw.resources, negated=False, variables=variables, short=short)
    return None


def _principal(raw: RawStatement) -> PrincipalElement | None:
    if "NotPrincipal" in raw.members:
        return PrincipalElement(read_principal(raw.members["NotPrincipal"]), negated=True)
    if "Principal" in raw.members:
        return PrincipalElement(read_principal(raw.members["Principal"]), negated=False)
    return None
