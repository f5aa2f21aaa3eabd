"""Cost of a decision, as ratios within one run; absolute figures come from ./dev bench."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from daypass.policy import Attached, PolicySet, RequestContext, evaluate, parse_policy
from tests.policy.world import ACCOUNT, ALICE, document

CONDITION = {"StringEquals": {"aws:username": "somebody"}}


def statement(action: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", "Condition": CONDITION}


def decision_over(statements: list[dict[str, Any]]) -> Callable[[], None]:
    policies = PolicySet((Attached(parse_policy(document(statements)), "p"),))
    context = RequestContext("iam:GetUser", "*", ALICE, ACCOUNT, {"aws:username": "alice"})

    def decide() -> None:
        assert not evaluate(context, policies).allowed

    return decide


def seconds(act: Callable[[], None], count: int = 200) -> float:
    best = float("inf")
    for _ in range(40):
        start = time.perf_counter()
        for _ in range(count):
            act()
        best = min(best, time.perf_counter() - start)
    return best / count


TWENTY = [statement("iam:GetUser") for _ in range(20)]
OTHERS = [statement(f"iam:Other{n}") for n in range(490)] + [statement(f"s3:Get{n}*") for n in range(490)]


def test_a_thousand_statements_cost_at_most_three_times_the_twenty_that_match() -> None:
    """Statements for other actions cost nothing, once an action was asked for."""
    assert seconds(decision_over(OTHERS + TWENTY)) < 3 * seconds(decision_over(TWENTY))


def test_an_action_that_was_never_asked_for_is_found_by_the_index() -> None:
    """Not even the first question looks at every statement."""
    policy = parse_policy(document(OTHERS + TWENTY))
    policies = PolicySet((Attached(policy, "p"),))
    context = RequestContext("iam:GetUser", "*", ALICE, ACCOUNT, {"aws:username": "alice"})

    def first_question() -> None:
        policy.by_action.clear()
        evaluate(context, policies)

    assert seconds(first_question) < 8 * seconds(decision_over(TWENTY))


def test_a_decision_over_twenty_statements_takes_microseconds() -> None:
    """Far below what a slow machine would need for the budget of 10 µs, told in the time of 400 attribute reads."""

    class Thing:
        here = 1

    thing = Thing()
    reads = seconds(lambda: [thing.here for _ in range(400)] and None)
    assert seconds(decision_over(TWENTY)) < 2 * reads


def test_remembered_actions_are_bounded() -> None:
    """A caller who invents actions does not fill the memory, whatever statements they meet."""
    patterns = [f"s3:*{digit}*" for digit in range(10)]
    policy = parse_policy(document([statement(pattern) for pattern in patterns * 10]))
    policies = PolicySet((Attached(policy, "p"),))
    for number in range(3_000):
        evaluate(RequestContext(f"s3:Made{number}", "*", ALICE, ACCOUNT, {}), policies)
        remembered = {id(chosen): len(chosen) for _, chosen in policy.by_action.values()}
        assert len(policy.by_action) <= 256
        assert sum(remembered.values()) <= 2_048 + len(policy.statements)
    evaluate(RequestContext("s3:" + "x" * 100_000, "*", ALICE, ACCOUNT, {}), policies)
    assert all(len(action) <= 128 for action in policy.by_action)
