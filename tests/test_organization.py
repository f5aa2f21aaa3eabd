"""Where accounts stand, and what hangs above them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daypass.entities import ControlPolicy, ControlType, Organization, Unit
from daypass.organization import FULL_ACCESS, Tree, with_attached

FULL = FULL_ACCESS["scp"].id
MANAGEMENT, OUTSIDE, IN_ROOT, IN_TEAM, DEEP = (str(number) * 12 for number in (1, 2, 3, 4, 5))
POLICIES = {
    name: ControlPolicy(name, kind, name, "{}", 0, 0)
    for name, kind in (("p-root", "scp"), ("p-team", "scp"), ("p-deep", "scp"), ("p-wall", "rcp"))
}
ORGANIZATION = Organization(
    "o-a",
    "r-a",
    0,
    units=(Unit("ou-a-team", "team", "r-a", 0), Unit("ou-a-deep", "deep", "ou-a-team", 0)),
    placements=((OUTSIDE, ""), (IN_TEAM, "ou-a-team"), (DEEP, "ou-a-deep")),
    scps=((DEEP, ("p-deep",)), ("ou-a-team", (FULL, "p-team")), ("r-a", (FULL, "p-root"))),
    rcps=(("ou-a-deep", (FULL_ACCESS["rcp"].id, "p-wall")),),
)


def named(tree: Tree, account: str) -> tuple[list[list[str]], list[list[str]]]:
    """The ids of the policies above an account, level by level: SCPs, RCPs."""
    member = tree.membership(account)
    assert member is not None
    return [[p.id for p in level] for level in member.scps], [[p.id for p in level] for level in member.rcps]


@pytest.fixture
def tree() -> Tree:
    return Tree(MANAGEMENT, ORGANIZATION, POLICIES)


def test_policies_stand_in_the_order_of_the_levels(tree: Tree) -> None:
    """From the root over the units to the account; a level that restricts nothing is left out."""
    assert named(tree, IN_ROOT) == ([[FULL, "p-root"]], [])
    assert named(tree, IN_TEAM) == ([[FULL, "p-root"], [FULL, "p-team"]], [])
    wall = [[FULL_ACCESS["rcp"].id, "p-wall"]]
    assert named(tree, DEEP) == ([[FULL, "p-root"], [FULL, "p-team"], ["p-deep"]], wall)


def test_paths_are_those_of_the_place(tree: Tree) -> None:
    """The path of an account names the organization, the root and every unit, and ends in a slash."""
    paths = {account: found.path for account in (IN_ROOT, IN_TEAM, DEEP) if (found := tree.membership(account))}
    assert paths == {IN_ROOT: "o-a/r-a/", IN_TEAM: "o-a/r-a/ou-a-team/", DEEP: "o-a/r-a/ou-a-team/ou-a-deep/"}


def test_the_management_account_has_a_place_and_no_restriction() -> None:
    """Wherever it stands and whatever hangs on it, it is free."""
    for place in ("r-a", "ou-a-deep"):
        moved = replace(ORGANIZATION, placements=((MANAGEMENT, place),), scps=((MANAGEMENT, ("p-deep",)),))
        member = Tree(MANAGEMENT, moved, POLICIES).membership(MANAGEMENT)
        assert member is not None
        assert (member.scps, member.rcps) == ((), ())
        assert member.path.endswith(f"{place}/")


def test_who_has_left_is_nowhere(tree: Tree) -> None:
    """An account outside has neither a path nor restrictions."""
    assert tree.membership(OUTSIDE) is None


@pytest.mark.parametrize("kind", ["scp", "rcp"])
def test_a_type_that_is_off_restricts_nothing(kind: ControlType) -> None:
    """Policies of a disabled type stay attached and have no effect; the other type goes on."""
    other: ControlType = "rcp" if kind == "scp" else "scp"
    scps, rcps = named(Tree(MANAGEMENT, replace(ORGANIZATION, types=(other,)), POLICIES), DEEP)
    assert (bool(scps), bool(rcps)) == (kind != "scp", kind != "rcp")


def test_a_level_without_policies_is_a_level(tree: Tree) -> None:
    """Where nothing at all is attached nothing is allowed, so the level must not vanish."""
    bare = replace(ORGANIZATION, scps=(("r-a", ()),))
    assert named(Tree(MANAGEMENT, bare, POLICIES), IN_ROOT)[0] == [[]]


def test_what_is_lost_restricts_everything(tree: Tree) -> None:
    """A policy or unit that is named and gone leaves a document that nobody can read, at the level where it stood."""
    for broken in (
        replace(ORGANIZATION, scps=((IN_ROOT, (FULL, "p-gone")),)),
        replace(ORGANIZATION, placements=((IN_ROOT, "ou-a-gone"),)),
        replace(ORGANIZATION, units=(Unit("ou-a-ring", "ring", "ou-a-ring", 0),), placements=((IN_ROOT, "ou-a-ring"),)),
    ):
        member = Tree(MANAGEMENT, broken, POLICIES).membership(IN_ROOT)
        assert member is not None
        assert any(policy.document == "" for level in member.scps for policy in level)


def test_accounts_of_one_place_share_what_is_above_them(tree: Tree) -> None:
    """A thousand accounts of a unit cost one value."""
    assert tree.membership(IN_ROOT) is tree.membership("999999999999")


def test_what_everybody_has_is_not_written() -> None:
    """Attachments name a target only while it differs from a new one."""
    changed = with_attached((), "r-a", (FULL, "p-root"), "scp")
    assert changed == (("r-a", (FULL, "p-root")),)
    assert with_attached(changed, "r-a", (FULL,), "scp") == ()
