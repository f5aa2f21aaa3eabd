"""What every store must keep of accounts and their entities: what was put, in whole changes, under unique names."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Account
from daypass.ports import AlreadyExists
from daypass.testing.backend import (
    ACCOUNT,
    EVERYTHING,
    OTHER,
    Backend,
    answer,
    create,
    everything,
    group,
    policy,
    put,
    refused,
    remove,
    role,
    user,
)


class AccountsConformance:
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
