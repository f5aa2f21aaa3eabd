"""The second evaluator decides every case file as it is written down: it is an evaluator, not a mirror."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.oracle import evaluator
from tests.oracle.people import ACCOUNT, CALLERS, principal
from tests.policy import world

DECISIONS, CONDITIONS = dict(world.load("decisions")), dict(world.load("conditions"))
MATCHING = dict(world.load("matching"))


def document(statements: Any, version: str = "2012-10-17") -> Any:
    return json.loads(world.document(statements, version))


def policies(case: dict[str, Any]) -> dict[str, Any]:
    """The policies of a decision case."""
    found: dict[str, Any] = {"resource kind": case.get("resource kind", "resource"), "root": case.get("root", False)}
    found["identity"] = [document(one) for one in case.get("identity", [])]
    found["boundary"] = document(case["boundary"]) if "boundary" in case else None
    found["session"] = [document(one) for one in case["session"]] if "session" in case else None
    found["endpoint"] = document(case["endpoint"]) if "endpoint" in case else None
    for levels in ("scps", "rcps"):
        found[levels] = [[document(one) for one in level] for level in case.get(levels, [])]
    attached = world.World(case)._resource()
    found["resource"] = None if attached is None else json.loads(attached.policy.text)
    found["bindings"] = world.named(case["bindings"]) if "bindings" in case else None
    return found


def request(case: dict[str, Any]) -> dict[str, Any]:
    """The request of a decision case."""
    name = case.get("caller", "user")
    keys = dict(case.get("keys", {}))
    if world.CALLERS[name].principal_arn:
        keys.setdefault("aws:principalarn", world.CALLERS[name].principal_arn)
    owner = case.get("owner", ACCOUNT)
    return {"action": case["action"], "resource": case["resource"], "owner": owner, "keys": keys} | {
        "caller": CALLERS[name]
    }


@pytest.mark.parametrize("name", world.CALLERS)
def test_the_callers_are_the_same_people(name: str) -> None:
    """A caller of the case files is the same in both tables."""
    assert principal(CALLERS[name]) == world.CALLERS[name]


@pytest.mark.parametrize("name", DECISIONS)
def test_decisions(name: str) -> None:
    """Effect and layer as the case file expects."""
    case = DECISIONS[name]
    assert evaluator.decide(policies(case), request(case)) == tuple(case["expect"][:2])


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions(name: str, effect: str) -> None:
    """The condition holds in an Allow and in a Deny as the case file says."""
    case = CONDITIONS[name]
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": case["condition"]}
    asked = request({"action": "s3:GetObject", "resource": "arn:aws:s3:::data/key", **case})
    asked["keys"].pop("aws:principalarn")
    decided = evaluator.decide({"identity": [document(statement, case.get("version", "2012-10-17"))]}, asked)
    expected = case["holds"] if isinstance(case["holds"], bool) else case["holds"][effect]
    assert (decided[0] != "implicitDeny") is expected


@pytest.mark.parametrize("name", [name for name, case in MATCHING.items() if "principal" in case])
def test_principals(name: str) -> None:
    """A role that trusts such a principal is reached by the trust alone, with an identity-based Allow, or not."""
    case = MATCHING[name]
    asked = request({"action": "sts:AssumeRole", "resource": f"arn:aws:iam::{ACCOUNT}:role/target", **case})
    trust = document({"Effect": "Allow", "Action": "*", "Principal": world.named(case["principal"])})
    given = {"resource kind": "trust", "resource": trust}
    given |= {"session": [document("allow")]} if "session" in case else {}
    allowed = {**given, "identity": [document("allow")]}
    assert (evaluator.decide(given, asked)[0] == "allowed") is case["alone"]
    assert (evaluator.decide(allowed, asked)[0] == "allowed") is case.get("with Allow", case["alone"])


@pytest.mark.parametrize("name", [name for name, case in MATCHING.items() if "patterns" in case])
def test_actions_and_resources(name: str) -> None:
    """The element speaks of the action or resource, or does not, in a policy of the kind that the case names."""
    case = MATCHING[name]
    asked = request({"action": "s3:GetObject", "resource": "arn:aws:s3:::data/key", **case})
    element, other = ("Action", "Resource") if "action" in case else ("Resource", "Action")
    statement = {"Effect": "Deny", ("Not" if case.get("not") else "") + element: case["patterns"], other: "*"}
    kind = case.get("kind", "IDENTITY")
    judged = document(statement | {"Principal": "*"}, case.get("version", "2012-10-17"))
    slots = {"IDENTITY": "identity", "RESOURCE": "resource", "SCP": "scps", "RCP": "rcps"}
    hung = {"IDENTITY": [judged], "RESOURCE": judged}.get(kind, [[judged]])
    assert (evaluator.decide({slots[kind]: hung}, asked)[0] == "explicitDeny") is case["matches"]
