"""Trust policies are bound to whom they named when they were written."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from daypass.testing.local import Signer
from tests.services.iam.world import World

ALLOW_STS = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}


def can_assume(world: World, signer: Signer, role: str, session: str = "session") -> bool:
    """Whether ``signer`` is given a session of a role of the world's account."""
    sts = world.daypass.client("sts", signer)
    try:
        sts.assume_role(RoleArn=f"arn:aws:iam::{world.account}:role/{role}", RoleSessionName=session)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def arn(world: World, resource: str) -> str:
    return f"arn:aws:iam::{world.account}:{resource}"


def gone(world: World, name: str) -> None:
    """Delete a user and all it has."""
    for key in world.must("ListAccessKeys", {"UserName": name})["AccessKeyMetadata"]:
        world.must("DeleteAccessKey", {"UserName": name, "AccessKeyId": key["AccessKeyId"]})
    world.must("DeleteUser", {"UserName": name})


def test_a_trusted_user_assumes_the_role(world: World) -> None:
    """A user that the trust policy names needs nothing else in its own account."""
    alice = world.user("alice")
    trust = world.trust(arn(world, "user/alice"))
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust})
    assert can_assume(world, alice, "r")


def test_a_recreated_user_of_the_same_name_is_not_the_one_that_was_trusted(world: World) -> None:
    """Who takes over a deleted user's name is not trusted, not even with every permission."""
    world.user("alice")
    trust = world.trust(arn(world, "user/alice"))
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust})
    gone(world, "alice")
    again = world.user("alice")
    world.must("AttachUserPolicy", {"UserName": "alice", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
    assert not can_assume(world, again, "r")


def test_a_renamed_user_is_still_trusted(world: World) -> None:
    """The binding is to the user, not to its name."""
    alice = world.user("alice")
    trust = world.trust(arn(world, "user/alice"))
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust})
    world.must("UpdateUser", {"UserName": "alice", "NewUserName": "alicia", "NewPath": "/x/"})
    assert can_assume(world, alice, "r")


def test_whoever_takes_a_renamed_users_old_name_is_not_trusted(world: World) -> None:
    """The old ARN means nobody after a renaming."""
    world.user("alice")
    trust = world.trust(arn(world, "user/alice"))
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust})
    world.must("UpdateUser", {"UserName": "alice", "NewUserName": "alicia"})
    other = world.user("alice")
    assert not can_assume(world, other, "r")


def test_a_session_of_a_recreated_role_is_not_the_one_that_was_trusted(world: World) -> None:
    """A session ARN is bound to its role: a new role of the same name gives no such session."""
    bob = world.user("bob")
    of_bob = world.trust(arn(world, "user/bob"))
    world.must("CreateRole", {"RoleName": "ci", "AssumeRolePolicyDocument": of_bob})
    session = f"arn:aws:sts::{world.account}:assumed-role/ci/build"
    world.must("CreateRole", {"RoleName": "deploy", "AssumeRolePolicyDocument": world.trust(session)})
    outcomes = []
    for _ in range(2):
        given = world.daypass.client("sts", bob).assume_role(RoleArn=arn(world, "role/ci"), RoleSessionName="build")[
            "Credentials"
        ]
        outcomes.append(can_assume(world, Signer.of(given), "deploy"))
        world.must("DeleteRole", {"RoleName": "ci"})
        world.must("CreateRole", {"RoleName": "ci", "AssumeRolePolicyDocument": of_bob})
    assert outcomes == [True, False]


def test_a_user_of_another_account_is_shown_by_its_id_once_it_is_gone(world: World) -> None:
    """Reading a trust policy looks up its principals in whatever account they live."""
    there, admin = world.daypass.account_named(f"beside {world.account}")
    trust = world.trust(f"arn:aws:iam::{there}:user/guest")
    beside = World(world.daypass, there, admin, world.account)
    made = beside.must("CreateUser", {"UserName": "guest"})["User"]["UserId"]
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust})
    before = world.must("GetRole", {"RoleName": "r"})["Role"]["AssumeRolePolicyDocument"]
    gone(beside, "guest")
    after = world.must("GetRole", {"RoleName": "r"})["Role"]["AssumeRolePolicyDocument"]
    assert before == json.loads(trust)
    assert after["Statement"]["Principal"] == {"AWS": made}
