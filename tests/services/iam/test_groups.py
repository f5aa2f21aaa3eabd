"""Groups under many hands at once."""

from __future__ import annotations

from daypass.testing.backend import together
from tests.services.iam.world import World


def test_joining_and_deleting_at_once_leaves_nobody_in_a_group_that_is_gone(world: World) -> None:
    """Whichever comes first, the other is refused or finds a new group: a membership never hangs in the air."""
    for name in ("ann", "bob"):
        world.must("CreateUser", {"UserName": name})

    def call(operation: str, params: dict[str, str]) -> None:
        for _ in range(25):
            world.daypass.call("iam", operation, params, world.admin)

    acts = [
        ("CreateGroup", {"GroupName": "staff"}),
        ("DeleteGroup", {"GroupName": "staff"}),
        ("AddUserToGroup", {"GroupName": "staff", "UserName": "ann"}),
        ("AddUserToGroup", {"GroupName": "staff", "UserName": "bob"}),
        ("RemoveUserFromGroup", {"GroupName": "staff", "UserName": "ann"}),
        ("UpdateUser", {"UserName": "bob", "NewUserName": "Bob"}),
        ("UpdateUser", {"UserName": "Bob", "NewUserName": "bob"}),
    ]
    assert together(*(lambda act=act: call(*act) for act in acts)) == [None] * len(acts)  # type: ignore[misc]
    assert world.daypass.daypass.storage.defects() == ()
