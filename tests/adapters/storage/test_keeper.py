"""The disk snapshot is kept: soon after a change, rarely else, bounded, and never from what is not proven."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.adapters.keys import MasterKey
from daypass.adapters.storage import Storage, open_store
from daypass.adapters.storage.disk_snapshot import FILE_NAME, DiskSnapshot, record, write
from daypass.adapters.storage.disk_snapshot import read as read_file
from daypass.adapters.storage.keeper import GAP, Keeping
from daypass.testing.backend import ACCOUNT, OTHER, answer, create, put, user
from tests.postgres import PostgresServer
from tests.running import eventually

KEY = MasterKey(bytes(32))
MOST = 1 << 20


def seal() -> Any:
    return KEY.authenticator("disk-snapshot")


def now_in(data: Path) -> DiskSnapshot | None:
    """What the file holds."""
    return read_file(data / FILE_NAME, seal, most=MOST)


def written(data: Path, storage: Storage) -> bool:
    """Whether the file holds the newest change."""
    found = now_in(data)
    return found is not None and found.facts.head == storage.revision()


def keep(storage: Storage, data: Path, most: int = MOST, max_stale: float = 90_000, watched: Any = None) -> None:
    """Have the snapshot kept."""
    storage.keep_snapshot(Keeping(data, seal, "host/db", most, max_stale, time.time, watched or (lambda: None)))


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
def storage(url: str, tmp_path: Path) -> Iterator[Storage]:
    """A store with two accounts, one of them in memory."""
    with open_store(url, tmp_path, follow=False) as before:
        create(before, ACCOUNT, user("one"))
        create(before, OTHER, user("other"))
    with open_store(url, tmp_path, follow=True) as storage:
        answer(storage, OTHER)
        yield storage


def test_a_change_is_on_disk_soon_and_nothing_else_is_written(storage: Storage, tmp_path: Path) -> None:
    """A write follows a change, holds everything as of it, and without another change there is no other write."""
    keep(storage, tmp_path)
    assert eventually(lambda: written(tmp_path, storage), 5)
    put(storage, user("two"), account=OTHER)
    assert eventually(lambda: written(tmp_path, storage), GAP + 3)
    first = (tmp_path / FILE_NAME).stat().st_mtime_ns
    found = now_in(tmp_path)
    assert found is not None
    assert found.facts.accounts == (ACCOUNT, OTHER)
    assert list(found.accounts) == [OTHER, ACCOUNT], "those in use come first"
    assert sum(b'"two"' in document for _, document in found.accounts[OTHER].documents) == 1
    time.sleep(GAP + 0.7)
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == first


def test_changes_one_after_the_other_are_written_together(storage: Storage, tmp_path: Path) -> None:
    """Between two writes there is a gap, however many changes come."""
    keep(storage, tmp_path)
    assert eventually(lambda: written(tmp_path, storage), 5)
    seen = {(tmp_path / FILE_NAME).stat().st_mtime_ns}
    ends = time.monotonic() + GAP * 1.5
    while time.monotonic() < ends:
        put(storage, user(f"u{time.monotonic_ns()}"))
        seen.add((tmp_path / FILE_NAME).stat().st_mtime_ns)
    assert len(seen) <= 3


def test_a_file_from_before_is_replaced_and_not_copied_from(storage: Storage, url: str, tmp_path: Path) -> None:
    """Neither what fails its proof nor what an earlier process wrote gets into a new file: the database rules."""
    keep(storage, tmp_path)
    assert eventually(lambda: written(tmp_path, storage), 5)
    storage.close()
    good = now_in(tmp_path)
    assert good is not None
    accounts = [record(account).replace(b'"one"', b'"eno"') for account in good.accounts.values()]
    for seal_of in (seal, lambda: MasterKey(bytes(range(32))).authenticator("disk-snapshot")):
        write(tmp_path / FILE_NAME, good.facts, accounts, seal_of)
        with open_store(url, tmp_path) as later:
            keep(later, tmp_path)
        found = now_in(tmp_path)
        assert found is not None
        assert found.accounts == good.accounts
        assert found.facts.contact > good.facts.contact


def test_what_has_no_room_is_left_out_and_does_not_make_it_write_again(storage: Storage, tmp_path: Path) -> None:
    """The file stays below its limit, holds the account in use, and knows that there is another."""
    most = 2_000
    put(storage, *(user(f"u{number}") for number in range(30)))
    storage.directory.forget()
    answer(storage, OTHER)
    keep(storage, tmp_path, most)
    assert eventually(lambda: written(tmp_path, storage), 5)
    found = now_in(tmp_path)
    assert found is not None
    assert (tmp_path / FILE_NAME).stat().st_size <= most
    assert (list(found.accounts), found.facts.accounts, found.facts.full) == ([OTHER], (ACCOUNT, OTHER), True)
    first = (tmp_path / FILE_NAME).stat().st_mtime_ns
    answer(storage, ACCOUNT)
    time.sleep(GAP + 0.7)
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == first


def test_the_last_contact_is_noted_without_a_change(storage: Storage, tmp_path: Path) -> None:
    """A tenth of the limit at most is lost of it, or the gap between two writes."""
    keep(storage, tmp_path, max_stale=10)
    assert eventually(lambda: written(tmp_path, storage), 5)
    found = now_in(tmp_path)
    assert found is not None
    assert eventually(lambda: contact(tmp_path) > found.facts.contact, GAP + 2)


def test_new_sealing_keys_are_noted(storage: Storage, tmp_path: Path) -> None:
    """Another ring is a reason to write, though no account has changed."""
    ring = [object()]
    keep(storage, tmp_path, watched=lambda: ring[0])
    assert eventually(lambda: written(tmp_path, storage), 5)
    before = contact(tmp_path)
    ring[0] = object()
    assert eventually(lambda: contact(tmp_path) > before, GAP + 2)


def contact(data: Path) -> float:
    """The last contact that the file notes."""
    found = now_in(data)
    return found.facts.contact if found else 0.0


def test_whoever_stops_writes_a_last_time(storage: Storage, tmp_path: Path) -> None:
    """What has changed since the last write is on disk when the store is closed."""
    keep(storage, tmp_path)
    assert eventually(lambda: written(tmp_path, storage), 5)
    put(storage, user("last"))
    storage.close()
    assert written(tmp_path, storage)


def test_without_room_on_the_disk_everything_else_goes_on(
    storage: Storage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that cannot be written is told once, and changes are taken."""
    (tmp_path / f"{FILE_NAME}.new").mkdir()
    keep(storage, tmp_path)
    assert eventually(lambda: "the disk snapshot" in caplog.text, 5)
    put(storage, user("all-the-same"))
    assert now_in(tmp_path) is None
