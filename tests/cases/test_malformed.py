"""Every case of a document that is checked when written: accepted, or refused with AWS's message."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from daypass.errors import MalformedPolicyDocument
from daypass.policy import Kind, Policy, check_document, parse_policy
from tests.policy.world import load

CASES = dict(load("malformed"))


def text_of(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    return json.dumps(case.get("document") or {"Version": "2012-10-17", "Statement": [case["statement"]]})


@pytest.mark.parametrize("name", CASES)
def test_a_document_is_answered_as_written_down(name: str) -> None:
    """The check accepts the document, or refuses it with exactly the message of the case."""
    case = CASES[name]
    kind = Kind[case["kind"]]
    if case["message"] is None:
        policy = check_document(text_of(case), kind)
        assert policy.kind is kind
        assert len(policy.statements) > 0
    else:
        with pytest.raises(MalformedPolicyDocument) as refusal:
            check_document(text_of(case), kind)
        assert refusal.value.message == case["message"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["message"] is None])
def test_what_was_accepted_can_be_read_back(name: str) -> None:
    """A stored document compiles without being told its kind, as long as its kind shows."""
    case = CASES[name]
    policy: Policy = parse_policy(text_of(case), Kind.RCP if case["kind"] == "RCP" else None)
    assert policy.asks_who is (Kind[case["kind"]].names_principals and case["kind"] != "RCP")


MESSAGES = {
    "IDENTITY_MANAGED": [
        "Syntax errors in policy.",
        "Policy document must be version 2012-10-17 or greater.",
        "The policy failed legacy parsing",
        "Statement IDs (SID) in a single policy must be unique.",
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the …",
        "Policy statement must contain actions.",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        "Actions/Condition can contain only one colon.",
        "Vendor … is not valid",
        "Policy statement must contain resources.",
        "Policy document should not specify a principal.",
        'Resource … must be in ARN format or "*".',
        'Partition "…" is not valid for resource "arn:…".',
        "Resource vendor must be fully qualified and cannot contain regexes.",
        "IAM resource … cannot contain region information.",
        "Resource … can not contain region information.",
        'IAM resource path must either be "*", root, or start with …, access-report/.',
    ],
    "SESSION": ["This policy contains invalid Json", "Policy document should not specify a principal."],
    "TRUST": [
        "This policy contains invalid Json",
        "AssumeRole policy may only specify STS AssumeRole actions.",
        "Has prohibited field Resource",
        "AssumeRole policy must not contain resources.",
        "The policy must contain a valid version string",
        "Could not parse the policy: Statement is empty!",
        "The Statement Ids in the policy are not unique",
        "Missing required field Effect",
        "Invalid effect: …",
        "Missing required field Principal",
        "Missing required field Principal cannot be empty!",
        "Principal must be a JSON object.",
        "Allow with NotPrincipal is not allowed.",
        "AssumeRole policy must not contain NotPrincipal field.",
        "Missing required field Action",
        'Invalid principal in policy: "AWS":"…"',
        'Invalid principal in policy: "SERVICE":"…"',
        'Invalid principal in policy: "…"',
        "Federated principals must be valid domain names or SAML metadata ARNs",
        "A condition block must be present for the Cognito provider",
        "Syntax error in policy.",
    ],
    "SCP": ["The provided policy document does not meet the requirements of the specified policy type."],
    "RCP": ["The provided policy document does not meet the requirements of the specified policy type."],
}
"""Every literal text that AWS was seen to answer, by kind of policy; … stands for what differs."""


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_known_message_has_a_case(kind: str) -> None:
    """No text of AWS's is without a document that is answered with it."""
    told = {case["message"] for case in CASES.values() if case["kind"] == kind and case["message"]}
    for message in MESSAGES[kind]:
        pattern = re.compile(re.escape(message).replace("…", ".*"))
        assert any(map(pattern.fullmatch, told)), message


def test_nothing_is_answered_that_aws_was_not_seen_to_answer() -> None:
    """Every message of a case is in the table, but one of our own: AWS documents the rule and not the text."""
    ours = "A condition on .* must be present for the shared provider .*"
    known = {message for messages in MESSAGES.values() for message in messages}
    patterns = [re.compile(re.escape(message).replace("…", ".*")) for message in known] + [re.compile(ours)]
    for name, case in CASES.items():
        assert case["message"] is None or any(p.fullmatch(case["message"]) for p in patterns), name
