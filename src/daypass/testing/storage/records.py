"""What every store must keep beside the accounts: settled facts, sealing keys, last uses, its own soundness."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from daypass.ports import LastUse, StoredSealingKey
from daypass.testing.backend import (
    ACCOUNT,
    EVERYTHING,
    OTHER,
    Backend,
    access_key,
    answer,
    create,
    policy,
    remove,
    together,
)


class RecordsConformance:
    """One test a sentence. ``backend`` is a fresh store."""

    def test_facts_are_settled_once(self, backend: Backend) -> None:
        """The first value of a fact stands, for every process and after reopening; the id never changes."""
        with backend.open() as storage, backend.open() as rival:
            assert storage.installation.find("region") is None
            assert storage.installation.settle("region", "eu-north-1") == "eu-north-1"
            assert rival.installation.settle("region", "us-east-1") == "eu-north-1"
            assert storage.installation.id == rival.installation.id
            storage.installation.settle("partition", "aws-eusc")
            create(storage, ACCOUNT, policy("p"))
        with backend.open() as storage:
            assert storage.installation.find("region") == "eu-north-1"
            assert set(answer(storage).policies_by_arn) == {f"arn:aws-eusc:iam::{ACCOUNT}:policy/p"}

    def test_sealing_keys_are_swapped_as_a_whole(self, backend: Backend) -> None:
        """A swap happens when the table is as expected, not at all when it is not, and survives reopening."""
        one = StoredSealingKey("aa", "active", b"\x00\xff", 1, 2)
        two = StoredSealingKey("bb", "announced", b"w", 3, 4)
        with backend.open() as storage:
            assert storage.sealing_keys.load() == ()
            assert storage.sealing_keys.swap((), (one,))
            assert not storage.sealing_keys.swap((), (two,))
            assert not storage.sealing_keys.swap((replace(one, active_from=9),), (two,))
            assert storage.sealing_keys.swap((one,), (replace(one, state="retired", not_after=7), two))
        with backend.open() as storage:
            assert storage.sealing_keys.load() == (replace(one, state="retired", not_after=7), two)

    def test_one_of_many_swaps_wins(self, backend: Backend) -> None:
        """Of eight nodes that swap at once from the same table, exactly one succeeds."""
        keys = [StoredSealingKey(f"{n:02d}", "active", b"w", 1, 2) for n in range(8)]
        with backend.open() as storage, backend.open_elsewhere() as remote:
            nodes = [storage, remote] * 4
            results = together(
                *[partial(node.sealing_keys.swap, (), (key,)) for node, key in zip(nodes, keys, strict=True)]
            )
            assert sorted(map(str, results)) == ["False"] * 7 + ["True"]
            assert remote.sealing_keys.load() == (keys[results.index(True)],)

    def test_last_use_is_flushed_in_place_and_is_no_change(self, backend: Backend) -> None:
        """Noting a use costs neither revision nor change number; the newest one is kept, also against a late flush."""
        with backend.open() as storage, backend.open() as late:
            create(storage, ACCOUNT, *EVERYTHING)
            before = (answer(storage).revision, storage.revision())
            late.last_used.touch(ACCOUNT, "AKIAone", LastUse(50, "us-east-1", "sts"))
            for at in (10, 70):
                storage.last_used.touch(ACCOUNT, "AKIAone", LastUse(at, "eu-west-1", "iam"))
                storage.last_used.flush()
            late.last_used.flush()
            storage.poll()
            assert (answer(storage).revision, storage.revision()) == before
            assert late.last_used.find(ACCOUNT, "AKIAone") == LastUse(70, "eu-west-1", "iam")
            assert late.last_used.find(OTHER, "AKIAone") is None

    def test_last_use_is_written_when_the_store_closes_and_dies_with_its_key(self, backend: Backend) -> None:
        """A clean stop loses no last use; deleting the key forgets it."""
        with backend.open() as storage:
            create(storage, ACCOUNT, *EVERYTHING)
            storage.last_used.touch(ACCOUNT, "AKIAone", LastUse(5, "eu-west-1", "sts"))
        with backend.open() as storage:
            assert storage.last_used.find(ACCOUNT, "AKIAone") == LastUse(5, "eu-west-1", "sts")
            remove(storage, access_key("one", "ada"))
        with backend.open() as storage:
            assert storage.last_used.find(ACCOUNT, "AKIAone") is None

    def test_a_sound_store_has_no_defects_and_is_fresh(self, backend: Backend) -> None:
        """After some work the integrity check finds nothing, and the last contact is recent."""
        with backend.open(follow=True) as storage:
            create(storage, ACCOUNT, *EVERYTHING)
            remove(storage, access_key("one", "ada"))
            storage.poll()
            assert storage.defects() == ()
            assert storage.stale_for() < 1
