"""Every way to falsify the trail is seen, with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.adapters.audit import AuditSettings, AuditTrail, verify
from tests.adapters.audit.conftest import files, numbers, record

Opened = Callable[..., AuditTrail]


@pytest.fixture
def trail_of_four_files(opened: Opened, directory: Path) -> Path:
    """One chain: 4 files of 5 records."""
    for start in range(0, 20, 5):
        trail = opened()
        for number in range(start, start + 5):
            trail.append(record(number))
        trail.close()
    assert verify(directory).ok
    assert verify(directory).records == 20
    return directory


def edit(path: Path, change: Callable[[list[bytes]], object]) -> None:
    content = path.read_bytes().splitlines(keepends=True)
    change(content)
    path.write_bytes(b"".join(content))


def replace(line: int, old: bytes, new: bytes) -> Callable[[list[bytes]], None]:
    def change(content: list[bytes]) -> None:
        assert old in content[line]
        content[line] = content[line].replace(old, new)

    return change


def rehash(line: int, old: bytes, new: bytes) -> Callable[[list[bytes]], None]:
    """An edit by someone who knows how lines are hashed."""

    def change(content: list[bytes]) -> None:
        replace(line, old, new)(content)
        stem = content[line][: content[line].rindex(b',"hash":"')]
        content[line] = b'%b,"hash":"%b"}}\n' % (stem, sha256(stem + b"}}").hexdigest().encode())

    return change


def swap(content: list[bytes]) -> None:
    content[1], content[2] = content[2], content[1]


@pytest.mark.parametrize(
    ("file", "change", "line", "reason"),
    [
        (1, replace(2, b"session-7", b"session-8"), 3, "changed"),
        (1, replace(2, b'"errorCode":null', b'"errorCode": null'), 3, "changed"),
        (1, replace(0, b'"sequence":6', b'"sequence":7'), 1, "changed"),
        (1, rehash(2, b"session-7", b"session-8"), 4, "does not follow"),
        (1, rehash(4, b"session-9", b"session-8"), 1, "does not follow"),
        (3, rehash(4, b"session-19", b"session-18"), 5, "not the one that was noted"),
        (1, lambda content: content.pop(2), 3, "removed"),
        (1, lambda content: content.pop(0), 1, "removed"),
        (1, lambda content: content.pop(4), 1, "removed"),
        (3, lambda content: content.pop(4), 0, "ends at record 19"),
        (1, swap, 2, "removed, added or moved"),
        (1, lambda content: content.insert(2, content[2]), 4, "removed, added or moved"),
        (1, lambda content: content.insert(2, b'{"eventName":"CreateUser","daypass":{}}\n'), 3, "not a record"),
        (1, lambda content: content.insert(2, b"\n"), 3, "not a record"),
        (1, lambda content: content.insert(2, b"\0" * 4096 + b"\n"), 3, "not a record"),
        (1, replace(4, b"\n", b""), 5, "cut short"),
        (1, lambda content: content.clear(), 0, "empty"),
        (1, replace(0, b'"previousFile":"', b'"previousFile":"x'), 1, "changed"),
        (1, rehash(0, b'"repaired":0', b'"repaired":1'), 2, "does not follow"),
        (1, replace(2, b'"chain":"w0"', b'"chain":"w1"'), 3, "not a record of chain"),
    ],
    ids=[
        "a value", "white space", "a sequence number", "a value with its hash", "the last value with its hash",
        "the very last value with its hash", "a line gone", "the first line gone", "the last line gone",
        "the very last line gone", "two lines swapped", "a line twice", "a foreign line", "an empty line", "zeros",
        "the end cut", "everything gone", "another previous file", "a repair invented", "another chain",
    ],
)  # fmt: skip
def test_a_falsified_file_is_found(
    trail_of_four_files: Path, file: int, change: Callable[[list[bytes]], None], line: int, reason: str
) -> None:
    """The report names the file, the line and what is wrong with it."""
    path = files(trail_of_four_files)[file]
    edit(path, change)
    report = verify(trail_of_four_files)
    assert not report.ok
    assert report.first_break
    assert reason in report.first_break.reason
    assert report.first_break.line == line
    if "does not follow" not in reason and "removed" not in reason:
        assert report.first_break.file == path.name


@pytest.mark.parametrize("gone", [0, 1, 2, 3])
def test_a_missing_file_is_found(trail_of_four_files: Path, gone: int) -> None:
    """First, middle or last: the chain says what must be there."""
    files(trail_of_four_files)[gone].unlink()
    report = verify(trail_of_four_files)
    assert not report.ok
    assert report.first_break
    assert report.first_break.line == 0


def test_a_missing_chain_is_found(trail_of_four_files: Path) -> None:
    """As long as its head is there."""
    for path in files(trail_of_four_files):
        path.unlink()
    report = verify(trail_of_four_files)
    assert report.first_break
    assert report.first_break.file == "w0.head"


def test_files_that_changed_places_are_found(trail_of_four_files: Path) -> None:
    """A file's name is no proof of its place."""
    one, two = files(trail_of_four_files)[1:3]
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    assert not verify(trail_of_four_files).ok


