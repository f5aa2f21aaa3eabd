"""Lists page by page: nothing twice, nothing left out, whatever changes meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.iam.world import S3, Refusal, World

INVALID = Refusal(400, "ValidationError", "Invalid Marker.")


def names(world: World, **params: object) -> tuple[list[str], str | None]:
    """A page of user names, and the marker of the next."""
    answer = world.must("ListUsers", params)
    assert answer["IsTruncated"] == ("Marker" in answer)
    return [user["UserName"] for user in answer["Users"]], answer.get("Marker")


def test_pages_join_to_the_whole_list_in_order(world: World) -> None:
    """Every page has as many as asked for, the last says that it is the last."""
    for name in ("d", "B", "c", "A"):
        world.must("CreateUser", {"UserName": name})
    first, marker = names(world, MaxItems=2)
    second, marker = names(world, MaxItems=2, Marker=marker)
    third, end = names(world, MaxItems=2, Marker=marker)
    assert (first, second, third, end) == (["A", "admin"], ["B", "c"], ["d"], None)


def test_a_page_that_holds_exactly_the_rest_is_the_last(world: World) -> None:
    """No empty page follows."""
    world.must("CreateUser", {"UserName": "b"})
    assert names(world, MaxItems=2) == (["admin", "b"], None)


def test_what_comes_and_goes_between_pages_hides_and_repeats_nothing(world: World) -> None:
    """The next page begins after the last item seen, even when that item is gone and others came before it."""
    for name in ("b", "c", "d"):
        world.must("CreateUser", {"UserName": name})
    first, marker = names(world, MaxItems=2)
    world.must("DeleteUser", {"UserName": "b"})
    world.must("CreateUser", {"UserName": "a"})
    second, _ = names(world, MaxItems=2, Marker=marker)
    assert (first, second) == (["admin", "b"], ["c", "d"])


@pytest.mark.parametrize("marker", ["garbage", "AAAA", "!", "é", "=" * 8, "A" * 320])
def test_a_marker_that_was_never_given_is_invalid(marker: str, world: World) -> None:
    """Nothing but a marker of this operation is taken."""
    assert world.call("ListUsers", {"Marker": marker}) == INVALID


def test_a_marker_of_another_operation_is_invalid(world: World) -> None:
    """Markers belong to the list they were given for."""
    world.must("CreateUser", {"UserName": "b"})
    _, marker = names(world, MaxItems=1)
    assert world.call("ListRoles", {"Marker": marker}) == INVALID


def test_a_damaged_marker_is_invalid(world: World) -> None:
    """Not one character may differ."""
    world.must("CreateUser", {"UserName": "b"})
    _, marker = names(world, MaxItems=1)
    assert marker is not None
    assert world.call("ListUsers", {"Marker": ("B" if marker[0] == "A" else "A") + marker[1:]}) == INVALID


def test_a_hundred_is_the_usual_page(world: World) -> None:
    """Without MaxItems a page has a hundred items."""
    with world.daypass.daypass.storage.store.transaction(world.account) as transaction:
        (admin,) = transaction.account.users.values()
        for number in range(100):
            transaction.put(type(admin)(f"AIDA{number:017d}", f"u{number:03d}", "/", 0))
    first, marker = names(world)
    rest, end = names(world, Marker=marker)
    assert (len(first), rest, end) == (100, ["u099"], None)


def test_boto3_walks_the_pages_by_itself(world: World) -> None:
    """The paginators and waiters of the SDK understand what is sent."""
    for name in "bcd":
        world.must("CreateUser", {"UserName": name})
    iam = world.daypass.client("iam", world.admin)
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3})
    assert [[user["UserName"] for user in each["Users"]] for each in pages] == [["admin", "b", "c"], ["d"]]
    iam.get_waiter("user_exists").wait(UserName="d", WaiterConfig={"MaxAttempts": 1})


def test_several_lists_are_paged_as_one(world: World) -> None:
    """ListEntitiesForPolicy goes through groups, users, then roles; each page has all its lists."""
    arn = world.must("CreatePolicy", {"PolicyName": "p", "PolicyDocument": S3})["Policy"]["Arn"]
    for name in ("b", "a"):
        world.must("CreateGroup", {"GroupName": name})
        world.must("AttachGroupPolicy", {"GroupName": name, "PolicyArn": arn})
        world.must("CreateUser", {"UserName": name, "PermissionsBoundary": arn})
        world.must(
            "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": world.trust(), "PermissionsBoundary": arn}
        )
    seen, marker = [], None
    while True:
        more = {"Marker": marker} if marker else {}
        answer = world.must("ListEntitiesForPolicy", {"PolicyArn": arn, "MaxItems": 1, **more})
        assert {"PolicyUsers", "PolicyRoles", "PolicyGroups"} <= answer.keys()
        for kind in ("Group", "User", "Role"):
            seen += [(kind, entity[f"{kind}Name"]) for entity in answer[f"Policy{kind}s"]]
        if not answer["IsTruncated"]:
            break
        marker = answer["Marker"]
    assert seen == [(kind, name) for kind in ("Group", "User", "Role") for name in "ab"]


def test_the_users_of_a_group_are_paged_and_every_page_tells_of_the_group(world: World) -> None:
    """Who joins or leaves between two pages repeats and hides nobody else."""
    made = world.must("CreateGroup", {"GroupName": "staff"})["Group"]
    for name in ("e", "b", "D", "c"):
        world.must("CreateUser", {"UserName": name})
        world.must("AddUserToGroup", {"GroupName": "staff", "UserName": name})
    first = world.must("GetGroup", {"GroupName": "staff", "MaxItems": 2})
    world.must("RemoveUserFromGroup", {"GroupName": "staff", "UserName": "c"})
    world.must("AddUserToGroup", {"GroupName": "staff", "UserName": "admin"})
    second = world.must("GetGroup", {"GroupName": "staff", "Marker": first["Marker"]})
    assert [[user["UserName"] for user in answer["Users"]] for answer in (first, second)] == [["b", "c"], ["D", "e"]]
    assert first["Group"] == second["Group"] == made
    assert (first["IsTruncated"], second["IsTruncated"], "Marker" in second) == (True, False, False)


_KEY = st.text(st.sampled_from("aé漢 𝐚"), min_size=1, max_size=128).filter(lambda key: key.strip() == key)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.one_of(_KEY, _KEY.map(lambda key: ("漢" * 120 + key)[:128])), unique=True, min_size=2, max_size=6)
)
def test_tags_with_keys_longer_than_a_marker_are_paged_too(keys: list[str], world: World) -> None:
    """A key of 128 wide characters does not fit into a marker; pages still join to the whole list."""
    name = f"p{abs(hash(tuple(keys)))}"
    tags = [{"Key": key, "Value": ""} for key in keys]
    arn = world.must("CreatePolicy", {"PolicyName": name, "PolicyDocument": S3, "Tags": tags})["Policy"]["Arn"]
    seen, marker = [], None
    for _ in keys:
        more = {"Marker": marker} if marker else {}
        answer = world.must("ListPolicyTags", {"PolicyArn": arn, "MaxItems": 1, **more})
        seen += [tag["Key"] for tag in answer["Tags"]]
        marker = answer.get("Marker")
    world.must("DeletePolicy", {"PolicyArn": arn})
    assert marker is None
    assert seen == sorted(keys, key=lambda key: (len(key), key))
