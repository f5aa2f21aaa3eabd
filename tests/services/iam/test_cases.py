"""The IAM cases of tests/cases/iam, each against a real store, through boto3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daypass.operations.registry import REGISTRY
from tests.services.iam.world import Refusal, World, agrees

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}")
    for file in sorted((Path(__file__).parents[2] / "cases/iam").glob("*.json"))
    for case in json.loads(file.read_text())
]


@pytest.mark.parametrize("case", CASES)
def test_the_service_does_what_the_case_says(case: dict[str, Any], world: World) -> None:
    """The judged call gets exactly the refusal or the answer that the case states."""
    for operation, params, *name in case.get("given", []):
        answer = world.must(operation, world.filled(params))
        world.answers.update(dict.fromkeys(name, answer))
    signer = world.user("probe", case["policy"]) if "policy" in case else None
    operation, params = case["when"]
    answer = world.call(operation, world.filled(params), signer)
    if "refused" in case:
        assert answer == Refusal(*world.filled(case["refused"]))
    else:
        expected = world.filled(case["answers"])
        assert not isinstance(answer, Refusal), answer
        assert agrees(expected, answer), answer


def test_every_operation_is_judged_by_some_case() -> None:
    """No IAM operation is implemented without a case that calls it."""
    called = {
        step[0] for parameters in CASES for case in parameters.values for step in (*case.get("given", ()), case["when"])
    }
    implemented = {name.removeprefix("iam:") for name in REGISTRY.names() if name.startswith("iam:")}
    assert implemented - called == set()
