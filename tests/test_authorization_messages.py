"""Decisions as AWS's decoded authorization messages: what they say, and to whom."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from daypass import Attached, PolicySet, RequestContext, User, encode_decision, evaluate, parse_policy
from daypass.policy.attached import ResourceKind
from daypass.sessions.authorization_message import LONGEST, open_message
from daypass.sessions.keyring import first_ring

NOW, ACCOUNT, OTHER = 1_700_000_000, "111122223333", "444455556666"
ALICE = User(ACCOUNT, "AIDAALICEALICEALICE22", "alice")
RING = first_ring("00000001", b"k" * 32, NOW)
RUN = {"ec2:instancetype": "m5.large", "aws:tagkeys": ("team", "env")}


def attached(*statements: dict[str, object], **more: Any) -> Attached:
    return Attached(parse_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})), "own", **more)


def decoded(policies: PolicySet, keys: dict[str, Any], owner: str = ACCOUNT) -> dict[str, Any]:
    """What alice's account reads of the refusal to run an instance."""
    context = RequestContext("ec2:RunInstances", f"arn:aws:ec2:eu-west-1:{owner}:instance/*", ALICE, owner, keys)
    decision = evaluate(context, policies)
    message = encode_decision(decision, keyring=RING, now=NOW, entropy=bytes(12))
    assert len(message) <= LONGEST
    found: dict[str, Any] = json.loads(open_message(message, ACCOUNT, RING, NOW))
    return found


def items(*values: str) -> dict[str, Any]:
    return {"items": [{"value": value} for value in values]}


def test_an_implicit_deny_has_no_statements() -> None:
    """AWS's members, who asked for what, and the keys of the request; ours say which layer lacked an Allow."""
    told = decoded(PolicySet(), RUN)
    ours = told.pop("daypass")
    assert told == {
        "allowed": False,
        "explicitDeny": False,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": ALICE.id, "name": "alice", "arn": ALICE.arn},
            "action": "ec2:RunInstances",
            "resource": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*",
            "conditions": {
                "items": [
                    {"key": "aws:tagkeys", "values": items("team", "env")},
                    {"key": "ec2:instancetype", "values": items("m5.large")},
                ]
            },
        },
    }
    assert (ours["layer"], ours["reason"]) == (
        "identity",
        "because no identity-based policy allows the ec2:RunInstances action",
    )


def test_an_explicit_deny_quotes_its_statement() -> None:
    """Id, effect, actions, resources and conditions as the policy has them, and whom it hangs on."""
    deny = {
        "Sid": "NoLarge",
        "Effect": "Deny",
        "Action": ["ec2:Run*", "ec2:Start*"],
        "Resource": "*",
        "Condition": {"StringLike": {"ec2:InstanceType": "*.large"}},
    }
    told = decoded(PolicySet(identity=(attached(deny, group="builders"),)), RUN)
    assert told["explicitDeny"]
    assert told["matchedStatements"]["items"] == [
        {
            "statementId": "NoLarge",
            "effect": "DENY",
            "principals": items(ALICE.id),
            "principalGroups": items("builders"),
            "actions": items("ec2:Run*", "ec2:Start*"),
            "resources": items("*"),
            "conditions": {
                "items": [{"key": "ec2:InstanceType", "operator": "StringLike", "values": items("*.large")}]
            },
        }
    ]


def test_what_a_statement_leaves_out_is_told_as_left_out() -> None:
    """NotAction and NotResource have members of their own: the others must not look as if they had said something."""
    deny = {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::x"}
    (statement,) = decoded(PolicySet(identity=(attached(deny),)), RUN)["matchedStatements"]["items"]
    assert (statement["actions"], statement["notActions"]) == (items(), items("iam:*"))
    assert (statement["resources"], statement["notResources"]) == (items(), items("arn:aws:s3:::x"))


@pytest.mark.parametrize("kind", ["resource", "trust"])
def test_another_accounts_policy_is_not_quoted(kind: ResourceKind) -> None:
    """What the owner of the resource has written is his, also when it denies: only that something did is told."""
    deny = {"Sid": "TheirSecret", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    own = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policies = PolicySet(identity=(attached(own),), resource=attached(deny), resource_kind=kind)
    told = decoded(policies, {}, OTHER)
    assert told["explicitDeny"]
    assert told["matchedStatements"]["items"] == []
    assert "TheirSecret" not in json.dumps(told)


def test_what_another_accounts_policy_looks_at_is_not_told() -> None:
    """Nor are its resource's tags: across accounts only keys that the caller's own policies name are shown."""
    theirs = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
    }
    own = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"ec2:InstanceType": "m5.large"}},
    }
    policies = PolicySet(identity=(attached(own),), resource=attached(theirs))
    keys = {**RUN, "aws:sourcevpc": "vpc-1", "aws:resourcetag/owner": "bob"}
    told = decoded(policies, keys, OTHER)
    assert told["explicitDeny"]
    assert told["context"]["conditions"]["items"] == [{"key": "ec2:instancetype", "values": items("m5.large")}]


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    """A request with too many keys has a message all the same, without them."""
    noise = {f"aws:requesttag/{n}": sha256(bytes([n])).hexdigest() for n in range(256)}
    told = decoded(PolicySet(), noise)
    assert told["context"]["conditions"]["items"] == []
    assert told["context"]["principal"]["name"] == "alice"
    assert "daypass" not in told
