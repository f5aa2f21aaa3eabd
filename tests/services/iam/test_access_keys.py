"""Access keys at work: they sign, they are switched off, they remember their last use."""

from __future__ import annotations

from base64 import b64decode

import pytest

from daypass.ids import account_of
from daypass.testing.local import Signer
from tests.services.iam.world import Refusal, World


def identity(world: World, signer: Signer) -> object:
    """What GetCallerIdentity answers: the ARN, or the error code."""
    sts = world.daypass.client("sts", signer)
    try:
        return sts.get_caller_identity()["Arn"]
    except sts.exceptions.ClientError as error:
        return error.response["Error"]["Code"]


def test_a_new_key_looks_like_awss_and_carries_its_account(world: World) -> None:
    """The id tells its account, the secret is 40 characters of base64."""
    made = world.must("CreateAccessKey", {"UserName": "admin"})["AccessKey"]
    assert made["AccessKeyId"].startswith("AKIA")
    assert len(made["AccessKeyId"]) == 20
    assert account_of(made["AccessKeyId"]) == world.account
    assert len(made["SecretAccessKey"]) == 40
    assert len(b64decode(made["SecretAccessKey"], validate=True)) == 30


def test_a_key_works_until_it_is_switched_off_and_again_when_on(world: World) -> None:
    """Status acts at once, both ways."""
    alice = world.user("alice")
    seen = [identity(world, alice)]
    for status in ("Inactive", "Active"):
        world.must("UpdateAccessKey", {"UserName": "alice", "AccessKeyId": alice.access_key_id, "Status": status})
        seen.append(identity(world, alice))
    arn = f"arn:aws:iam::{world.account}:user/alice"
    assert seen == [arn, "InvalidClientTokenId", arn]


def test_a_deleted_key_never_works_again(world: World) -> None:
    """Deletion acts at once."""
    alice = world.user("alice")
    world.must("DeleteAccessKey", {"UserName": "alice", "AccessKeyId": alice.access_key_id})
    assert identity(world, alice) == "InvalidClientTokenId"


def test_a_key_remembers_its_last_use(world: World) -> None:
    """After a call the key tells service, region and time."""
    alice = world.user("alice")
    world.daypass.client("sts", alice, region="eu-west-1").get_caller_identity()
    use = world.must("GetAccessKeyLastUsed", {"AccessKeyId": alice.access_key_id})
    assert use["UserName"] == "alice"
    assert (use["AccessKeyLastUsed"]["ServiceName"], use["AccessKeyLastUsed"]["Region"]) == ("sts", "eu-west-1")
    assert abs(use["AccessKeyLastUsed"]["LastUsedDate"].timestamp() - world.daypass.clock.now()) < 60


def test_a_key_of_another_account_is_as_unknown_as_none(world: World) -> None:
    """GetAccessKeyLastUsed tells nothing about keys of other accounts."""
    foreign = world.daypass.admin.access_key_id
    answer = world.call("GetAccessKeyLastUsed", {"AccessKeyId": foreign})
    assert answer == Refusal(
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{world.account}:user/admin is not authorized to perform iam:GetAccessKeyLastUsed "
        f"on resource: access key {foreign}",
    )


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetUser", {}),
        ("CreateAccessKey", {}),
        ("ListAccessKeys", {}),
        ("DeleteAccessKey", {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ"}),
        ("UpdateAccessKey", {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ", "Status": "Active"}),
    ],
)
def test_a_role_session_must_name_the_user(operation: str, params: dict[str, str], world: World) -> None:
    """Without a user name these operations are about the caller, and a role session is no user."""
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": world.trust()})
    world.must("AttachRolePolicy", {"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
    role = f"arn:aws:iam::{world.account}:role/r"
    given = world.daypass.client("sts", world.admin).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    answer = world.call(operation, params, Signer.of(given))
    assert answer == Refusal(400, "ValidationError", "Must specify userName when calling with non-User credentials")


def test_a_role_remembers_when_a_session_of_it_was_last_used(world: World) -> None:
    """GetRole tells time and region of the last call that a session of the role made."""
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": world.trust()})
    role = f"arn:aws:iam::{world.account}:role/r"
    given = world.daypass.client("sts", world.admin).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    world.daypass.client("sts", given, region="eu-central-1").get_caller_identity()
    use = world.must("GetRole", {"RoleName": "r"})["Role"]["RoleLastUsed"]
    assert use["Region"] == "eu-central-1"
    assert abs(use["LastUsedDate"].timestamp() - world.daypass.clock.now()) < 60
