"""Every decision case: effect, layer and reason, and that the explanation agrees with the decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.policy import evaluate
from tests.policy.world import World, load

CASES = dict(load("decisions"))


@pytest.mark.parametrize("name", CASES)
def test_the_decision_is_the_one_written_down(name: str) -> None:
    """Effect, layer and, where the case says it, reason and statement are as the case file expects."""
    case: dict[str, Any] = CASES[name]
    world = World(case)
    decision = evaluate(world.context(), world.policies())
    effect, layer, *reason = case["expect"]
    assert (decision.effect, decision.layer) == (effect, layer), decision.explain()
    assert decision.allowed == (effect == "allowed")
    if reason:
        assert [decision.reason()] == reason
    if "statement" in case:
        assert decision.statement is not None
        assert decision.statement.index == case["statement"]


def test_no_decision_is_written_down_twice() -> None:
    """No two cases ask the same of the same policies, but for those that are about the reason's wording."""
    asked: dict[str, str] = {}
    for name, case in CASES.items():
        if name.startswith("access-denied-clauses"):
            continue
        question = json.dumps({part: case[part] for part in sorted(case) if part not in ("expect", "statement")})
        assert question not in asked, f"{name} asks what {asked[question]} asks"
        asked[question] = name


@pytest.mark.parametrize("name", CASES)
def test_the_explanation_agrees_with_the_decision(name: str) -> None:
    """The layers' verdicts, computed apart, support the effect; a denial says what would change it."""
    world = World(CASES[name])
    decision = evaluate(world.context(), world.policies())
    report = decision.to_dict()
    verdicts = {(v["layer"], v["verdict"]) for v in report["layers"]}
    denied_layers = {layer for layer, verdict in verdicts if verdict == "denies"}
    assert bool(denied_layers) == (decision.effect == "explicitDeny")
    if decision.effect == "explicitDeny":
        assert decision.layer in denied_layers
        assert decision.policy is not None
    if decision.effect == "implicitDeny":
        assert (decision.layer, "allows") not in verdicts or decision.layer in {"scp", "rcp"}
    can_be_let_in = CASES[name].get("caller") != "anonymous" or decision.policies.resource_kind == "resource"
    assert bool(report["change"]) == (not decision.allowed and can_be_let_in)
    assert bool(report["obstacles"]) != decision.allowed
    assert decision.explain().startswith(f"{decision.effect}: {decision.context.action}")
