"""Explanations: what settled it, what came near with the values seen, and what would flip it."""

from __future__ import annotations

import json
from typing import Any

from daypass.policy import Decision, evaluate
from tests.policy.world import World

GIVEN: dict[str, Any] = {"caller": "user", "action": "s3:GetObject", "resource": "arn:aws:s3:::data/key"}


def decide(**case: Any) -> Decision:
    world = World({**GIVEN, **case})
    return evaluate(world.context(), world.policies())


def near_miss(**parts: Any) -> dict[str, Any]:
    return {"Sid": "Near", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*", **parts}


def test_a_failed_condition_is_shown_with_the_value_it_saw() -> None:
    """The nearest statement comes with the operator, the key as written, what it wants and what the request has."""
    wanted = {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}
    decision = decide(identity=["silent", [near_miss(Condition=wanted)]], keys={"aws:sourceip": "203.0.113.9"})
    report = decision.to_dict()
    assert report["near"] == [
        {
            "policy": {"name": "identity", "arn": None},
            "statement": {"index": 0, "sid": "Near"},
            "missing": [
                {
                    "part": "condition",
                    "operator": "IpAddress",
                    "key": "aws:SourceIp",
                    "wanted": ["10.0.0.0/8", "192.0.2.0/24"],
                    "seen": "203.0.113.9",
                }
            ],
        }
    ]
    line = "condition IpAddress aws:SourceIp wants `10.0.0.0/8`, `192.0.2.0/24`, the request has `203.0.113.9`"
    assert line in decision.explain()
    assert report["change"] == f"statement 1 (Near) of identity would allow it, but its {line}"


def test_an_absent_key_is_shown_as_nothing_and_a_set_as_its_values() -> None:
    """Nobody has to guess whether a key was empty, absent or many."""
    both = {"StringEquals": {"aws:username": "x"}, "ForAnyValue:StringEquals": {"aws:TagKeys": "c"}}
    text = decide(identity=[near_miss(Condition=both)], keys={"aws:tagkeys": ["a", "b"]}).explain()
    assert "aws:username wants `x`, the request has nothing" in text
    assert "aws:TagKeys wants `c`, the request has `a`, `b`" in text


def test_the_statement_that_misses_least_comes_first() -> None:
    """Two parts missing come after one."""
    far = near_miss(Sid="Far", Resource="arn:aws:s3:::x", Condition={"Null": {"aws:username": "false"}})
    near = near_miss(Resource="arn:aws:s3:::y")
    report = decide(identity=[[far, near]]).to_dict()
    assert [one["statement"]["sid"] for one in report["near"]] == ["Near", "Far"]  # type: ignore[attr-defined]
    assert [len(one["missing"]) for one in report["near"]] == [1, 2]  # type: ignore[attr-defined]


def test_statements_of_other_actions_are_not_near() -> None:
    """What does not speak of the action is no near miss, and the advice is to allow it."""
    report = decide(identity=["silent"]).to_dict()
    assert report["near"] == []
    assert report["change"] == (
        "allow s3:GetObject on arn:aws:s3:::data/key in an identity-based policy of the principal"
    )


def test_an_explicit_deny_names_policy_statement_and_what_held() -> None:
    """The denying statement comes with its place and the values that its conditions saw."""
    deny = {"Sid": "Office", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}  # fmt: skip
    decision = decide(identity=["allow", deny], arns=True, keys={"aws:sourcevpc": "vpc-2"})
    report = decision.to_dict()
    assert report["policy"] == {"name": "identity", "arn": "arn:aws:iam::111122223333:policy/identity-1"}
    assert report["statement"] == {
        "index": 0,
        "sid": "Office",
        "effect": "Deny",
        "conditions": [{"operator": "StringNotEquals", "key": "aws:SourceVpc", "wanted": ["vpc-1"], "seen": "vpc-2"}],
    }
    assert report["change"] == (
        "remove or narrow statement 1 (Office) of arn:aws:iam::111122223333:policy/identity-1, which denies"
    )
    assert "StringNotEquals aws:SourceVpc: `vpc-2`" in decision.explain()


def test_an_untrusted_caller_is_told_whom_the_trust_policy_names() -> None:
    """A principal that does not match is a near miss with the principals wanted."""
    decision = decide(
        **{
            "action": "sts:AssumeRole",
            "resource kind": "trust",
            "grant": {"AWS": "444455556666"},
            "identity": ["allow"],
        }
    )
    report = decision.to_dict()
    assert report["near"][0]["missing"] == [  # type: ignore[index]
        {"part": "principal", "wanted": ["444455556666"], "seen": "arn:aws:iam::111122223333:user/team/alice"}
    ]
    assert {"layer": "identity", "verdict": "allows"} in report["layers"]  # type: ignore[operator]
    assert {"layer": "trust", "verdict": "does not allow"} in report["layers"]  # type: ignore[operator]


def test_an_allowed_decision_names_what_allowed_it() -> None:
    """No reason, no change, but the policy and statement."""
    report = decide(identity=["silent", "allow"]).to_dict()
    assert (report["allowed"], report["reason"], report["change"], report["near"]) == (True, "", "", [])
    assert report["statement"] == {"index": 0, "sid": None, "effect": "Allow", "conditions": []}


def test_a_report_is_json() -> None:
    """The report goes through JSON unchanged."""
    report = decide(identity=[near_miss(Resource="arn:aws:s3:::x")]).to_dict()
    assert json.loads(json.dumps(report)) == report
