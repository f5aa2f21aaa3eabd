"""What would have to be different for a denied request to be allowed: changes that are tried before they are told.

A denial may stand behind another: ``obstacles`` takes away one after the other until the request is allowed, each by
the nearest change that was seen to take it away. They say what is so, and are no advice on what should be allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from daypass.errors import Malformed
from daypass.policy import edit
from daypass.policy.attached import Attached, Layer
from daypass.policy.change import Change, ChangeKind, literal, place, principal_entry, with_key
from daypass.policy.conditions import USES
from daypass.policy.conditions.fitting import fitting_values
from daypass.policy.context import RequestContext
from daypass.policy.decision import Decision, Effect
from daypass.policy.document import Condition, Statement
from daypass.policy.evaluate import evaluate
from daypass.policy.layers import Found, Miss, View, misses, views

_MOST = 32
"""Obstacles that are taken away, one after the other, at most."""

_MOST_NEAR = 10
"""Statements that came near and are looked at for a change."""

_WHO_AND_WHAT = ("aws:principal", "aws:user", "aws:resource", "aws:viaaws", "aws:calledvia", "saml:")
"""How the keys begin that follow from who asks for what: with other values it would be another request."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that denies: a Deny that applies (``found``), or a layer that lacks an Allow.

    ``changes`` take it away, each of another kind, the nearest first.
    """

    effect: Effect
    layer: Layer
    level: int
    found: Found | None
    changes: tuple[Change, ...] = ()


def obstacles(decision: Decision) -> list[Obstacle]:
    """All that stands between the request and being allowed, in the order in which it is met; empty when allowed.

    Each is what denies after the first change of the one before it was made.
    """
    found: list[Obstacle] = []
    while not decision.allowed and len(found) < _MOST:
        obstacle = _obstacle(decision)
        tried = list(_working(decision, obstacle))
        changes = tuple(change for change, _ in tried)
        found.append(Obstacle(obstacle.effect, obstacle.layer, obstacle.level, obstacle.found, changes))
        if not tried:
            break
        decision = tried[0][1]
    return found


def _obstacle(decision: Decision) -> Obstacle:
    if decision.policy is not None and decision.statement is not None:
        found = (decision.policy, decision.statement)
        seen = (view for view in views(decision.context, decision.policies) if found in view.denying)
        return Obstacle(decision.effect, decision.layer, next((view.level for view in seen), 0), found)
    lacking = _lacking(decision)
    return Obstacle(decision.effect, decision.layer, lacking.level if lacking else 0, None)


def _lacking(decision: Decision) -> View | None:
    """The first group of the deciding layer without an Allow; None where there is no policy at all."""
    of_layer = (view for view in views(decision.context, decision.policies) if view.layer == decision.layer)
    return next((view for view in of_layer if not view.allowing), None)


# ── which changes work ───────────────────────────────────────────────────────────────────────────────


def _working(decision: Decision, obstacle: Obstacle) -> Iterator[tuple[Change, Decision]]:
    """The first change of each kind that takes the obstacle away, with the decision after it."""
    done: set[ChangeKind] = set()
    for change in _candidates(decision, obstacle):
        if change.kind in done:
            continue
        after = _after(change, decision)
        if after is not None and _is_gone(obstacle, after) and _widens(change, decision, after):
            done.add(change.kind)
            yield change, after


def _after(change: Change, decision: Decision) -> Decision | None:
    try:
        return evaluate(*change.apply(decision.context, decision.policies))
    except Malformed:
        return None


def _is_gone(obstacle: Obstacle, after: Decision) -> bool:
    if after.allowed:
        return True
    now = _obstacle(after)
    return (now.effect, now.layer, now.level, now.found) != (
        obstacle.effect,
        obstacle.layer,
        obstacle.level,
        obstacle.found,
    )


def _widens(change: Change, before: Decision, after: Decision) -> bool:
    """Another request may meet other obstacles; it is nearer only if it meets none that was not there."""
    if change.kind != "changeRequest":
        return True
    then, now = (views(decision.context, decision.policies) for decision in (before, after))
    return all(
        set(new.denying) <= set(old.denying) and (new.allowing or not old.allowing)
        for old, new in zip(then, now, strict=True)
    )


def _candidates(decision: Decision, obstacle: Obstacle) -> Iterator[Change]:
    layer, level = obstacle.layer, obstacle.level
    if obstacle.found is not None:
        attached, statement = obstacle.found
        for condition in statement.conditions:
            yield from _other_requests(decision.context, layer, condition, holds=False)
        says = f"remove or narrow {place(attached, statement)}, which denies"
        yield Change("removeDeny", says, layer, level, attached, statement.index)
        return
    for attached, statement, (miss,) in _nearest(decision):
        if miss.condition is not None:
            yield from _other_requests(decision.context, layer, miss.condition, holds=True)
        yield from _wider(
            decision.context, Change("changeStatement", "", layer, level, attached, statement.index), miss
        )
    yield from _allows(decision, layer, level)


def near_misses(decision: Decision) -> list[tuple[Attached, Statement, list[Miss]]]:
    """Allow statements of the lacking layer that speak of the action, those that miss least first."""
    found = []
    view = _lacking(decision)
    for attached in view.group if view is not None and decision.statement is None else ():
        for statement in attached.policy.statements:
            missing = misses(decision.context, decision.policies, attached, statement)
            if not statement.denies and missing and missing[0].part != "action":
                found.append((attached, statement, missing))
    return sorted(found, key=lambda near: len(near[2]))[:_MOST_NEAR]


def _nearest(decision: Decision) -> list[tuple[Attached, Statement, list[Miss]]]:
    return [near for near in near_misses(decision) if len(near[2]) == 1]


# ── another request ──────────────────────────────────────────────────────────────────────────────────


def _other_requests(context: RequestContext, layer: Layer, condition: Condition, *, holds: bool) -> Iterator[Change]:
    """The request with another value for the condition's key, so that the condition holds or does not."""
    key = condition.key
    if key.lower().startswith(_WHO_AND_WHAT):
        return
    for value in fitting_values(condition.values):
        if condition.test(with_key(context, key, value)) is holds:
            says = f"ask without {key}" if value is None else f"ask with {key} `{value}`"
            yield Change("changeRequest", says, layer, key=key, value=value)


