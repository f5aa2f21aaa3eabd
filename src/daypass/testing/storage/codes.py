"""What every store must keep about one-time codes."""

from __future__ import annotations

from daypass.entities import MfaDevice
from daypass.testing.backend import ACCOUNT, OTHER, Backend, answer, create, put, refused, remove, together
from daypass.totp import CodeUse

PHONE = MfaDevice("ab12", "phone", "/", 1_700_000_000, b"sealed")


def as_it_is(use: CodeUse) -> CodeUse:
    """A judge that only looks."""
    return use


class CodesConformance:
    """One test a sentence. ``backend`` is a fresh store."""

    def test_the_use_of_a_code_is_remembered_by_device(self, backend: Backend) -> None:
        """It is there after a restart, for this device of this account alone; a fresh one begins with nothing."""
        with backend.open() as storage:
            assert storage.codes.use(ACCOUNT, "ab12", lambda use: use.spent(7)) == CodeUse(7)
        with backend.open() as storage:
            assert storage.codes.use(ACCOUNT, "ab12", as_it_is) == CodeUse(7)
            assert storage.codes.use(ACCOUNT, "cd34", as_it_is) == CodeUse()
            assert storage.codes.use(OTHER, "ab12", as_it_is) == CodeUse()

    def test_codes_are_judged_one_after_the_other(self, backend: Backend) -> None:
        """Of ten threads on two hosts that count a wrong code each, every one sees what the others have counted."""
        with backend.open() as storage, backend.open_elsewhere() as remote:
            seen: list[int] = []

            def missed(use: CodeUse) -> CodeUse:
                seen.append(use.wrong)
                return use._replace(wrong=use.wrong + 1)

            calls = [lambda node=each: node.codes.use(ACCOUNT, "ab12", missed) for each in (storage, remote) * 5]
            together(*calls)
            assert seen == list(range(10))

    def test_a_judge_that_refuses_changes_nothing(self, backend: Backend) -> None:
        """What was there stays there."""
        with backend.open() as storage:
            storage.codes.use(ACCOUNT, "ab12", lambda use: use.spent(7))
            with refused(ZeroDivisionError):
                storage.codes.use(ACCOUNT, "ab12", lambda use: use.spent(1 // 0))
            assert storage.codes.use(ACCOUNT, "ab12", as_it_is) == CodeUse(7)

    def test_a_use_inside_a_change_is_made_and_undone_with_it(self, backend: Backend) -> None:
        """Committed with the change, gone when it fails."""
        with backend.open() as storage:
            create(storage)
            with storage.store.transaction(ACCOUNT) as change:
                change.put(PHONE)
                change.use_code(PHONE.id, lambda use: use.spent(7))
            with refused(ZeroDivisionError), storage.store.transaction(ACCOUNT) as change:
                change.use_code(PHONE.id, lambda use: use.spent(9))
                raise ZeroDivisionError
            assert storage.codes.use(ACCOUNT, PHONE.id, as_it_is) == CodeUse(7)

    def test_a_deleted_device_leaves_nothing(self, backend: Backend) -> None:
        """Neither the device nor the use of its codes; using codes moves no revision."""
        with backend.open() as storage:
            create(storage)
            put(storage, PHONE)
            before = answer(storage).revision, storage.revision()
            storage.codes.use(ACCOUNT, PHONE.id, lambda use: use.spent(7))
            assert (answer(storage).revision, storage.revision()) == before
            remove(storage, PHONE)
            assert not answer(storage).mfa_devices
            assert storage.codes.use(ACCOUNT, PHONE.id, as_it_is) == CodeUse()
