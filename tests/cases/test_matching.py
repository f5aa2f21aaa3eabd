"""Every case of one element: actions, resources, principals."""

from __future__ import annotations

from typing import Any

import pytest

from daypass.policy import Attached, Kind, PolicySet, RequestContext, evaluate, parse_policy
from tests.policy.world import ACCOUNT, ALICE, World, document, load

CASES = dict(load("matching"))


def of(subject: str) -> list[str]:
    return [name for name in CASES if name.startswith(f"{subject}: ")]


@pytest.mark.parametrize("name", of("actions"))
def test_an_action_pattern_matches_as_written_down(name: str) -> None:
    """The Action or NotAction element speaks of the action or not, by itself and through the index of a policy."""
    case = CASES[name]
    element = "NotAction" if case.get("not") else "Action"
    policy = parse_policy(document({"Effect": "Allow", element: case["patterns"], "Resource": "*"}))
    decision = evaluate(
        RequestContext(case["action"], "*", ALICE, ACCOUNT, {}), PolicySet((Attached(policy, "judged"),))
    )
    assert decision.allowed is case["matches"]
    assert policy.statements[0].actions.matches(case["action"].lower()) is case["matches"]


@pytest.mark.parametrize("name", of("resources"))
def test_a_resource_pattern_matches_as_written_down(name: str) -> None:
    """The Resource or NotResource element names the resource or not."""
    case = CASES[name]
    kind = Kind[case.get("kind", "IDENTITY_INLINE")]
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "*"}
    statement["NotResource" if case.get("not") else "Resource"] = case["patterns"]
    if kind.names_principals:
        statement["Principal"] = "*"
    policy = parse_policy(document(statement, case.get("version", "2012-10-17")), kind)
    keys = {key: tuple(value) if isinstance(value, list) else value for key, value in case.get("keys", {}).items()}
    resources = policy.statements[0].resources
    assert resources is not None
    context = RequestContext("s3:GetObject", case["resource"], ALICE, ACCOUNT, keys)
    assert (resources.test is None or resources.test(context)) is case["matches"]


@pytest.mark.parametrize("name", of("principals"))
def test_a_principal_is_matched_as_written_down(name: str) -> None:
    """The Principal element grants alone, together with an identity Allow, or not at all."""
    case = CASES[name] | {"action": "sts:AssumeRole", "resource": "arn:aws:iam::111122223333:role/target"}
    case |= {"resource policy": {"Effect": "Allow", "Principal": case["principal"], "Action": "*"}}
    case |= {"resource kind": "trust"}
    alone = World(case)
    assert evaluate(alone.context(), alone.policies()).allowed is case["alone"]
    allowed = World(case | {"identity": ["allow"]})
    assert evaluate(allowed.context(), allowed.policies()).allowed is case.get("with Allow", case["alone"])
