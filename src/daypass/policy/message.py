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
            "conditions": {"items": [] if brief else _conditions(context.values)},
        },
    }
    return told if brief else told | {"daypass": record(decision)}


def _principal(decision: Decision) -> Json:
    who = decision.context.principal
    named: Json = {"name": who.name} if isinstance(who, User) else {}
    return {"id": who.user_id, **named, "arn": who.arn}


def _conditions(values: Mapping[str, str | tuple[str, ...] | None]) -> list[Json]:
    """The keys that the request brought, and those that policies asked for."""
    return [
        {"key": key, "values": _items((value,) if isinstance(value, str) else value)}
        for key, value in sorted(values.items())
        if value is not None
    ]


def _matched(decision: Decision) -> list[Json]:
    """The statement that denied, if one did and it is the caller's account's to know."""
    context, attached, statement = decision.context, decision.policy, decision.statement
    if decision.effect != "explicitDeny" or attached is None or statement is None:
        return []
    if decision.layer in OF_THE_RESOURCE and context.principal.account != context.resource_account:
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
