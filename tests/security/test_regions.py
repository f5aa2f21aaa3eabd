"""Regions that an account has switched off: no way to its credentials leads through them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daypass.operations.registry import REGISTRY
from tests.calling import element
from tests.security.world import ON_THE_WIRE, World, new_world

TOKENS_FOR_OTHERS = {"sts:GetWebIdentityToken"}
"""It mints no credentials, and AWS's model does not know the refusal for it."""

MINTING = [
    name
    for name in ON_THE_WIRE
    if (found := REGISTRY.find(name)) and found.effect == "mints" and name not in TOKENS_FOR_OTHERS
]
OFF, OPT_IN = "eu-west-3", "me-south-1"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world whose accounts have deactivated a region."""
    with new_world() as made:
        for account in (made.account, made.member):
            made.daypass.daypass.operator("daypass:DisableRegion", {"Region": OFF}, account)
        yield made


@pytest.mark.parametrize("region", [OFF, OPT_IN])
@pytest.mark.parametrize("operation", MINTING)
def test_no_action_issues_credentials_in_a_region_that_is_not_active(world: World, operation: str, region: str) -> None:
    """Each action that issues credentials is refused there, in AWS's words, and works in another region."""
    service, action = operation.split(":")
    _, administrator = world.person(f"{action}-{region}", "arn:aws:iam::aws:policy/AdministratorAccess")
    params = world.params(operation, world.prepare(operation))
    owner = world.member if operation == "sts:AssumeRoot" else world.account
    answer = world.daypass.call(service, action, params, administrator, region=region)
    assert (answer.status, element(answer, "Code")) == (403, "RegionDisabledException"), answer.body
    assert element(answer, "Message") == (
        f"STS is not activated in this region for account:{owner}. "
        "Your account administrator can activate STS in this region using the IAM Console."
    )
    assert b"SecretAccessKey" not in answer.body
    assert world.daypass.call(service, action, params, administrator, region="eu-west-1").status == 200


@pytest.mark.parametrize("region", [OFF, OPT_IN])
@pytest.mark.parametrize(
    "operation", ["sts:GetCallerIdentity", "sts:GetAccessKeyInfo", "sts:DecodeAuthorizationMessage"]
)
def test_what_issues_nothing_is_answered_everywhere(world: World, operation: str, region: str) -> None:
    """Whoever asks who he is gets his answer in every region."""
    service, action = operation.split(":")
    assert world.daypass.call(service, action, world.params(operation), region=region).status == 200