def test_a_renamed_file_is_found(trail_of_four_files: Path) -> None:
    """The next file names it, so that not even its time can be changed."""
    path = files(trail_of_four_files)[1]
    path.rename(path.with_name("20200101T000000Z" + path.name[16:]))
    report = verify(trail_of_four_files)
    assert report.first_break
    assert "does not belong at this place" in report.first_break.reason


def test_a_foreign_file_is_found(trail_of_four_files: Path) -> None:
    """Whoever reads ``*.jsonl`` would take it for ours."""
    trail_of_four_files.joinpath("more.jsonl").write_bytes(files(trail_of_four_files)[0].read_bytes())
    report = verify(trail_of_four_files)
    assert report.first_break
    assert report.first_break.file == "more.jsonl"


def test_a_copied_file_is_found(trail_of_four_files: Path) -> None:
    """The same number twice in one chain."""
    path = files(trail_of_four_files)[1]
    path.with_name("20990101T000000Z" + path.name[16:]).write_bytes(path.read_bytes())
    assert not verify(trail_of_four_files).ok


def test_a_torn_last_line_is_no_break(trail_of_four_files: Path) -> None:
    """A crash may cut the record that was never acknowledged; it is reported."""
    path = files(trail_of_four_files)[3]
    with path.open("ab") as file:
        file.write(b'{"eventName":"Assu')
    report = verify(trail_of_four_files)
    assert report.ok
    assert report.torn == (path.name,)
    assert report.records == 20


@pytest.mark.parametrize("torn", [b'{"eventName":"Assu', b"\0" * 5000, b"x" * 200_000])
def test_a_torn_last_line_is_cut_off_at_the_next_start_and_noted(
    trail_of_four_files: Path, opened: Opened, torn: bytes
) -> None:
    """The chain goes on after the last whole record and says how many bytes went."""
    path = files(trail_of_four_files)[3]
    with path.open("ab") as file:
        file.write(torn)
    opened().append(record(20))
    report = verify(trail_of_four_files)
    assert (report.ok, report.records, report.torn) == (True, 21, ())
    newest = json.loads(files(trail_of_four_files)[4].read_bytes())
    assert newest["daypass"]["repaired"] == len(torn)
    assert numbers(trail_of_four_files) == list(range(21))


def test_a_file_of_nothing_but_a_torn_line_goes(trail_of_four_files: Path, opened: Opened) -> None:
    """Its number is used again."""
    last = files(trail_of_four_files)[3]
    new = last.with_name(last.name.replace("000004", "000005"))
    new.write_bytes(b'{"event')
    new.chmod(0o600)
    assert verify(trail_of_four_files).torn == (new.name,)
    trail = opened()
    trail.append(record(20))
    trail.close()
    assert verify(trail_of_four_files).ok
    assert [path.name[-12:-6] for path in files(trail_of_four_files)] == [f"{index:06d}" for index in range(1, 6)]


def test_what_was_cut_off_the_end_stays_missed_after_a_restart(trail_of_four_files: Path, opened: Opened) -> None:
    """Going on does not heal a gap."""
    edit(files(trail_of_four_files)[3], lambda content: content.pop(4))
    trail = opened()
    trail.append(record(20))
    trail.close()
    report = verify(trail_of_four_files)
    assert not report.ok
    assert report.first_break
    assert "record 21 follows record 19" in report.first_break.reason


def test_a_damaged_last_line_does_not_stop_the_next_start(trail_of_four_files: Path, opened: Opened) -> None:
    """It stays as it is, evidence, and the server starts."""
    edit(files(trail_of_four_files)[3], lambda content: content.__setitem__(4, b"garbage\n"))
    opened().append(record(20))
    report = verify(trail_of_four_files)
    assert not report.ok
    assert report.first_break
    assert (report.first_break.line, report.records) == (5, 19)


def test_the_trail_can_be_checked_while_it_is_written(opened: Opened, directory: Path) -> None:
    """No false alarm, at any moment."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_bytes=5_000, sync_seconds=0.001))
    for number in range(300):
        trail.append(record(number))
        if number % 10 == 0:
            report = verify(directory)
            assert report.ok, report.first_break
            assert report.records == number + 1


def test_an_empty_directory_is_whole(directory: Path) -> None:
    """Nothing was written, nothing is missing."""
    directory.mkdir()
    report = verify(directory)
    assert (report.ok, report.files, report.records) == (True, 0, 0)


def test_a_missing_directory_is_an_error(directory: Path) -> None:
    """Empty is never a pass where there should be something."""
    with pytest.raises(FileNotFoundError):
        verify(directory)


@given(st.data())
def test_no_flipped_byte_goes_unseen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any byte of any file, but for a newline at the very end, which is a torn line."""
    directory = tmp_path_factory.mktemp("flip")
    trail = AuditTrail(directory, AuditSettings(reserve_bytes=0, rotate_bytes=1_000))
    for number in range(6):
        trail.append(record(number))
    trail.close()
    path = data.draw(st.sampled_from(files(directory)))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    report = verify(directory)
    assert not report.ok or report.torn == (path.name,)
