"""A decision in the form of AWS's decoded authorization messages.

Source: STS API reference, DecodeAuthorizationMessage, "The decoded message includes".

AWS's members come first; ours, as in the audit record, stand under ``daypass`` and say what AWS leaves out: which layer
refused, and what came near. Nothing of another account's policies is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from daypass.policy.attached import Attached
from daypass.policy.decision import Decision
from daypass.policy.document import Statement
from daypass.policy.explain import OF_THE_RESOURCE, Json, record, statement_text
from daypass.policy.layers import groups
from daypass.principals import User


def message(decision: Decision, *, brief: bool = False) -> Json:
    """The decoded message. ``brief``: without ``daypass`` and without the keys of the request, where room is short."""
    context = decision.context
    told: Json = {
        "allowed": decision.allowed,
        "explicitDeny": decision.effect == "explicitDeny",
        "matchedStatements": {"items": _matched(decision)},
        "failures": {"items": []},
        "context": {
            "principal": _principal(decision),
            "action": context.action,
            "resource": context.resource,
            "conditions": {"items": [] if brief else _conditions(decision)},
        },
    }
    return told if brief else told | {"daypass": record(decision)}


def _principal(decision: Decision) -> Json:
    who = decision.context.principal
    named: Json = {"name": who.name} if isinstance(who, User) else {}
    return {"id": who.user_id, **named, "arn": who.arn}


# INVARIANT: 7. what another account's policies look at, and its resource's tags, are not told by the keys of a request.
#   tests/test_authorization_messages.py::test_what_another_accounts_policy_looks_at_is_not_told
def _conditions(decision: Decision) -> list[Json]:
    """The keys that the request brought and policies asked for; across accounts those that the caller's own name."""
    values: Mapping[str, str | tuple[str, ...] | None] = decision.context.values
    shown = _named_by_own(decision) if _is_foreign(decision) else values.keys()
    return [
        {"key": key, "values": _items((value,) if isinstance(value, str) else value)}
        for key, value in sorted(values.items())
        if value is not None and key in shown
    ]


def _is_foreign(decision: Decision) -> bool:
    return decision.context.principal.account != decision.context.resource_account


def _named_by_own(decision: Decision) -> frozenset[str]:
    """The keys in conditions of all policies but those of the resource's account."""
    own = (group for layer, _, group in groups(decision.policies) if layer not in OF_THE_RESOURCE)
    statements = (statement for group in own for attached in group for statement in attached.policy.statements)
    return frozenset(condition.key.lower() for statement in statements for condition in statement.conditions)


def _matched(decision: Decision) -> list[Json]:
    """The statement that denied, if one did and it is the caller's account's to know."""
    context, attached, statement = decision.context, decision.policy, decision.statement
    if decision.effect != "explicitDeny" or attached is None or statement is None:
        return []
    if decision.layer in OF_THE_RESOURCE and _is_foreign(decision):
        return []
    return [_statement(attached, statement, context.principal.user_id)]


def _statement(attached: Attached, statement: Statement, principal: str) -> Json:
    written: Mapping[str, object] = json.loads(statement_text(attached, statement))
    told: Json = {
        "statementId": statement.sid or "",
        "effect": statement.effect.upper(),
        "principals": _items((principal,)),
        "principalGroups": _items((attached.group,) if attached.group else ()),
    }
    for member in ("Action", "NotAction", "Resource", "NotResource"):
        if member in written or member in ("Action", "Resource"):
            told[f"{member[0].lower()}{member[1:]}s"] = _items(_listed(written.get(member)))
    told["conditions"] = {
        "items": [
            {"key": one.key, "operator": one.operator, "values": _items(one.values)} for one in statement.conditions
        ]
    }
    return told


def _listed(element: object) -> Iterable[str]:
    if isinstance(element, str):
        return (element,)
    return [str(one) for one in element] if isinstance(element, list) else ()


def _items(values: Iterable[str]) -> Json:
    return {"items": [{"value": value} for value in values]}
