"""What every store must keep, as tests: the conformance suite of ``daypass.adapters.storage``.

Derive a test class and give it a fixture ``backend``:

    class TestMyStore(StorageConformance):
        @pytest.fixture
        def backend(self, tmp_path): ...   # a Backend on a fresh, empty database

The suite itself needs no test framework but one that injects ``backend``.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

from daypass.entities import Account
from daypass.ports import AlreadyExists, LastUse, NotLoaded, StoredSealingKey
from daypass.snapshot import AccountSnapshot
from daypass.testing.backend import (
    ACCOUNT,
    EVERYTHING,
    OTHER,
    Backend,
    access_key,
    answer,
    answer_after_poll,
    create,
    everything,
    group,
    policy,
    put,
    refused,
    remove,
    role,
    together,
    until,
    user,
)

__all__ = ["Backend", "StorageConformance"]


class StorageConformance:
    """One test a sentence. ``backend`` is a fresh store."""

    # ── one process ──────────────────────────────────────────────────────────────────────────────────

    def test_what_was_put_is_found_again_and_after_reopening(self, backend: Backend) -> None:
        """Every kind of entity comes back exactly as it was put, from memory and from the database."""
        with backend.open() as storage:
            create(storage, ACCOUNT, *EVERYTHING)
            kept = answer(storage)
        with backend.open() as storage:
            read = answer(storage)
        assert everything(read) == everything(kept)
        assert {e.key: e for e in read.entities() if e.kind != "account"} == {e.key: e for e in EVERYTHING}

    def test_the_writer_finds_its_own_write_without_loading(self, backend: Backend) -> None:
        """After a transaction, find answers with the change at once."""
        with backend.open() as storage:
            create(storage)
            for name in ("a", "b", "c"):
                put(storage, user(name))
                found = storage.directory.find(ACCOUNT)
                assert found is not None
                assert name in found.users_by_name

    def test_each_change_raises_the_revision_by_one(self, backend: Backend) -> None:
        """A transaction raises its account's revision by one, however much it puts, and leaves other accounts alone."""
        with backend.open() as storage:
            create(storage)
            create(storage, OTHER)
            put(storage, user("a"), user("b"), role("r"))
            put(storage, user("a", path="/new/"))
            assert (answer(storage).revision, answer(storage, OTHER).revision) == (3, 1)

    def test_a_transaction_without_changes_leaves_no_trace(self, backend: Backend) -> None:
        """Reading inside a transaction changes neither revision nor change log."""
        with backend.open() as storage:
            create(storage)
            before = (everything(answer(storage)), storage.revision())
            with storage.store.transaction(ACCOUNT) as change:
                assert not change.changed
                assert change.revision == change.account.revision == 1
            assert (everything(answer(storage)), storage.revision()) == before

    def test_a_transaction_sees_its_own_changes(self, backend: Backend) -> None:
        """Inside a transaction the account shows what was put and deleted so far, at the coming revision."""
        with backend.open() as storage:
            create(storage, ACCOUNT, user("old"))
            with storage.store.transaction(ACCOUNT) as change:
                change.put(user("new"))
                assert set(change.account.users_by_name) == {"old", "new"}
                change.delete("user", "AIDAold")
                assert set(change.account.users_by_name) == {"new"}
                assert change.changed
                assert change.revision == change.account.revision == 2
            assert set(answer(storage).users_by_name) == {"new"}

    def test_a_change_that_fails_leaves_nothing(self, backend: Backend) -> None:
        """An exception inside the block undoes rows, revision, names and memory."""
        with backend.open() as storage:
            create(storage, ACCOUNT, user("a"))
            before = (everything(answer(storage)), storage.revision())
            with refused(ZeroDivisionError), storage.store.transaction(ACCOUNT) as change:
                change.put(user("b"))
                change.delete("user", "AIDAa")
                change.flush()
                raise ZeroDivisionError
            assert (everything(answer(storage)), storage.revision()) == before
            put(storage, replace(user("b"), id="AIDAelse"))
        with backend.open() as storage:
            assert set(answer(storage).users_by_name) == {"a", "b"}
            assert not storage.defects()

    def test_an_account_that_fails_to_be_made_leaves_nothing(self, backend: Backend) -> None:
        """A failed creation leaves neither the account nor its name."""
        with backend.open() as storage:
            with refused(ZeroDivisionError), storage.store.create_account(ACCOUNT) as change:
                change.put(Account(ACCOUNT, "name", 0))
                raise ZeroDivisionError
            assert storage.directory.find(ACCOUNT) is None
            with storage.store.create_account(OTHER) as change:
                change.put(Account(OTHER, "name", 0))
            assert storage.directory.ids() == (OTHER,)

    def test_unknown_accounts_and_entities_are_told_apart(self, backend: Backend) -> None:
        """An unknown account is None to readers and a KeyError to writers; so is deleting what is not there."""
        with backend.open() as storage:
            create(storage)
            assert storage.directory.find(OTHER) is None
            assert storage.directory.load(OTHER) is None
            with refused(KeyError), storage.store.transaction(OTHER):
                pass
            with refused(KeyError):
                remove(storage, user("nobody"))
            assert storage.directory.ids() == (ACCOUNT,)

    def test_the_first_put_of_a_new_account_is_its_account_entity(self, backend: Backend) -> None:
        """An account without description cannot come to be."""
        with backend.open() as storage:
            with refused(LookupError), storage.store.create_account(ACCOUNT) as change:
                change.put(user("a"))
            assert storage.directory.ids() == ()

    # ── names ────────────────────────────────────────────────────────────────────────────────────────

    def test_names_are_unique_without_case_and_path(self, backend: Backend) -> None:
        """A second user, group, role or policy of the same name but for case and path is refused; nothing remains."""
        with backend.open() as storage:
            create(storage, ACCOUNT, user("Name"), group("Name"), role("Name"), policy("Name"))
            for taken in (user("nAME", path="/p/"), group("NaME"), role("NAME"), policy("name", "/p/")):
                with refused(AlreadyExists):
                    put(storage, user("bystander"), taken)
            assert answer(storage).revision == 1
            create(storage, OTHER, user("NAME"), role("name"))
            assert set(answer(storage, OTHER).users_by_name) == {"NAME"}

    def test_a_refused_name_cannot_be_committed_around(self, backend: Backend) -> None:
        """Whoever swallows AlreadyExists still commits nothing."""
        with backend.open() as storage:
            create(storage, ACCOUNT, user("a"))
            with refused(RuntimeError), storage.store.transaction(ACCOUNT) as change:
                change.put(user("b"))
                with refused(AlreadyExists):
                    change.put(replace(user("c"), name="A"))
            assert set(answer(storage).users_by_name) == {"a"}

    def test_deleting_and_renaming_free_a_name(self, backend: Backend) -> None:
        """A name is free again, for a new entity with a new id, once its bearer is gone or renamed."""
        with backend.open() as storage:
            create(storage, ACCOUNT, user("a"), user("b"))
            remove(storage, user("a"))
            put(storage, replace(user("b"), name="c"))
            put(storage, replace(user("x"), name="A"), replace(user("y"), name="B"))
            names = {name: found.id for name, found in answer(storage).users_by_name.items()}
            assert names == {"A": "AIDAx", "B": "AIDAy", "c": "AIDAb"}

    def test_aliases_and_account_names_are_unique_everywhere(self, backend: Backend) -> None:
        """No two accounts share an alias, a name or an id; an alias given up is free again."""
        with backend.open() as storage:
            create(storage, ACCOUNT, alias="acme")
            with refused(AlreadyExists):
                create(storage, OTHER, alias="acme")
            with refused(AlreadyExists):
                create(storage, ACCOUNT)
            with refused(AlreadyExists), storage.store.create_account(OTHER) as change:
                change.put(Account(OTHER, f"Account {ACCOUNT}", 0))
            put(storage, replace(answer(storage).account, alias=None))
            create(storage, OTHER, alias="acme")
            assert answer(storage, OTHER).account.alias == "acme"

    # ── many at once ─────────────────────────────────────────────────────────────────────────────────

    def test_writers_of_one_account_are_serial_over_threads(self, backend: Backend) -> None:
        """Eight threads that each count up the same tag lose no step."""
        with backend.open() as storage:
            create(storage, ACCOUNT, user("tally", tags=(("n", "0"),)))

            def count_up() -> None:
                for _ in range(15):
                    with storage.store.transaction(ACCOUNT) as change:
                        ((_, n),) = change.account.users["AIDAtally"].tags
                        change.put(user("tally", tags=(("n", str(int(n) + 1)),)))

            assert together(*[count_up] * 8) == [None] * 8
            assert answer(storage).users["AIDAtally"].tags == (("n", "120"),)
            assert answer(storage).revision == 121

    def test_writers_of_one_account_are_serial_over_processes(self, backend: Backend) -> None:
        """Three processes that write the same account lose no step, and the revision counts them all."""
        with backend.open(follow=True) as storage:
            create(storage)
            writers = [backend.run("write", name, "40") for name in ("p", "q", "r")]
            said = [writer.communicate(timeout=60)[0] for writer in writers]
            assert [lines.count("\n") for lines in said] == [40, 40, 40]
            found = answer(storage)
            assert {found.users[f"AIDA{name}"].tags for name in "pqr"} == {(("count", "40"),)}
            assert set(found.roles_by_name) == {"p.40", "q.40", "r.40"}
            assert found.revision == 121

    def test_one_of_two_creators_wins(self, backend: Backend) -> None:
        """When two make the same account at once, one succeeds and the other learns that it exists."""
        with backend.open() as storage, backend.open() as rival:
            results = together(lambda: create(storage), lambda: create(rival))
            assert sorted(type(result).__name__ for result in results) == ["AlreadyExists", "NoneType"]
            assert answer(rival).revision == answer(storage).revision == 1

    def test_a_write_of_another_process_is_seen_by_the_next_find(self, backend: Backend) -> None:
        """Once another process has acknowledged a write, no find answers without it."""
        with backend.open() as storage:
            create(storage)
            answer(storage)
            writer = backend.run("write", "w", "25")
            assert writer.stdout is not None
            for line in writer.stdout:
                acknowledged = int(line.split()[1])
                assert int(answer(storage).users["AIDAw"].tags[0][1]) >= acknowledged
            assert writer.wait(30) == 0
            assert answer(storage).users["AIDAw"].tags == (("count", "25"),)

    def test_a_change_of_another_process_is_not_found_but_loaded(self, backend: Backend) -> None:
        """Find refuses to answer, rather than block, while an acknowledged change is not in memory."""
        with backend.open() as storage, backend.open() as writer:
            create(storage, ACCOUNT, user("gone"))
            answer(writer)
            remove(writer, user("gone"))
            with refused(NotLoaded):
                storage.directory.find(ACCOUNT)
            loaded = storage.directory.load(ACCOUNT)
            assert loaded is not None
            assert loaded is storage.directory.find(ACCOUNT)
            assert not loaded.users

    def test_the_regions_of_an_account_are_found_again_and_elsewhere(self, backend: Backend) -> None:
        """What an account has chosen is part of it, on every host and after reopening."""
        with backend.open() as storage, backend.open_elsewhere(follow=True) as remote:
            create(storage)
            until(lambda: remote.directory.ids() == (ACCOUNT,), 1)
            plain = answer(remote)
            chosen = replace(plain.account, deactivated=("eu-west-3",), opted_in=("af-south-1",))
            chosen = replace(chosen, global_token_version=2)
            put(storage, chosen)
            until(lambda: answer(remote).account == chosen, 1)
            assert plain.usual_regions - answer(remote).usual_regions == {"eu-west-3"}
        with backend.open() as storage:
            assert answer(storage).account == chosen
            assert answer(storage).usual_regions == plain.usual_regions - {"eu-west-3"}

    def test_a_change_of_another_host_arrives_within_a_second(self, backend: Backend) -> None:
        """A host that shares only the database follows additions, deletions and new accounts."""
        with backend.open() as storage, backend.open_elsewhere(follow=True) as remote:
            create(storage, ACCOUNT, user("a"))
            until(lambda: remote.directory.ids() == (ACCOUNT,), 1)
            assert set(answer(remote).users_by_name) == {"a"}
            put(storage, user("b"))
            until(lambda: set(answer(remote).users_by_name) == {"a", "b"}, 1)
            remove(storage, user("a"))
            until(lambda: set(answer(remote).users_by_name) == {"b"}, 1)

    def test_following_never_skips_a_change(self, backend: Backend) -> None:
        """A follower that looks all the time while four accounts are written at once ends with the same accounts."""
        accounts = [f"{n:012d}" for n in range(1, 5)]
        with backend.open() as storage, backend.open_elsewhere() as remote:
            for account in accounts:
                create(storage, account)
                answer_after_poll(remote, account)
            ended = threading.Event()

            def follow() -> None:
                while not ended.is_set():
                    remote.poll()

            def write(account: str) -> None:
                for n in range(25):
                    put(storage, user(f"u{n % 7}", path=f"/{n}/"), role(f"r{n}"), account=account)

            follower = threading.Thread(target=follow)
            follower.start()
            results = together(*[partial(write, account) for account in accounts])
            ended.set()
            follower.join()
            remote.poll()
            assert results == [None] * 4
            assert remote.revision() == storage.revision() == 4 + 4 * 25 * 2
            for account in accounts:
                assert everything(answer(remote, account)) == everything(answer(storage, account))

    # ── memory ───────────────────────────────────────────────────────────────────────────────────────

    def test_memory_is_bounded_and_what_went_comes_back(self, backend: Backend) -> None:
        """Loaded accounts hold no more entities than the capacity; an account in steady use stays."""
        accounts = [f"{n:012d}" for n in range(1, 21)]
        with backend.open() as storage:
            for account in accounts:
                create(storage, account, *[role(f"r{n}") for n in range(9)])
        with backend.open(capacity=50) as storage:
            for account in accounts:
                assert len(answer(storage, account).roles) == 9
                answer(storage, accounts[0])
                assert storage.directory.weight <= 50
            assert storage.directory.find(accounts[0]) is not None
            with refused(NotLoaded):
                storage.directory.find(accounts[1])

    def test_many_who_load_one_account_read_it_once(self, backend: Backend) -> None:
        """Twelve threads that meet an account that is not in memory all get the same snapshot."""
        with backend.open() as storage:
            create(storage, ACCOUNT, *[role(f"r{n}") for n in range(300)])
        with backend.open() as storage:
            results = together(*[lambda: storage.directory.load(ACCOUNT)] * 12)
            assert len({id(result) for result in results}) == 1
            assert isinstance(results[0], AccountSnapshot)

    # ── beside the accounts ──────────────────────────────────────────────────────────────────────────

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
