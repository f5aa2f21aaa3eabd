"""The disk snapshot: what a node needs to start while its database is away, in one file of its data directory.

    version line  ·  records  ·  HMAC-SHA256 of all before it

A record is its length in four bytes, big-endian, and msgpack: first the ``Facts``, then one ``HeldAccount`` each.
Secrets inside are as the database has them, wrapped under the master key. The file is written whole beside its
predecessor and takes its place by renaming, so there is never half of one.

It is believed only as far as its seal goes, under a subkey of the master key. Whoever may write files and has not the
key can put back an older one at most, and none older than the time without contact that is allowed anyway.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daypass.adapters.durable import sync_folder
from daypass.adapters.storage.datadir import DataDirectoryError
from daypass.adapters.storage.migrations import REVISIONS
from daypass.adapters.storage.reads import StoredTree
from daypass.ports import StoredSealingKey

FILE_NAME = "snapshot"

Seal = Callable[[], hmac.HMAC]
"""Begins a MAC under the master key's subkey for this file."""

CLOCK_SLACK = 5.0
"""Seconds that the last contact may lie in the future: clocks are set back a little."""

_FAMILY, _VERSION = b"daypass-snapshot-", b"1\n"
_LINE = _FAMILY + _VERSION
_TAG_BYTES = 32
_LENGTH_BYTES = 4
_MAKE_ANEW = f"move {FILE_NAME} away and start when the database answers; a node in contact writes a new one"


class SnapshotRefused(DataDirectoryError):
    """There is a disk snapshot, and it may not be used."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the whole file. ``contact``: epoch seconds just before it was read from the database.

    ``accounts`` are the ids of all there are; ``full`` says that not all that were wanted found room. ``beacon`` is the
    host's at ``contact``; when it shows another value at the start, changes that this host acknowledged are missing.
    """

    schema: str
    database: str
    installation: dict[str, str]
    contact: float
    head: int
    beacon: int
    full: bool
    accounts: tuple[str, ...]
    sealing_keys: tuple[StoredSealingKey, ...]
    tree: StoredTree | None


class HeldAccount(msgspec.Struct, frozen=True, array_like=True):
    """One account at ``revision``: kind and document of each entity, as stored."""

    id: str
    revision: int
    documents: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class DiskSnapshot:
    """A file that its seal has proven to be ours."""

    facts: Facts
    accounts: dict[str, HeldAccount]

    def age(self, now: float) -> float:
        """Seconds since the last contact; a clock that went back a little makes it older, never fresher."""
        return abs(now - self.facts.contact)


_FACTS = msgspec.msgpack.Decoder(Facts)
_ACCOUNT = msgspec.msgpack.Decoder(HeldAccount)
_ENCODER = msgspec.msgpack.Encoder()


def record(value: Facts | HeldAccount) -> bytes:
    """``value`` as it stands in the file."""
    content = _ENCODER.encode(value)
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def write(path: Path, facts: Facts, accounts: Iterable[bytes], seal: Seal) -> None:
    """Put a new file in place of ``path``, whole or not at all, mode 0600. ``accounts`` are records.

    Raises:
        OSError: it could not be written; the old one stays.
    """
    draft = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        draft.unlink()
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        mac = seal()
        for part in _parts(facts, accounts):
            mac.update(part)
            file.write(part)
        file.write(mac.digest())
        file.flush()
        os.fsync(handle)
    draft.replace(path)
    sync_folder(path.parent)


def _parts(facts: Facts, accounts: Iterable[bytes]) -> Iterator[bytes]:
    yield _LINE
    yield record(facts)
    yield from accounts


def read(path: Path, seal: Seal, *, most: int) -> DiskSnapshot | None:
    """The file's content once its seal is proven, None when there is no file. ``most``: bytes it may have.

    Raises:
        SnapshotRefused: not a snapshot, a newer daypass's, too large, cut short, changed, or of another daypass.
    """
    content = _content(path, most)
    return None if content is None else _opened(path, content, seal)


# INVARIANT: 10. nothing in the file is read before its seal is proven: without the key no permission can be changed.
# tests/adapters/storage/test_disk_snapshot.py::test_no_changed_byte_gets_through.
def _opened(path: Path, content: bytes, seal: Seal) -> DiskSnapshot:
    if content.startswith(_FAMILY) and not content.startswith(_LINE):
        raise SnapshotRefused(f"the disk snapshot {path} was written by another version of daypass", _MAKE_ANEW)
    mac = seal()
    mac.update(memoryview(content)[:-_TAG_BYTES])
    if not hmac.compare_digest(mac.digest(), content[-_TAG_BYTES:]) or not content.startswith(_LINE):
        raise SnapshotRefused(
            f"the disk snapshot {path} is not what this daypass has written: changed, cut short, or another's",
            _MAKE_ANEW,
        )
    try:
        first, *others = _records(memoryview(content)[len(_LINE) : -_TAG_BYTES])
        accounts = [_ACCOUNT.decode(other) for other in others]
        return DiskSnapshot(_FACTS.decode(first), {account.id: account for account in accounts})
    except (ValueError, msgspec.MsgspecError) as error:
        raise SnapshotRefused(f"the disk snapshot {path} cannot be read: {error}", _MAKE_ANEW) from None


def _records(content: memoryview) -> Iterator[memoryview]:
    while content:
        end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "big")
        yield content[_LENGTH_BYTES:end]
        content = content[end:]


def _content(path: Path, most: int) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotRefused(f"the disk snapshot {path} cannot be read: {error.strerror}", _MAKE_ANEW) from None
    try:
        _refuse_kind_and_size(path, os.fstat(handle), most)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(handle)


def _refuse_kind_and_size(path: Path, facts: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise SnapshotRefused(f"the disk snapshot {path} is not a regular file", _MAKE_ANEW)
    if facts.st_size > most:
        size = f"{facts.st_size} bytes, and snapshot_max_bytes allows {most}"
        raise SnapshotRefused(f"the disk snapshot {path} has {size}", "raise snapshot_max_bytes, or move it away")


# INVARIANT: 5. a start without the database is never fresher than the last contact, nor later than the limit after it.
# tests/adapters/storage/test_disk_snapshot.py::test_a_snapshot_is_refused_for_what_it_is_not.
def refuse_unfit(snapshot: DiskSnapshot, *, database: str, max_stale: float, now: float) -> None:
    """Whether a start may rest on ``snapshot``.

    Raises:
        SnapshotRefused: of another database or schema, or of a last contact that is too long ago or still to come.
    """
    facts = snapshot.facts
    if facts.schema != REVISIONS[-1]:
        raise SnapshotRefused(
            f"the disk snapshot has schema {facts.schema}, this daypass knows {REVISIONS[-1]}",
            "start when the database answers: after another version was installed, the first start needs it",
        )
    if facts.database != database:
        raise SnapshotRefused(
            f"the disk snapshot is of the database `{facts.database}`, not of `{database}`",
            "start when the database answers: after it has moved, the first start needs it",
        )
    if facts.contact > now + CLOCK_SLACK:
        raise SnapshotRefused(
            f"the disk snapshot was written {facts.contact - now:.0f} s in the future: the clock has gone back",
            "set the clock, or start when the database answers",
        )
    if not snapshot.age(now) <= max_stale:  # so that what is no number is too old as well
        raise SnapshotRefused(
            f"the disk snapshot is too old: the last contact was {snapshot.age(now):.0f} s ago",
            f"start when the database answers; max_staleness_seconds allows {max_stale:.0f}",
        )
