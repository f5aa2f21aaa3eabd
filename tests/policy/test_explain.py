"""Explanations: what settled it, what came near with the values seen, and what would flip it."""

from __future__ import annotations

import json
from typing import Any

from daypass.policy import Attached, Decision, PolicySet, evaluate, parse_policy
from tests.policy.world import STOCK, World

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
    assert [change["kind"] for change in report["obstacles"][0]["changes"]] == [  # type: ignore[index]
        "changeRequest",
        "changeStatement",
        "addAllow",
    ]
    assert report["change"] == {
        "kind": "changeRequest",
        "says": "ask with aws:SourceIp `10.0.0.0`",
        "context": {"aws:SourceIp": "10.0.0.0"},
    }


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
    assert report["change"] == {
        "kind": "addAllow",
        "says": "allow s3:GetObject on arn:aws:s3:::data/key in an identity-based policy of the principal",
        "layer": "identity",
        "level": 0,
        "policy": None,
        "index": None,
        "statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/key"},
    }


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
        "text": json.dumps(deny),
        "position": {
            "start": {"line": 1, "column": 39, "offset": 39},
            "end": {"line": 1, "column": 168, "offset": 168},
        },
    }
    assert [change["says"] for change in report["obstacles"][0]["changes"]] == [  # type: ignore[index]
        "ask with aws:SourceVpc `vpc-1`",
        "remove or narrow statement 1 (Office) of arn:aws:iam::111122223333:policy/identity-1, which denies",
    ]
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
    assert (report["allowed"], report["reason"], report["change"], report["near"]) == (True, "", None, [])
    assert report["obstacles"] == []
    statement = report["statement"]
    assert isinstance(statement, dict)
    assert (statement["index"], statement["effect"], statement["text"]) == (0, "Allow", json.dumps(STOCK["allow"]))


def test_a_report_is_json() -> None:
    """The report goes through JSON unchanged."""
    report = decide(identity=[near_miss(Resource="arn:aws:s3:::x")]).to_dict()
    assert json.loads(json.dumps(report)) == report


def test_everything_that_denies_is_listed_in_the_order_in_which_it_is_met() -> None:
    """A Deny, then the layers that lack an Allow; each with what would take it away, the last of which allows."""
    deny = {"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    decision = decide(identity=[deny], boundary="silent", session=["silent"], scps=[["allow"], ["silent"]])
    found = [(one["effect"], one["layer"], one["level"]) for one in decision.to_dict()["obstacles"]]  # type: ignore[attr-defined]
    assert found == [
        ("explicitDeny", "identity", 0),
        ("implicitDeny", "scp", 1),
        ("implicitDeny", "identity", 0),
        ("implicitDeny", "boundary", 0),
        ("implicitDeny", "session", 0),
    ]
    assert [line.split(":")[0] for line in decision.explain().splitlines() if line.startswith(("to ", "then"))] == [
        "to change it",
        "then, by layer scp",
        "then, by layer identity",
        "then, by layer boundary",
        "then, by layer session",
    ]


def test_a_statement_is_shown_as_it_was_written_with_its_line() -> None:
    """Whoever reads the explanation finds the place in the file without counting."""
    text = """{"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": "*", "Resource": "*"},
      {"Sid": "Never",
       "Effect": "Deny", "Action": "s3:*",
       "Resource": "*"}
    ]}"""
    world = World(GIVEN)
    decision = evaluate(world.context(), PolicySet(identity=(Attached(parse_policy(text), "mine"),)))
    said = decision.explain()
    assert "settled by statement 2 (Never) of mine, line 3, layer identity" in said
    assert (
        """
    {"Sid": "Never",
     "Effect": "Deny", "Action": "s3:*",
     "Resource": "*"}
"""
        in said
    )


def test_advice_never_asks_to_be_somebody_else() -> None:
    """A key that follows from who asks is no change of the request."""
    only_bob = near_miss(Condition={"StringEquals": {"aws:username": "bob"}})
    report = decide(identity=[only_bob], keys={"aws:username": "alice"}).to_dict()
    kinds = [change["kind"] for change in report["obstacles"][0]["changes"]]  # type: ignore[index]
    assert kinds == ["changeStatement", "addAllow"]


def test_a_record_quotes_nothing_of_another_accounts_policies() -> None:
    """A foreign role's conditions, statements and principals stay there; the caller's own side is told."""
    trust = {"Sid": "Hidden", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"sts:ExternalId": "the-secret-word"}}}  # fmt: skip
    asked = {"action": "sts:AssumeRole", "resource kind": "trust", "resource policy": trust, "identity": ["allow"]}
    foreign = decide(**asked, caller="foreign user")
    assert "the-secret-word" in json.dumps(foreign.to_dict())
    record = foreign.to_record()
    for hidden in ("the-secret-word", "Hidden", "444455556666:role", "ExternalId"):
        assert hidden not in json.dumps(record)
    assert (record["effect"], record["layer"], record["near"]) == ("implicitDeny", "trust", [])
    assert record["layers"] == [{"layer": "identity", "verdict": "allows"}]


def test_a_record_does_not_name_another_accounts_control_policy() -> None:
    """A resource control policy of the other side denies; which one is not the caller's to know."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    asked = {"identity": ["allow"], "rcps": [["allow everyone", deny]], "arns": True}
    assert "policy/rcp-1" in json.dumps(decide(**asked).to_record())
    record = decide(**asked, caller="foreign user").to_record()
    assert "policy/rcp-1" not in json.dumps(record)
    assert record["reason"] == "with an explicit deny in a resource control policy"


def test_a_record_of_ones_own_account_tells_all_but_texts() -> None:
    """Statements that came near are in it with the values seen; policies are named and not quoted."""
    decision = decide(identity=[near_miss(Resource="arn:aws:s3:::x")])
    record, told = decision.to_record(), decision.to_dict()
    assert record["near"] == told["near"]
    assert record["layers"] == told["layers"]
    assert "text" not in json.dumps(decide(identity=["allow", "deny"]).to_record())
    assert json.loads(json.dumps(record)) == record


def test_a_record_keeps_the_beginning_of_what_conditions_saw() -> None:
    """However long the header and the lists, and however many ask for it; an explanation shows it whole."""
    header, tags, other = "b" * 1024, ["b" * 1024] * 50, [f"arn:aws:s3:::other-{number}" for number in range(200)]
    long = {"StringEquals": {"aws:UserAgent": "a"}, "StringLike": {"aws:TagKeys": "a"}}
    keys = {"aws:useragent": header, "aws:tagkeys": tags}
    settled = {"StringLike": {"aws:UserAgent": ["b*", *other]}}
    for decision in (
        decide(identity=[near_miss(Condition=long, Resource=other)], keys=keys),
        decide(identity=["allow", [near_miss(Effect="Deny", Condition=settled)]], keys=keys),
    ):
        record, told = json.dumps(decision.to_record()), json.dumps(decision.to_dict())
        assert len(record) < 5_000
        assert "b" * 100 in record
        assert "b" * 1024 in told
        assert "other-199" in told
