"""The file that a node starts from while its database is away: whole, private, and believed under its seal only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daypass.adapters.keys import MasterKey
from daypass.adapters.storage.cold import cold_start
from daypass.adapters.storage.disk_snapshot import (
    FILE_NAME,
    DiskSnapshot,
    Facts,
    HeldAccount,
    SnapshotRefused,
    read,
    record,
    refuse_unfit,
    write,
)
from daypass.adapters.storage.documents import encode
from daypass.adapters.storage.migrations import REVISIONS
from daypass.entities import Account
from daypass.ports import StoredSealingKey
from daypass.testing.backend import ACCOUNT, OTHER, access_key, user

NOW = 1_800_000_000.0
MOST = 1 << 20
KEY = MasterKey(bytes(range(32)))


def seal(purpose: str = "disk-snapshot", key: MasterKey = KEY) -> Any:
    return key.authenticator(purpose)


def facts(**other: Any) -> Facts:
    """Facts of a good file."""
    usual: dict[str, Any] = {
        "schema": REVISIONS[-1],
        "database": "host/db",
        "installation": {"id": "0" * 32, "partition": "aws-cn"},
        "contact": NOW,
        "head": 7,
        "beacon": 3,
        "full": False,
        "accounts": (ACCOUNT, OTHER),
        "sealing_keys": (StoredSealingKey("00000001", "active", b"\x00wrapped\xff", 1, 2, None),),
        "tree": None,
    }
    return Facts(**{**usual, **other})


def held() -> HeldAccount:
    """An account as stored."""
    chosen = Account(ACCOUNT, "one", 0, None, ("eu-west-3",), ("af-south-1",), 2)
    entities = (chosen, user("u"), access_key("k", "u"))
    return HeldAccount(ACCOUNT, 5, tuple((each.kind, encode(each)) for each in entities))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file."""
    write(tmp_path / FILE_NAME, facts(), [record(held())], seal)
    return tmp_path / FILE_NAME


def refused(path: Path, most: int = MOST) -> str:
    """Why the file is refused."""
    with pytest.raises(SnapshotRefused) as caught:
        read(path, seal, most=most)
    assert caught.value.advice
    return caught.value.message


def test_what_is_written_is_read(path: Path) -> None:
    """Facts, accounts and keys come back as they went in, the file is private and nothing lies beside it."""
    assert read(path, seal, most=MOST) == DiskSnapshot(facts(), {ACCOUNT: held()})
    assert path.stat().st_mode & 0o7777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [FILE_NAME]
    assert read(path.with_name("absent"), seal, most=MOST) is None


def test_memory_begins_with_what_was_held(path: Path) -> None:
    """Accounts are those of the revision, in the installation's partition; the age counts from the last contact."""
    snapshot = read(path, seal, most=MOST)
    assert snapshot is not None
    begun = cold_start(snapshot, NOW + 12)
    (account,) = begun.accounts
    assert (account.id, account.revision, account.partition) == (ACCOUNT, 5, "aws-cn")
    assert account.access_keys["AKIAk"] == access_key("k", "u")
    assert (begun.head, begun.known, begun.stale) == (7, {ACCOUNT, OTHER}, 12)
    assert begun.sealing_keys == facts().sealing_keys
    assert cold_start(snapshot, NOW - 4).stale == 4, "a clock that went back makes nothing fresher"


def test_no_changed_byte_gets_through(path: Path) -> None:
    """Whichever byte is another, the file is refused."""
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        refused(path)


def test_no_part_and_no_more_than_the_whole_gets_through(path: Path) -> None:
    """Cut anywhere, extended, or put together from two files, it is refused."""
    content = path.read_bytes()
    for part in (
        *(content[:end] for end in range(0, len(content), 7)),
        content + b"\0",
        content[:-32] * 2 + content[-32:],
    ):
        path.write_bytes(part)
        refused(path)


@pytest.mark.parametrize(
    "other", [("disk-snapshot", MasterKey(bytes(32))), ("sealing-key", KEY)], ids=["key", "purpose"]
)
def test_another_seal_is_none(tmp_path: Path, other: tuple[str, MasterKey]) -> None:
    """What another master key, or this one for another purpose, has sealed is refused."""
    write(tmp_path / FILE_NAME, facts(), [], lambda: seal(*other))
    assert "is not what this daypass has written" in refused(tmp_path / FILE_NAME)


