"""`iam:PermissionsBoundary`: which operations tell it, and of which boundary.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM"; IAM User Guide,
"Permissions boundaries for IAM entities", on delegating with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from daypass.entities import InlinePolicy
from daypass.testing.local import Signer
from tests.calling import code_of
from tests.security.world import OPERATIONS, World, document

Which = Literal["requested", "present"]

TELL: Mapping[str, Which] = {
    "iam:CreateUser": "requested",
    "iam:CreateRole": "requested",
    "iam:PutUserPermissionsBoundary": "requested",
    "iam:PutRolePermissionsBoundary": "requested",
    **dict.fromkeys(
        (
            "iam:AttachRolePolicy",
            "iam:AttachUserPolicy",
            "iam:DeleteRole",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DeleteUserPermissionsBoundary",
            "iam:DeleteUserPolicy",
            "iam:DetachRolePolicy",
            "iam:DetachUserPolicy",
            "iam:GetRole",
            "iam:PutRolePolicy",
            "iam:PutUserPolicy",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            "iam:UpdateRoleDescription",
        ),
        "present",
    ),
}
"""Operations whose policies may ask for it: the boundary in the request, or the one that the entity has now."""

ABOUT_AN_ENTITY = [name for name, params in OPERATIONS.items() if {"UserName", "RoleName"} & params.keys()]


class Scene:
    """Users and roles with the boundary `now`, and requests that bring the boundary `new`."""

    def __init__(self, world: World) -> None:
        self.world, self.names = world, world.prepare()
        n = self.names["n"]
        self.now, self.new = (world.policy(f"{kind}-boundary-{n}", document("*")) for kind in ("now", "new"))
        account = world.snapshot()
        users = [account.users_by_name[self.names[name]] for name in ("user", "bare_user")]
        roles = [account.roles_by_name[self.names[name]] for name in ("role", "bare_role")]
        world.put(*(replace(entity, boundary=self.now) for entity in (*users, *roles)))

    def caller(self, condition: Mapping[str, Any]) -> Signer:
        """Somebody who may do everything under `condition`."""
        text = json.loads(document("*"))
        text["Statement"][0]["Condition"] = condition
        inline = (InlinePolicy("conditional", json.dumps(text)),)
        return self.world.person(f"asker-{self.world.prepare()['n']}", inline=inline)[1]

    def code(self, operation: str, condition: Mapping[str, Any]) -> str:
        """What becomes of `operation` when it is allowed under `condition` only."""
        params = self.world.params(operation, self.names)
        if TELL.get(operation) == "requested":
            params["PermissionsBoundary"] = self.new
        service, action = operation.split(":")
        return code_of(self.world.daypass.call(service, action, params, self.caller(condition)))


def equals(boundary: str) -> dict[str, Any]:
    return {"StringEquals": {"iam:PermissionsBoundary": boundary}}


ABSENT = {"Null": {"iam:PermissionsBoundary": "true"}}


def test_every_operation_of_the_table_is_one_about_an_entity() -> None:
    """No row of the table is dead."""
    assert set(ABOUT_AN_ENTITY) >= TELL.keys()


@pytest.mark.parametrize("operation", TELL)
def test_the_operation_tells_the_right_boundary(world: World, operation: str) -> None:
    """A condition holds for exactly one of the two: what the request would set, or what limits the entity now."""
    right, wrong = ("new", "now") if TELL[operation] == "requested" else ("now", "new")
    scene = Scene(world)
    assert scene.code(operation, equals(getattr(scene, wrong))) == "AccessDenied"
    assert scene.code(operation, ABSENT) == "AccessDenied"
    assert scene.code(operation, equals(getattr(scene, right))) == "200"


@pytest.mark.parametrize("operation", sorted(set(ABOUT_AN_ENTITY) - TELL.keys()))
def test_any_other_operation_tells_none(world: World, operation: str) -> None:
    """Where AWS's table has no such key, it is absent although the entity has a boundary."""
    scene = Scene(world)
    assert scene.code(operation, equals(scene.now)) == "AccessDenied"
    assert scene.code(operation, ABSENT) == "200"


@pytest.mark.parametrize("operation", ["iam:CreateUser", "iam:CreateRole", "iam:AttachUserPolicy", "iam:PutRolePolicy"])
def test_without_a_boundary_the_key_is_absent(world: World, operation: str) -> None:
    """Neither asked for nor there, it cannot be equal to anything."""
    names = world.prepare()
    names |= {"user": names["bare_user"], "role": names["bare_role"]}
    scene = Scene(world)
    params = world.params(operation, names)
    service, action = operation.split(":")
    for condition, code in ((equals(scene.now), "AccessDenied"), (ABSENT, "200")):
        assert code_of(world.daypass.call(service, action, params, scene.caller(condition))) == code
