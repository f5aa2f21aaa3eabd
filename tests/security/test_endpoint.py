"""The policy that guards a node: no operation gets around it, and nothing that was remembered does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daypass.testing.local import LocalDaypass
from tests.calling import code_of, element
from tests.security.world import ON_THE_WIRE, World

EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@contextmanager
def guarded(tmp_path: Path, *statements: dict[str, object]) -> Iterator[World]:
    """A world behind a node with this endpoint policy."""
    file = tmp_path / "endpoint.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    with LocalDaypass(tmp_path / "data", endpoint_policy=str(file)) as daypass:
        yield World(daypass)


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ([EVERYTHING, {**EVERYTHING, "Effect": "Deny"}], "with an explicit deny in a VPC endpoint policy"),
        ([{**EVERYTHING, "Action": "s3:*"}], "because no VPC endpoint policy allows the {} action"),
        ([{**EVERYTHING, "Principal": {"AWS": "999999999999"}}], "because no VPC endpoint policy allows the {} action"),
    ],
)
def test_no_operation_gets_around_the_endpoint_policy(
    tmp_path: Path, statements: list[dict[str, object]], why: str
) -> None:
    """Every operation, GetCallerIdentity and GetSessionToken too, is refused to an administrator, in AWS's words."""
    with guarded(tmp_path, *statements) as world:
        names, before = world.prepare(), world.snapshot()
        for operation in ON_THE_WIRE:
            answer = world.call(operation, world.daypass.admin, names)
            assert code_of(answer) == "AccessDenied", operation
            told = element(answer, "Message")
            if "is not authorized to perform" in told and operation != "iam:GetAccessKeyLastUsed":
                assert why.partition("{}")[0] in told, (operation, told)
        assert world.snapshot() is before


def test_what_the_endpoint_policy_allows_goes_on(tmp_path: Path) -> None:
    """A policy that allows everything to everybody changes nothing."""
    with guarded(tmp_path, EVERYTHING) as world:
        names = world.prepare()
        assert code_of(world.call("sts:AssumeRole", world.daypass.admin, names)) == "200"
        assert code_of(world.call("sts:GetCallerIdentity", world.daypass.admin, names)) == "200"


def test_a_decision_that_was_remembered_does_not_outlive_what_the_guard_asks(tmp_path: Path) -> None:
    """A condition of the endpoint policy is asked at each request, though the same caller got the same role before."""
    welcome = {**EVERYTHING, "Condition": {"StringEquals": {"aws:UserAgent": "welcome"}}}
    with guarded(tmp_path, welcome) as world:
        role = {"RoleArn": world.names["role_arn"], "RoleSessionName": "remembered"}
        codes = [
            code_of(world.daypass.call("sts", "AssumeRole", role, headers={"User-Agent": agent}))
            for agent in ("welcome", "welcome", "stranger", "welcome", "stranger")
        ]
        assert codes == ["200", "200", "AccessDenied", "200", "AccessDenied"]


def test_the_operator_does_not_pass_the_endpoint(tmp_path: Path) -> None:
    """Whoever locks himself out over the network mends it on the machine."""
    with guarded(tmp_path, {**EVERYTHING, "Effect": "Deny"}) as world:
        made = world.daypass.daypass.operator("iam:CreateAccessKey", {"UserName": "admin"})
        assert made["AccessKey"]["UserName"] == "admin"