# ── other policies ───────────────────────────────────────────────────────────────────────────────────


def _wider(context: RequestContext, change: Change, miss: Miss) -> Iterator[Change]:
    """The statement with what it missed added to what it lists."""
    attached, index = change.policy, change.index
    assert attached is not None
    assert index is not None
    statement = edit.statement_of(attached, index)
    added: str = context.resource
    if miss.part == "resource":
        element: Mapping[str, Any] = {"Resource": [*_listed(statement["Resource"]), literal(added)]}
    elif miss.part == "principal" and isinstance(statement.get("Principal"), dict):
        kind, added = principal_entry(context.principal)
        who = statement["Principal"]
        element = {"Principal": {**who, kind: [*_listed(who.get(kind, [])), added]}}
    elif (
        miss.condition is not None and isinstance(miss.seen, str) and not USES[miss.condition.operator].operator.negated
    ):
        operator, key, added = miss.condition.operator, miss.condition.key, miss.seen
        block = statement["Condition"]
        values = [*_listed(block[operator][key]), literal(added, wildcards="Like" in operator or "Arn" in operator)]
        element = {"Condition": {**block, operator: {**block[operator], key: values}}}
    else:
        return
    where = miss.condition.key if miss.condition is not None else next(iter(element))
    says = f"add `{added}` to {where} in {place(attached, attached.policy.statements[index])}"
    yield Change(change.kind, says, change.layer, change.level, attached, index, {**statement, **element})


def _allows(decision: Decision, layer: Layer, level: int) -> Iterator[Change]:
    """A new Allow for exactly this; where the request's own words mean something else in a policy, for all."""
    context = decision.context
    held = {"boundary": decision.policies.boundary, "endpoint": decision.policies.endpoint}
    policy = decision.policies.resource if layer in ("resource", "trust") else held.get(layer)
    if layer == "rcp":
        everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        yield Change("addAllow", "attach RCPFullAWSAccess at every level", layer, level, None, None, everything)
        return
    says = _says_allow(context, layer)
    for action, resource in ((context.action, literal(context.resource)), ("*", "*")):
        statement: dict[str, Any] = {"Effect": "Allow"}
        if layer in ("resource", "trust", "endpoint"):
            kind, name = principal_entry(context.principal)
            everyone = kind == "*" or (layer == "endpoint" and kind != "Federated")
            statement["Principal"] = "*" if everyone else {kind: name}
        statement["Action"] = action
        if layer != "trust":
            statement["Resource"] = resource
        yield Change("addAllow", says, layer, level, policy, None, statement)


_WHERE: Mapping[Layer, str] = {
    "identity": "an identity-based policy of the principal",
    "boundary": "the permissions boundary",
    "session": "a session policy, passed when the session is made",
    "scp": "a service control policy at every level",
    "endpoint": "the VPC endpoint policy",
}


def _says_allow(context: RequestContext, layer: Layer) -> str:
    if layer in _WHERE:
        return f"allow {context.action} on {context.resource} in {_WHERE[layer]}"
    return f"allow {context.action} to {context.principal.arn or 'everyone'} in the policy of {context.resource}"


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
