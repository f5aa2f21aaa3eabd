"""Every case of a document that is checked when written: accepted, or refused with AWS's message."""

from __future__ import annotations

import json
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
