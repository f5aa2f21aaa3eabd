"""What the operator may make of an organization, and what nobody else may."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daypass.entities import ControlPolicy, Unit
from daypass.errors import AccessDenied, ServiceError
from daypass.operations.registry import REGISTRY
from daypass.principals import Root
from daypass.services.organization.attachments import MOST_ATTACHED
from daypass.services.organization.control_policies import LARGEST, MOST_POLICIES
from daypass.services.organization.units import MOST_UNITS
from daypass.testing.local import LocalDaypass
from tests.services.organization.company import Company

RULES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "cases/organization/rules.json").read_text())
CASES: list[dict[str, Any]] = RULES["cases"]
OF_ORGANIZATION = {
    name.removeprefix("daypass:")
    for name in REGISTRY.names()
    if (found := REGISTRY.find(name)) and found.handler.__module__.startswith("daypass.services.organization")
}


def params(company: Company, given: dict[str, str]) -> dict[str, str]:
    """Parameters with accounts and documents filled in."""
    words = company.accounts | {kind: json.dumps(RULES[kind]) for kind in ("scp", "rcp")}
    return {name: words.get(value[1:-1], value) if value[:1] == "{" else value for name, value in given.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_operation_is_answered_as_the_case_says(company: Company, case: dict[str, Any]) -> None:
    """Success changes the organization or its policies; a refusal has AWS's code and changes nothing."""
    for operation, given in case.get("given", []):
        company.do(operation, **params(company, given))
    operation, given = case["when"]
    before = company.daypass.daypass.storage.revision()
    if case["refused"] is None:
        company.do(operation, **params(company, given))
        assert company.daypass.daypass.storage.revision() > before
        return
    with pytest.raises(ServiceError) as refused:
        company.do(operation, **params(company, given))
    assert refused.value.code == case["refused"]
    assert refused.value.message
    assert company.daypass.daypass.storage.revision() == before


def test_every_operation_is_judged_by_some_case() -> None:
    """No operation on the organization is without one that succeeds or is refused."""
    assert {case["when"][0] for case in CASES} == OF_ORGANIZATION


def test_without_an_organization_there_is_nothing_to_change() -> None:
    """Until it is made every operation but the one that makes it says so; when it is deleted, again."""
    judged = {name: given for name, given in (case["when"] for case in CASES) if name != "CreateOrganization"}
    with LocalDaypass() as daypass:
        for _ in range(2):
            for operation, given in judged.items():
                with pytest.raises(ServiceError) as refused:
                    daypass.daypass.operator(f"daypass:{operation}", given)
                assert refused.value.code == "AWSOrganizationsNotInUseException"
            daypass.daypass.operator("daypass:CreateOrganization", {})
            daypass.daypass.operator("daypass:DeleteOrganization", {})


def test_there_is_no_second_organization_in_another_account(company: Company) -> None:
    """Neither a member nor an account outside can have one of its own."""
    for name in ("team", "partner"):
        with pytest.raises(ServiceError) as refused:
            company.daypass.daypass.operator("daypass:CreateOrganization", {}, company.accounts[name])
        assert refused.value.code == "AlreadyInOrganizationException"


def test_as_many_policies_of_a_type_hang_on_a_target_as_on_aws(company: Company) -> None:
    """Ten SCPs and five RCPs, AWS's own included; the next is refused."""
    for kind, most in MOST_ATTACHED.items():
        for number in range(1, most + 1):
            content = json.dumps(RULES[kind])
            company.do("PutControlPolicy", Type=kind, Name=f"p{number}", Content=content)
            if number < most:
                company.do("AttachPolicy", Type=kind, Policy=f"p{number}", Target="root")
        with pytest.raises(ServiceError, match="MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"):
            company.do("AttachPolicy", Type=kind, Policy=f"p{most}", Target="root")


@pytest.mark.parametrize("kind", ["scp", "rcp"])
def test_a_policy_may_be_as_long_as_on_aws(company: Company, kind: Any) -> None:
    """White space counts; one character more is refused."""
    text = json.dumps(RULES[kind])
    company.do("PutControlPolicy", Type=kind, Name="long", Content=text.ljust(LARGEST[kind]))
    with pytest.raises(ServiceError, match="POLICY_CONTENT_LIMIT_EXCEEDED"):
        company.do("PutControlPolicy", Type=kind, Name="long", Content=text.ljust(LARGEST[kind] + 1))


def test_the_number_of_units_and_policies_is_bounded(company: Company) -> None:
    """A thousand units, a thousand policies of a type; the next is refused."""
    units = tuple(Unit(f"ou-x-{n}", f"n{n}", company.made.root, 0) for n in range(MOST_UNITS - len(company.made.units)))
    full = replace(company.made, units=(*company.made.units, *units))
    policies = [ControlPolicy(f"p-{n}", "scp", f"n{n}", "{}", 0, 0) for n in range(MOST_POLICIES)]
    with company.daypass.daypass.storage.store.transaction(company.management) as change:
        change.put(full)
        for policy in policies:
            change.put(policy)
    with pytest.raises(ServiceError, match="OU_NUMBER_LIMIT_EXCEEDED"):
        company.do("CreateOrganizationalUnit", Name="more", Parent="root")
    with pytest.raises(ServiceError, match="POLICY_NUMBER_LIMIT_EXCEEDED"):
        company.do("PutControlPolicy", Type="scp", Name="more", Content=json.dumps(RULES["scp"]))
    company.do("PutControlPolicy", Type="rcp", Name="more", Content=json.dumps(RULES["rcp"]))


def test_a_malformed_policy_is_told_in_aws_words_and_where(company: Company) -> None:
    """AWS's sentence first, then the fault."""
    broken = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "nonsense", "Resource": "*"}}
    )
    with pytest.raises(ServiceError) as refused:
        company.do("PutControlPolicy", Type="scp", Name="broken", Content=broken)
    assert refused.value.message == (
        "The provided policy document does not meet the requirements of the specified policy type. "
        "(Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.)"
    )


def test_a_new_text_acts_where_the_policy_hangs(company: Company) -> None:
    """Putting a policy again changes what it denies and keeps its id, its places and, unless given, its description."""
    first = company.put("scp", "p", [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}])
    company.do("AttachPolicy", Type="scp", Policy="p", Target="workloads")
    assert company.ask("team admin", "iam:ListUsers").status == 403
    assert company.put("scp", "p", [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]) == first
    assert company.ask("team admin", "iam:ListUsers").status == 200


@pytest.mark.parametrize("operation", sorted(OF_ORGANIZATION))
def test_only_the_operator_changes_the_organization(operation: str) -> None:
    """Each handler refuses every other principal, root of the management account included."""

    class FromTheNetwork:
        class caller:  # noqa: N801
            principal = Root("123456789012")

    found = REGISTRY.find(f"daypass:{operation}")
    assert found is not None
    with pytest.raises(AccessDenied, match="Only the operator"):
        found.handler(FromTheNetwork())  # type: ignore[arg-type]


def test_every_change_has_its_record(company: Company) -> None:
    """What was changed, by whom, with which parameters, in the management account."""
    company.do("CreateOrganizationalUnit", Name="seen", Parent="root")
    lines = [json.loads(line) for file in (company.daypass.data / "audit").glob("*.jsonl") for line in file.open()]
    record = next(line for line in reversed(lines) if line["eventName"] == "CreateOrganizationalUnit")
    assert record["eventSource"] == "daypass.amazonaws.com"
    assert record["recipientAccountId"] == company.management
    assert record["requestParameters"] == {"Name": "seen", "Parent": "root"}
    assert record["userIdentity"]["invokedBy"] == "daypass"
