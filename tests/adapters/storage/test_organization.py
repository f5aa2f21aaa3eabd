"""Accounts come and go in memory while the organization changes."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from daypass.adapters.storage import open_store
from daypass.testing.backend import ACCOUNT, answer, create, put, remove, user
from daypass.testing.storage.organization import FREE, LIMITED, LIMITS, ORGANIZATION, RESTRICTED

ACCOUNTS = [f"{number:012d}" for number in range(1, 9)]


def test_no_snapshot_misses_what_the_organization_restricts(tmp_path: Path) -> None:
    """While accounts are loaded, changed and dropped in two processes, no answer lacks a restriction."""
    with open_store(None, tmp_path, follow=False, capacity=4) as storage, open_store(None, tmp_path) as other:
        create(storage, ACCOUNT, ORGANIZATION, LIMITS)
        for account in ACCOUNTS:
            create(storage, account, user("a"))
        wrong: list[object] = []
        ended = threading.Event()

        def write() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                put(other, user("a", path=f"/{number}/"), account=ACCOUNTS[number % len(ACCOUNTS)])

        writer = threading.Thread(target=write)
        writer.start()
        for organization, expected in ((LIMITED, RESTRICTED), (ORGANIZATION, FREE)) * 6:
            put(storage, organization)
            for each in (other, storage):
                wrong += [account for account in ACCOUNTS if answer(each, account).membership != expected]
        ended.set()
        writer.join()
        assert not wrong


def test_an_account_whose_restrictions_stay_the_same_keeps_what_was_computed(tmp_path: Path) -> None:
    """A change elsewhere in the organization does not cost other accounts their compiled policies."""
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, LIMITED, LIMITS)
        create(storage, ACCOUNTS[0])
        create(storage, ACCOUNTS[1])
        before = answer(storage, ACCOUNTS[0])
        put(storage, replace(LIMITED, placements=((ACCOUNTS[1], ""),)))
        assert answer(storage, ACCOUNTS[0]) is before
        assert answer(storage, ACCOUNTS[1]).membership is None


def test_a_policy_that_is_attached_and_gone_is_a_defect(tmp_path: Path) -> None:
    """`daypass doctor` names a control policy that hangs somewhere and does not exist."""
    with open_store(None, tmp_path, follow=False) as storage:
        create(storage, ACCOUNT, LIMITED, LIMITS)
        assert storage.defects() == ()
        remove(storage, LIMITS)
        assert storage.defects() == (
            f"organization o-example123 of account {ACCOUNT} names p-limits01, which does not exist",
        )
