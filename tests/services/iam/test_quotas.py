"""What an account may hold, at the very limit and one above."""

from __future__ import annotations

import json

import pytest

from daypass.services.iam import quotas
from tests.services.iam.world import S3, Refusal, World


def policy_of(size: int) -> str:
    """An identity policy of exactly ``size`` characters."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Sid": ""}
    empty = json.dumps({"Version": "2012-10-17", "Statement": statement}, separators=(",", ":"))
    return empty.replace('"Sid":""', f'"Sid":"{"a" * (size - len(empty))}"')


def trust_of(world: World, size: int) -> str:
    """A trust policy of exactly ``size`` characters."""
    statement = {"Effect": "Allow", "Principal": {"AWS": world.account}, "Action": "sts:AssumeRole", "Sid": ""}
    empty = json.dumps({"Version": "2012-10-17", "Statement": statement}, separators=(",", ":"))
    return empty.replace('"Sid":""', f'"Sid":"{"a" * (size - len(empty))}"')


def make(world: World, kind: str, name: str = "x") -> None:
    """A user, group or role."""
    trust = {"AssumeRolePolicyDocument": world.trust()} if kind == "Role" else {}
    world.must(f"Create{kind}", {f"{kind}Name": name, **trust})


def test_a_managed_policy_may_have_6144_characters(world: World) -> None:
    """One more is too many, and white space does not count."""
    fits = policy_of(6144).replace(",", " ,\n\t ")
    world.must("CreatePolicy", {"PolicyName": "fits", "PolicyDocument": fits})
    answer = world.call("CreatePolicy", {"PolicyName": "long", "PolicyDocument": policy_of(6145)})
    assert answer == Refusal(409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def test_a_version_of_a_managed_policy_is_measured_too(world: World) -> None:
    """CreatePolicyVersion has the same limit."""
    arn = world.must("CreatePolicy", {"PolicyName": "p", "PolicyDocument": S3})["Policy"]["Arn"]
    answer = world.call("CreatePolicyVersion", {"PolicyArn": arn, "PolicyDocument": policy_of(6145)})
    assert answer == Refusal(409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


@pytest.mark.parametrize(("kind", "limit"), [("User", 2048), ("Group", 5120), ("Role", 10240)])
def test_the_inline_policies_of_one_entity_are_measured_together(kind: str, limit: int, world: World) -> None:
    """The sum fits exactly; one character more in any of them is too many; replacing does not count twice."""
    make(world, kind)
    half = limit // 2
    for name in ("one", "two", "two"):
        params = {f"{kind}Name": "x", "PolicyName": name, "PolicyDocument": policy_of(half)}
        world.must(f"Put{kind}Policy", params)
    answer = world.call(f"Put{kind}Policy", params | {"PolicyDocument": policy_of(half + 1)})
    message = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} x"
    assert answer == Refusal(409, "LimitExceeded", message)


def test_a_trust_policy_may_have_2048_characters(world: World) -> None:
    """One more is too many, at birth and later."""
    world.must("CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust_of(world, 2048)})
    refused = Refusal(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    long = trust_of(world, 2049)
    assert world.call("UpdateAssumeRolePolicy", {"RoleName": "r", "PolicyDocument": long}) == refused
    assert world.call("CreateRole", {"RoleName": "s", "AssumeRolePolicyDocument": long}) == refused


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_ten_policies_may_be_attached(kind: str, world: World) -> None:
    """The eleventh is too many."""
    make(world, kind)
    answer: object = None
    for number in range(11):
        arn = world.must("CreatePolicy", {"PolicyName": f"p{number}", "PolicyDocument": S3})["Policy"]["Arn"]
        assert not isinstance(answer, Refusal)
        answer = world.call(f"Attach{kind}Policy", {f"{kind}Name": "x", "PolicyArn": arn})
    assert answer == Refusal(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: 10")


def test_a_user_may_be_in_ten_groups(world: World) -> None:
    """The eleventh is too many; joining again one of the ten is not, and leaving one makes room."""
    make(world, "User")
    joins = [{"GroupName": f"g{number}", "UserName": "x"} for number in range(11)]
    for join in joins:
        make(world, "Group", join["GroupName"])
    for join in joins[:10]:
        world.must("AddUserToGroup", join)
    answer = world.call("AddUserToGroup", joins[10])
    assert answer == Refusal(409, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
    world.must("AddUserToGroup", joins[0])
    world.must("RemoveUserFromGroup", joins[0])
    world.must("AddUserToGroup", joins[10])
    groups = world.must("ListGroupsForUser", {"UserName": "x"})["Groups"]
    assert {group["GroupName"] for group in groups} == {f"g{number}" for number in range(1, 11)}


def test_fifty_tags_are_all_there_is_room_for(world: World) -> None:
    """Merging may not exceed fifty; overwriting at fifty may."""
    tags = [{"Key": f"k{number}", "Value": "1"} for number in range(50)]
    world.must("CreateUser", {"UserName": "x", "Tags": tags})
    world.must("TagUser", {"UserName": "x", "Tags": [{"Key": "K0", "Value": "2"}]})
    answer = world.call("TagUser", {"UserName": "x", "Tags": [{"Key": "k50", "Value": "1"}]})
    assert answer == Refusal(409, "LimitExceeded", "The number of tags has reached the maximum limit.")


def test_fifty_one_tags_in_one_request_are_a_validation_error(world: World) -> None:
    """The service model's own limit speaks first."""
    tags = [{"Key": f"k{number}", "Value": "1"} for number in range(51)]
    answer = world.call("CreateUser", {"UserName": "x", "Tags": tags})
    assert answer == Refusal(
        400,
        "ValidationError",
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: "
        "Member must have length less than or equal to 50",
    )


@pytest.mark.parametrize(
    ("quota", "operation", "params", "message"),
    [
        ("USERS", "CreateUser", {"UserName": "b"}, "Cannot exceed quota for UsersPerAccount: 2"),
        ("GROUPS", "CreateGroup", {"GroupName": "b"}, "Cannot exceed quota for GroupsPerAccount: 2"),
        (
            "ROLES",
            "CreateRole",
            {"RoleName": "b", "AssumeRolePolicyDocument": "{trust}"},
            "Cannot exceed quota for RolesPerAccount: 2",
        ),
        (
            "POLICIES",
            "CreatePolicy",
            {"PolicyName": "b", "PolicyDocument": S3},
            "Cannot exceed quota for PoliciesPerAccount: 2",
        ),
    ],
)
def test_an_account_holds_so_many_and_a_refused_one_leaves_nothing(
    quota: str, operation: str, params: dict[str, str], message: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One above the limit (set to two here) is refused, and it is not there afterwards."""
    monkeypatch.setattr(quotas, quota, quotas.Quota(2, getattr(quotas, quota).message))
    given = world.filled(params)
    name = next(key for key in given if key.endswith("Name"))
    while not isinstance(answer := world.call(operation, given), Refusal):
        given[name] += "b"
    assert answer == Refusal(409, "LimitExceeded", message)
    listed = {"USERS": "ListUsers", "GROUPS": "ListGroups", "ROLES": "ListRoles", "POLICIES": "ListPolicies"}[quota]
    scope = {"Scope": "Local"} if quota == "POLICIES" else {}
    (things,) = (value for value in world.must(listed, scope).values() if isinstance(value, list))
    assert len(things) == 2
