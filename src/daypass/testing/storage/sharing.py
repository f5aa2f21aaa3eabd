"""What every store must keep while threads, processes and hosts read and write it at once, in bounded memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

from daypass.ports import NotLoaded
from daypass.snapshot import AccountSnapshot
from daypass.testing.backend import (
    ACCOUNT,
    Backend,
    answer,
    answer_after_poll,
    create,
    everything,
    put,
    refused,
    remove,
    role,
    together,
    until,
    user,
)


class SharingConformance:
    """One test a sentence. ``backend`` is a fresh store."""

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
