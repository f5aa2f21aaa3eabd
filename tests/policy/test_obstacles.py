"""Changes that an explanation suggests are true: made as they are told, in JSON, they do what is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from daypass.policy import Attached, Decision, Kind, PolicySet, RequestContext, evaluate, parse_policy
from daypass.policy.layers import views
from daypass.principals import Anonymous
from tests.policy.world import World, load
from tests.properties.test_policy_algebra import contexts, policy_sets

NEW = {"identity": None, "session": Kind.SESSION, "resource": Kind.RESOURCE, "trust": Kind.TRUST, "scp": Kind.SCP,
       "rcp": Kind.RCP}  # fmt: skip
CASES = {name: case for name, case in load("decisions") if case["expect"][0] != "allowed"}


def made(change: Mapping[str, Any], context: RequestContext, policies: PolicySet) -> tuple[RequestContext, PolicySet]:
    """The change made by someone who has read nothing but its JSON."""
    if change["kind"] == "changeRequest":
        keys = {key: value for key, value in context.values.items() if value is not None}
        for key, value in change["context"].items():
            keys[key.lower()] = value
        other = RequestContext(context.action, context.resource, context.principal, context.resource_account, keys)
        return other, policies
    members = {name: getattr(policies, name) for name in PolicySet.__slots__}
    layer, level = change["layer"], change["level"]
    if layer in ("scp", "rcp"):
        levels = list(members[f"{layer}s"])
        levels[level] = edited(levels[level], change, context)
        members[f"{layer}s"] = tuple(levels)
    elif layer in ("identity", "session"):
        members[layer] = edited(members[layer] or (), change, context)
    else:
        name = "resource" if layer == "trust" else layer
        group = edited((members[name],) if members[name] else (), change, context)
        members[name] = group[0] if group else None
    return context, PolicySet(**members)


def edited(group: tuple[Attached, ...], change: Mapping[str, Any], context: RequestContext) -> tuple[Attached, ...]:
    """The policies of a layer after the change, found by name; several of one name are tried one after the other."""
    if change["policy"] is None:
        text = json.dumps({"Version": "2012-10-17", "Statement": change["statement"]})
        return (*group, Attached(parse_policy(text, NEW[change["layer"]]), "new"))
    found: list[Attached] = []
    done = False
    for attached in group:
        fits = not done and {"name": attached.name, "arn": attached.arn} == change["policy"]
        after = rewritten(attached, change, context) if fits else attached
        done = done or fits
        found += [after] if after is not None else []
    assert done, "the change names a policy that is not there"
    return tuple(found)


def rewritten(attached: Attached, change: Mapping[str, Any], context: RequestContext) -> Attached | None:
    document = json.loads(attached.policy.text)
    listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    if change["kind"] == "removeDeny":
        assert listed.pop(change["index"])["Effect"] == "Deny"
    elif change["kind"] == "changeStatement":
        listed[change["index"]] = change["statement"]
    else:
        listed.append(change["statement"])
    if not listed:
        return None
    text = json.dumps({**document, "Statement": listed})
    return Attached(parse_policy(text, attached.policy.kind), attached.name, attached.arn, bindings(attached, context))


def bindings(attached: Attached, context: RequestContext) -> Any:
    """What saving the policy would bind: who asks, to his id."""
    who = context.principal
    unique_id = getattr(who, "role_id", None) or getattr(who, "id", None)
    if attached.bindings is None or unique_id is None:
        return attached.bindings
    return {**attached.bindings, who.principal_arn: unique_id}


def named_apart(policies: PolicySet) -> PolicySet:
    """The same policies, each with a name of its own, so that JSON can say which one is meant."""
    members = {name: getattr(policies, name) for name in PolicySet.__slots__}
    count = iter(range(1000))

    def renamed(value: Any) -> Any:
        if isinstance(value, Attached):
            return Attached(value.policy, f"p{next(count)}", value.arn, value.bindings)
        return tuple(map(renamed, value)) if isinstance(value, tuple) else value

    return PolicySet(**{name: renamed(value) for name, value in members.items()})


def check(decision: Decision) -> None:
    """Follow the obstacles to the end, and try every change that is offered on the way."""
    told: Any = decision.to_dict()["obstacles"]
    assert bool(told) != decision.allowed
    context, policies = decision.context, decision.policies
    for obstacle in told:
        now = evaluate(context, policies)
        assert (obstacle["effect"], obstacle["layer"]) == (now.effect, now.layer)
        if not obstacle["changes"] and must_sign(now):
            return
        assert obstacle["changes"], f"nothing takes away {obstacle}"
        for change in obstacle["changes"]:
            after = evaluate(*made(change, context, policies))
            assert is_nearer(now, after), change
        context, policies = made(obstacle["changes"][0], context, policies)
    assert evaluate(context, policies).allowed


def must_sign(decision: Decision) -> bool:
    """Whether who asks has no signature, and it is a role or key: no policy can let him in."""
    unsigned = isinstance(decision.context.principal, Anonymous)
    return unsigned and decision.policies.resource_kind != "resource" and decision.layer in ("trust", "resource")


def is_nearer(before: Decision, after: Decision) -> bool:
    """Whether the obstacle is gone: a Deny fewer, or an Allow where none was."""
    if before.effect == "explicitDeny":
        return after.allowed or denials(after) < denials(before)
    return (
        after.allowed or (after.effect, after.layer) != (before.effect, before.layer) or silent(after) < silent(before)
    )


def denials(decision: Decision) -> int:
    return sum(len(view.denying) for view in views(decision.context, decision.policies))


def silent(decision: Decision) -> int:
    return sum(not view.allowing for view in views(decision.context, decision.policies))


@given(contexts(), policy_sets())
def test_every_suggested_change_does_what_is_said(context: RequestContext, arguments: dict[str, Any]) -> None:
    """Each change takes its obstacle away, and after the first change of each the request is allowed."""
    policies = named_apart(PolicySet(**arguments))
    check(evaluate(context, policies))


@pytest.mark.parametrize("name", CASES)
def test_every_denial_that_is_written_down_can_be_undone_as_told(name: str) -> None:
    """The same for the cases, which have trust policies bound to ids, RCPs and all kinds of callers."""
    world = World(CASES[name])
    check(evaluate(world.context(), named_apart(world.policies())))
