"""The cases of tests/cases/organization, on live requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.services.organization.company import Company, told

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "cases/organization/live.json").read_text())[
    "cases"
]


def filled(value: Any, words: dict[str, str]) -> Any:
    """``value`` with `{name}` replaced; policy variables `${…}` stay."""
    text = json.dumps(value)
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return json.loads(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_organization_does_what_the_case_says(company: Company, case: dict[str, Any]) -> None:
    """The answer is the one written down, and the one without policies is back when they are gone."""
    words = dict(company.words)
    for kind in ("scp", "rcp"):
        for target, statements in case.get(kind, {}).items():
            words["arn"] = company.put(kind, "case", filled(statements, words))
            place = company.accounts.get(target, target)
            company.do("AttachPolicy", Type=kind, Policy="case", Target=place)
            if case.get("instead"):
                company.do("DetachPolicy", Type=kind, Policy="FullAWSAccess", Target=place)
    assert told(company.ask(*case["ask"])) == filled(case["answer"], words)


@pytest.mark.parametrize("caller", ["team root", "team session", "team admin", "management admin", "partner admin"])
def test_without_policies_everybody_may_what_his_own_policies_say(company: Company, caller: str) -> None:
    """The company of the cases restricts nobody by itself."""
    assert told(company.ask(caller, "iam:ListUsers")) == "ok"
