"""What an organization does to simulated requests: the same as to real ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.calling import code_of
from tests.services.organization.company import Company


def simulated(company: Company, **params: Any) -> Any:
    """The one result of SimulatePrincipalPolicy for the role `app` of the team's account, asked by its admin."""
    arn = f"arn:aws:iam::{company.accounts['team']}:role/app"
    iam = company.daypass.client("iam", company.admins["team"])
    given = {"PolicySourceArn": arn, "ActionNames": ["iam:ListUsers"], "ResourceArns": [arn], **params}
    (result,) = iam.simulate_principal_policy(**given)["EvaluationResults"]
    return result


def test_an_account_in_an_organization_is_told_what_that_says(company: Company) -> None:
    """Every level allows as long as nobody cut it."""
    result = simulated(company)
    assert (result["EvalDecision"], result["OrganizationsDecisionDetail"]) == (
        "allowed",
        {"AllowedByOrganizations": True},
    )


@pytest.mark.parametrize("kind", ["scp", "rcp"])
def test_a_control_policy_denies_the_simulated_and_the_real_request(company: Company, kind: str) -> None:
    """Its statements are not shown, and it can be left out of the simulation."""
    everyone = {"Principal": "*"} if kind == "rcp" else {}
    action = "iam:ListUsers" if kind == "scp" else "sts:AssumeRole"
    deny = {"Effect": "Deny", **everyone, "Action": action, "Resource": "*"}
    company.put(kind, "none of it", [deny])
    company.do("AttachPolicy", Type=kind, Policy="none of it", Target="workloads")
    result = simulated(company, ActionNames=[action])
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("explicitDeny", [])
    assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    real = company.ask("team admin", "iam:ListUsers") if kind == "scp" else company.ask("team admin", action, "team")
    assert code_of(real) == "AccessDenied"
    without = simulated(company, ActionNames=[action], PolicyExclusionList=[{"PolicyType": kind}])
    assert without["EvalDecision"] == "allowed"


def test_the_organization_of_who_asks_and_of_what_for_is_known(company: Company) -> None:
    """No context entry is needed for either."""
    keys = ("aws:PrincipalOrgID", "aws:ResourceOrgID")
    conditions = [{"StringNotEquals": {key: company.words["organization"]}} for key in keys]
    denies = [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": one} for one in conditions]
    text = json.dumps({"Version": "2012-10-17", "Statement": denies})
    result = simulated(company, PolicyInputList=[text])
    assert result["EvalDecision"] == "allowed"
    assert result["ResourceSpecificResults"][0]["MissingContextValues"] == []


def test_the_operator_is_told_which_control_policy_it_was(company: Company) -> None:
    """The explanation names policy, level and what would change it."""
    company.put("scp", "no lists", [{"Sid": "Lists", "Effect": "Deny", "Action": "iam:List*", "Resource": "*"}])
    company.do("AttachPolicy", Type="scp", Policy="no lists", Target="prod")
    request = {"As": "role/app", "Action": "iam:ListUsers", "Resource": "*"}
    said = company.daypass.daypass.operator("daypass:DecideRequest", request, company.accounts["team"])
    assert said["Decision"]["statement"]["sid"] == "Lists"
    assert [one["verdict"] for one in said["Decision"]["layers"] if one["layer"] == "scp"] == ["denies"]
    assert "remove or narrow statement 1 (Lists) of arn:aws:organizations::" in said["Explanation"]
