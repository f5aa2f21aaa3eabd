"""What every store must keep about the organization."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Account, ControlPolicy, Organization, Unit
from daypass.organization import FULL_ACCESS, Membership, Tree
from daypass.ports import AlreadyExists
from daypass.testing.backend import ACCOUNT, OTHER, Backend, answer, create, put, refused, remove, until, user

ORGANIZATION = Organization("o-example123", "r-root", 1_700_000_000)
LIMITS = ControlPolicy("p-limits01", "scp", "limits", "{}", 1_700_000_000, 1_700_000_000)
LIMITED = replace(ORGANIZATION, scps=(("r-root", (FULL_ACCESS["scp"].id, LIMITS.id)),))
RESTRICTED = Membership("o-example123", ACCOUNT, "o-example123/r-root/", ((FULL_ACCESS["scp"], LIMITS),))
FREE = Membership("o-example123", ACCOUNT, "o-example123/r-root/")
THIRD = "777788889999"


class OrganizationConformance:
    """One test a sentence. ``backend`` is a fresh store."""

    def test_every_way_to_a_snapshot_knows_the_organization(self, backend: Backend) -> None:
        """Kept in memory, loaded, changed, in a transaction, made anew, reopened: each is restricted by the root."""
        with backend.open() as storage:
            create(storage)
            create(storage, OTHER, user("a"))
            assert answer(storage, OTHER).membership is None
            put(storage, LIMITS, LIMITED)
            assert answer(storage, OTHER).membership == RESTRICTED
            assert answer(storage).membership == FREE
            put(storage, user("b"), account=OTHER)
            assert answer(storage, OTHER).membership == RESTRICTED
            create(storage, THIRD)
            assert answer(storage, THIRD).membership == RESTRICTED
        with backend.open() as storage:
            with storage.store.transaction(OTHER) as change:
                assert change.account.membership == RESTRICTED
                change.put(user("c"))
                assert change.account.membership == RESTRICTED
            assert answer(storage, OTHER).membership == RESTRICTED
        with backend.open() as storage:
            loaded = storage.directory.load(OTHER)
            assert loaded is not None
            assert loaded.membership == RESTRICTED
            assert storage.defects() == ()

    def test_another_process_finds_accounts_where_they_now_stand(self, backend: Backend) -> None:
        """A restriction counts at the next request of every process of the host, though the account did not change."""
        with backend.open() as storage, backend.open() as writer:
            create(writer)
            create(writer, OTHER)
            for organization, expected in ((ORGANIZATION, FREE), (LIMITED, RESTRICTED), (ORGANIZATION, FREE)) * 3:
                before = answer(storage, OTHER).revision
                put(writer, LIMITS, organization)
                assert answer(storage, OTHER).membership == expected
                assert answer(storage, OTHER).revision == before

    def test_another_host_learns_of_a_restriction_within_a_second(self, backend: Backend) -> None:
        """A host that shares only the database restricts the account, whether or not it has it in memory."""
        with backend.open() as storage, backend.open_elsewhere(follow=True) as remote:
            create(storage)
            create(storage, OTHER)
            until(lambda: len(remote.directory.ids()) == 2, 1)
            assert answer(remote, OTHER).membership is None
            put(storage, LIMITS, LIMITED)
            until(lambda: answer(remote, OTHER).membership == RESTRICTED, 1)
            put(storage, replace(LIMITED, placements=((OTHER, ""),)))
            until(lambda: answer(remote, OTHER).membership is None, 1)

    def test_a_change_of_the_policies_text_counts_as_well(self, backend: Backend) -> None:
        """A control policy that is rewritten where it hangs is rewritten in every snapshot."""
        with backend.open() as storage, backend.open() as other:
            create(storage)
            create(storage, OTHER)
            put(storage, LIMITS, LIMITED)
            assert answer(other, OTHER).membership == RESTRICTED
            put(storage, replace(LIMITS, document='{"new":1}'))
            for each in (storage, other):
                found = answer(each, OTHER).membership
                assert found is not None
                assert found.scps[0][1].document == '{"new":1}'

    def test_there_is_one_organization_at_most(self, backend: Backend) -> None:
        """A second account cannot hold one as well; when it is gone, another account can."""
        with backend.open() as storage, backend.open() as other:
            create(storage)
            create(storage, OTHER)
            put(storage, ORGANIZATION)
            with refused(AlreadyExists):
                put(other, replace(ORGANIZATION, id="o-second"), account=OTHER)
            remove(storage, ORGANIZATION)
            assert [answer(each, OTHER).membership for each in (storage, other)] == [None, None]
            put(other, ORGANIZATION, account=OTHER)
            for each in (storage, other):
                assert answer(each).membership == replace(FREE, management=OTHER)
                assert tree_of(each.directory.tree).management == OTHER

    def test_units_policies_and_placements_come_back_as_they_were(self, backend: Backend) -> None:
        """The whole organization survives a restart."""
        whole = replace(
            LIMITED,
            units=(Unit("ou-root-a", "a", "r-root", 1), Unit("ou-root-b", "b", "ou-root-a", 2)),
            placements=((OTHER, "ou-root-b"), (THIRD, "")),
            rcps=(("ou-root-a", (FULL_ACCESS["rcp"].id,)),),
            types=("rcp",),
        )
        with backend.open() as storage:
            create(storage, ACCOUNT, whole, LIMITS)
        with backend.open() as storage:
            tree = tree_of(storage.directory.tree)
            assert (tree.management, tree.organization, tree.policies) == (ACCOUNT, whole, {LIMITS.id: LIMITS})

    def test_an_account_that_is_being_made_is_in_no_organization_yet(self, backend: Backend) -> None:
        """The transaction that makes an account acts for the operator alone."""
        with backend.open() as storage:
            create(storage, ACCOUNT, LIMITED, LIMITS)
            with storage.store.create_account(OTHER) as change:
                change.put(Account(OTHER, "other", 0))
                assert change.account.membership is None
            assert answer(storage, OTHER).membership == RESTRICTED


def tree_of(tree: Tree | None) -> Tree:
    """The tree that must be there."""
    assert tree is not None
    return tree
