"""An SCP, an RCP, or taking one more level into account never widens what anybody may: on live requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daypass.testing.local import LocalDaypass
from tests.services.organization.company import Company, told

ASKS = (
    ("team admin", "iam:ListUsers"),
    ("team nobody", "iam:ListUsers"),
    ("team root", "iam:ListUsers"),
    ("team session", "iam:ListRoles"),
    ("management admin", "iam:ListUsers"),
    ("partner admin", "iam:ListUsers"),
    ("team admin", "sts:AssumeRole", "team"),
    ("team nobody", "sts:AssumeRole", "team"),
    ("team session", "sts:AssumeRole", "management"),
    ("team admin", "sts:AssumeRole", "partner"),
    ("management admin", "sts:AssumeRole", "team"),
    ("partner admin", "sts:AssumeRole", "team"),
    ("team linked", "sts:AssumeRole", "team"),
)
TARGETS = ("root", "workloads", "workloads/prod", "sandbox", "team", "management")
EXEMPT = ("management admin", "partner admin", "team linked")
CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalOrgID": "{organization}"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "{organization}"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "{organization}/*"}},
        {"StringEquals": {"aws:ResourceOrgID": "{organization}"}},
        {"Null": {"aws:ResourceOrgPaths": "true"}},
        {"Bool": {"aws:SecureTransport": "false"}},
    ]
)
SCP = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "iam:*", "iam:ListUsers", "sts:*", "sts:AssumeRole"]),
        "Resource": st.sampled_from(["*", "arn:aws:iam::*:role/app", "arn:aws:iam::*:user/*"]),
        "Condition": CONDITIONS,
    }
)
RCP = st.fixed_dictionaries(
    {
        "Effect": st.just("Deny"),
        "Principal": st.just("*"),
        "Action": st.sampled_from(["sts:*", "sts:AssumeRole", "s3:*"]),
        "Resource": st.sampled_from(["*", "arn:aws:iam::*:role/app"]),
        "Condition": CONDITIONS,
    }
)
POLICY = st.one_of(
    st.tuples(st.just("scp"), st.lists(SCP, min_size=1, max_size=3)),
    st.tuples(st.just("rcp"), st.lists(RCP, min_size=1, max_size=2)),
)


@pytest.fixture(scope="module")
def made() -> Iterator[Company]:
    with LocalDaypass() as daypass:
        yield Company(daypass)


def attach(company: Company, policy: tuple[str, list[Any]], target: str, *, instead: bool) -> None:
    """Hang a policy on a target; ``instead``: and take FullAWSAccess away there."""
    kind, statements = policy
    name = f"p{len(company.organization.scps) + len(company.organization.rcps)}-{target.replace('/', '-')}"
    written = [_filled(statement, company.words["organization"]) for statement in statements]
    place = company.accounts.get(target, target)
    company.put(kind, name, written)
    company.do("AttachPolicy", Type=kind, Policy=name, Target=place)
    if instead and kind == "scp":
        company.do("DetachPolicy", Type="scp", Policy="FullAWSAccess", Target=place)


def _filled(statement: dict[str, Any], organization: str) -> dict[str, Any]:
    condition = {
        operator: {key: value.replace("{organization}", organization) for key, value in keys.items()}
        for operator, keys in statement["Condition"].items()
    }
    return (
        {**statement, "Condition": condition} if condition else {k: v for k, v in statement.items() if k != "Condition"}
    )


def answers(company: Company) -> list[str]:
    return [told(company.ask(*ask)) for ask in ASKS]


def test_no_control_policy_ever_widens(made: Company, cases: Callable[[int], int]) -> None:
    """Whoever gets through with policies gets through without; one Deny more lets nobody more through."""
    free = answers(made)

    @settings(max_examples=cases(30), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(POLICY, st.sampled_from(TARGETS), POLICY, st.sampled_from(TARGETS), st.booleans())
    def check(first: Any, there: str, second: Any, also: str, instead: bool) -> None:
        made.reset()
        attach(made, first, there, instead=instead)
        cut = answers(made)
        attach(made, second, also, instead=False) if (there, first[0]) != (also, second[0]) else None
        widened = [
            (ask, before, after)
            for ask, before, after in zip(ASKS, free, cut, strict=True)
            if after == "ok" and before != "ok"
        ]
        assert not widened
        if second[0] == "rcp" or all(statement["Effect"] == "Deny" for statement in second[1]):
            more = zip(ASKS, cut, answers(made), strict=True)
            assert not [ask for ask, before, after in more if after == "ok" and before != "ok"]
        exempt = [after for ask, after in zip(ASKS, cut, strict=True) if ask[0] in EXEMPT and ask[1].startswith("iam:")]
        assert exempt == ["ok"] * len(exempt)

    check()
    made.reset()
    assert answers(made) == free