def test_a_sealed_file_of_another_form_is_refused(tmp_path: Path) -> None:
    """A seal does not make sense of what this code cannot read."""
    for accounts in ([b"\0\0\0\x01\xc1"], [b"\0\0\xff\xff"], [b"\0"], [record(facts())]):
        write(tmp_path / FILE_NAME, facts(), accounts, seal)
        assert "cannot be read" in refused(tmp_path / FILE_NAME)


def test_an_entity_that_nobody_can_read_is_refused() -> None:
    """Passing it over could widen what someone may do."""
    for documents in ((*held().documents, ("spell", b"{}")), (("user", b"{"),), held().documents[1:]):
        snapshot = DiskSnapshot(facts(), {ACCOUNT: HeldAccount(ACCOUNT, 5, documents)})
        with pytest.raises(SnapshotRefused):
            cold_start(snapshot, NOW)


def test_a_newer_version_is_told(path: Path) -> None:
    """Another version's file is not called damaged."""
    path.write_bytes(path.read_bytes().replace(b"snapshot-1\n", b"snapshot-12\n", 1))
    assert "was written by another version" in refused(path)


def test_size_and_kind_come_before_reading(path: Path) -> None:
    """A file over the limit, a pipe, a link and a directory are refused unread."""
    assert "snapshot_max_bytes allows 10" in refused(path, most=10)
    for make in (lambda p: os.mkfifo(p, 0o600), lambda p: p.symlink_to(path), lambda p: p.mkdir()):
        other = path.with_name("other")
        make(other)
        refused(other)
        other.rmdir() if other.is_dir() and not other.is_symlink() else other.unlink()


UNFIT = [
    ({"schema": "0000"}, "has schema 0000"),
    ({"schema": ""}, "has schema"),
    ({"database": "host/other"}, "is of the database `host/other`, not of `host/db`"),
    ({"contact": NOW - 101}, "the last contact was 101 s ago"),
    ({"contact": NOW + 6}, "the clock has gone back"),
    ({"contact": float("nan")}, "is too old"),
]


@pytest.mark.parametrize(("other", "told"), UNFIT)
def test_a_snapshot_is_refused_for_what_it_is_not(other: dict[str, Any], told: str) -> None:
    """Of another schema or database, too old, or from the future."""
    with pytest.raises(SnapshotRefused, match=told):
        refuse_unfit(DiskSnapshot(facts(**other), {}), database="host/db", max_stale=100, now=NOW)


def test_a_snapshot_is_good_to_the_last_second() -> None:
    """At the limit, and with a clock that is a little behind, it is fit."""
    for contact in (NOW - 100, NOW, NOW + 5):
        refuse_unfit(DiskSnapshot(facts(contact=contact), {}), database="host/db", max_stale=100, now=NOW)


def test_a_write_that_is_cut_off_leaves_the_old_file(path: Path) -> None:
    """Whatever happens while it is written, the file before stays, and the next write succeeds."""
    before = path.read_bytes()

    def cut_off() -> Iterator[bytes]:
        yield record(held())
        raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space"):
        write(path, facts(head=8), cut_off(), seal)
    assert path.read_bytes() == before
    write(path, facts(head=9), [], seal)
    assert read(path, seal, most=MOST) == DiskSnapshot(facts(head=9), {})
    assert [each.name for each in path.parent.iterdir()] == [FILE_NAME]


def test_the_bytes_of_version_1_stay_readable(path: Path) -> None:
    """A node that was updated must read what it wrote before: the first record of a known file is as it ever was."""
    content = path.read_bytes()
    assert content.startswith(b"daypass-snapshot-1\n")
    first = content[19 + 4 : 19 + 4 + int.from_bytes(content[19:23], "big")]
    assert msgspec.msgpack.decode(first)["head"] == 7
    assert replace(DiskSnapshot(facts(), {}), accounts={}).age(NOW) == 0
