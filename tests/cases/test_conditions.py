"""Every condition case, in an Allow statement and in a Deny statement."""

from __future__ import annotations

from typing import Any

import pytest

from daypass.policy import Attached, PolicySet, RequestContext, evaluate, parse_policy
from daypass.policy.conditions import USES
from tests.policy.world import ACCOUNT, ALICE, document, load

CASES = dict(load("conditions"))


def holds(case: dict[str, Any], effect: str) -> bool:
    """Whether the condition holds in a statement of ``effect``, seen through a whole decision."""
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": case["condition"]}
    judged = Attached(parse_policy(document(statement, case.get("version", "2012-10-17"))), "judged")
    keys = {key: tuple(value) if isinstance(value, list) else value for key, value in case.get("keys", {}).items()}
    context = RequestContext("s3:GetObject", "arn:aws:s3:::data/key", ALICE, ACCOUNT, keys)
    admin = Attached(parse_policy(document("allow")), "admin")
    if effect == "Allow":
        return evaluate(context, PolicySet((judged,))).allowed
    return evaluate(context, PolicySet((admin, judged))).effect == "explicitDeny"


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("name", CASES)
def test_the_condition_holds_as_written_down(name: str, effect: str) -> None:
    """The condition holds, or does not, alike in Allow and Deny unless the case says otherwise."""
    case = CASES[name]
    expected = case["holds"] if isinstance(case["holds"], bool) else case["holds"][effect]
    assert holds(case, effect) is expected


@pytest.mark.parametrize("operator", sorted({use.operator.name for use in USES.values()}))
def test_every_operator_has_cases_that_hold_and_that_do_not(operator: str) -> None:
    """No operator is in the table without a case each way."""
    uses = [(USES[used], case["holds"]) for case in CASES.values() for used in case["condition"] if used in USES]
    results = [held for use, held in uses if use.operator.name == operator]
    assert True in results
    assert False in results
