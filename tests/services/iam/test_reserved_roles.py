"""Roles of services are changed by their services only. None can be made yet, so the tests put one into the store."""

from __future__ import annotations

import pytest

from daypass.entities import Role
from tests.services.iam.world import S3, Refusal, World

NAME = "AWSServiceRoleForTest"
BOUNDARY = {"PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
POLICY = {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}


@pytest.fixture
def reserved(world: World) -> World:
    """A world with a service's role."""
    role = Role(f"AROA{'A' * 17}", NAME, "/aws-service-role/test.amazonaws.com/", 0, trust=world.trust())
    with world.daypass.daypass.storage.store.transaction(world.account) as transaction:
        transaction.put(role)
    return world


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("AttachRolePolicy", POLICY),
        ("DetachRolePolicy", POLICY),
        ("PutRolePolicy", {"PolicyName": "p", "PolicyDocument": S3}),
        ("DeleteRolePolicy", {"PolicyName": "p"}),
        ("PutRolePermissionsBoundary", BOUNDARY),
        ("DeleteRolePermissionsBoundary", {}),
        ("UpdateRole", {"Description": "mine"}),
        ("UpdateAssumeRolePolicy", {"PolicyDocument": S3}),
        ("DeleteRole", {}),
    ],
)
def test_a_services_role_is_not_changed(operation: str, params: dict[str, str], reserved: World) -> None:
    """Every write but tagging and describing is refused in AWS's words."""
    assert reserved.call(operation, {"RoleName": NAME, **params}) == Refusal(
        400,
        "UnmodifiableEntity",
        f"Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS",
    )


def test_a_services_role_may_be_described(reserved: World) -> None:
    """Its description is the account's to write."""
    answer = reserved.must("UpdateRoleDescription", {"RoleName": NAME, "Description": "ours"})
    assert answer["Role"]["Description"] == "ours"
