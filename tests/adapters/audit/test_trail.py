"""What is written, where, and how it goes on."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest

from daypass.adapters.audit import CHAIN_MEMBERS, AuditSettings, AuditTrail, verify
from daypass.ports import AuditUnavailable
from tests.adapters.audit.conftest import OPEN, files, lines, numbers, record

Opened = Callable[..., AuditTrail]


def test_a_record_is_one_line_with_its_members_at_the_top(opened: Opened, directory: Path) -> None:
    """CloudTrail's members stay where they were, in their order; the chain stands in ``daypass``."""
    opened().append(record(7, userAgent='line\nbreak "quoted" é'))
    (path,) = files(directory)
    (line,) = path.read_bytes().splitlines()
    read = json.loads(line)
    own = read.pop("daypass")
    assert list(read.items()) == list(record(7, userAgent='line\nbreak "quoted" é').items())[:-1]
    assert own["revision"] == 7
    assert set(own) - {"revision"} == CHAIN_MEMBERS
    assert (own["chain"], own["sequence"], own["previousFile"], own["repaired"]) == ("w0", 1, None, 0)


@pytest.mark.parametrize(
    "given",
    [
        {"eventName": "a"},
        {"daypass": {}, "eventName": "a"},
        {"eventName": "a", "daypass": {}},
        {"daypass": {"b": {}}, "eventName": "a"},
        {"eventName": "a", "daypass": {"b": {}}},
        MappingProxyType({"eventName": "a", "daypass": MappingProxyType({"b": {}})}),
        {"eventName": "a", "requestParameters": {"lone": "\ud800"}, "daypass": {"b": {}}},
        {},
    ],
    ids=["none", "first", "empty", "not last", "last", "read-only", "lone surrogate", "nothing"],
)
def test_wherever_the_record_has_its_own_member_the_chain_ends_the_line(
    opened: Opened, directory: Path, given: dict[str, object]
) -> None:
    """The line is JSON, the chain is last, nothing is lost, and the record handed in is not touched."""
    before = repr(given)
    opened().append(given)
    assert repr(given) == before
    (read,) = lines(directory)
    assert list(read)[-1] == "daypass"
    assert list(read["daypass"])[-1] == "hash"
    kept = {key: value for key, value in read["daypass"].items() if key not in CHAIN_MEMBERS}
    assert kept == {**given.get("daypass", {})}  # type: ignore[dict-item]
    assert {key: value for key, value in read.items() if key != "daypass"} == {
        key: value for key, value in given.items() if key != "daypass"
    }
    assert verify(directory).ok


def test_each_record_holds_the_hash_of_the_one_before(opened: Opened, directory: Path) -> None:
    """The first follows from nothing."""
    trail = opened()
    for number in range(5):
        trail.append(record(number))
    chain = [line["daypass"] for line in lines(directory)]
    assert chain[0]["previousHash"] == "0" * 64
    assert [each["previousHash"] for each in chain[1:]] == [each["hash"] for each in chain[:-1]]
    assert [each["sequence"] for each in chain] == [1, 2, 3, 4, 5]
    assert len({each["hash"] for each in chain}) == 5


def test_a_restart_goes_on_with_the_same_chain_in_a_new_file(opened: Opened, directory: Path) -> None:
    """The new file names the old one, and follows from its last record."""
    for number in range(3):
        trail = opened()
        trail.append(record(number))
        trail.close()
    read = [line["daypass"] for line in lines(directory)]
    assert [each["sequence"] for each in read] == [1, 2, 3]
    assert [each["previousFile"] for each in read] == [None, *(path.name for path in files(directory)[:2])]
    assert verify(directory).ok


def test_a_process_that_writes_nothing_leaves_no_file(opened: Opened, directory: Path) -> None:
    """Starting and stopping is no event."""
    opened().close()
    assert files(directory) == []
    assert verify(directory).ok


def test_two_processes_at_once_write_two_chains(opened: Opened, directory: Path) -> None:
    """The second takes the next chain, and gives it back."""
    first, second = opened(), opened()
    first.append(record(1))
    second.append(record(2))
    second.close()
    third = opened()
    third.append(record(3))
    assert sorted((line["daypass"]["chain"], line["daypass"]["sequence"]) for line in lines(directory)) == [
        ("w0", 1),
        ("w1", 1),
        ("w1", 2),
    ]
    assert verify(directory).ok


def test_everything_is_readable_by_the_owner_only(opened: Opened, directory: Path) -> None:
    """Files 0600 in a directory 0700."""
    trail = opened()
    trail.append(record())
    trail.count_failure(record)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_a_file_is_ended_at_its_size(opened: Opened, directory: Path) -> None:
    """No file grows much beyond the limit, and the chain goes through all of them."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_bytes=2_000))
    for number in range(50):
        trail.append(record(number))
    trail.close()
    assert len(files(directory)) > 5
    assert all(path.stat().st_size < 2_600 for path in files(directory))
    assert numbers(directory) == list(range(50))
    assert verify(directory).ok


def test_a_file_is_ended_at_its_age(opened: Opened, directory: Path) -> None:
    """The next record after that goes into a new file."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_seconds=0.2))
    trail.append(record(1))
    trail.append(record(2))
    time.sleep(0.3)
    trail.append(record(3))
    trail.append(record(4))
    assert [len(path.read_bytes().splitlines()) for path in files(directory)] == [2, 2]


def test_threads_write_whole_records_in_one_chain(opened: Opened, directory: Path) -> None:
    """No record is lost or torn when many threads write, durably or not, over many files."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_bytes=20_000, sync_seconds=0.01))

    def write(start: int) -> None:
        for number in range(start, start + 200):
            trail.append(record(number), durable=number % 20 == 0)

    threads = [threading.Thread(target=write, args=(at * 200,)) for at in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trail.close()
    assert sorted(numbers(directory)) == list(range(1000))
    assert verify(directory).records == 1000
    assert verify(directory).ok


def test_a_durable_record_is_synced_before_append_returns(
    opened: Opened, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the setting says so for all; a usual one is synced within the second."""
    synced: list[int] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        real(fd)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    trail = opened(AuditSettings(reserve_bytes=0, sync_seconds=0.3))
    trail.append(record(1), durable=True)
    assert synced == [files(directory)[0].stat().st_size]
    trail.append(record(2))
    assert len(synced) == 1
    time.sleep(0.7)
    assert synced[-1] == files(directory)[0].stat().st_size
    trail.close()
    count = len(synced)
    always = opened(AuditSettings(reserve_bytes=0, sync_seconds=60, always_sync=True))
    always.append(record(3))
    assert len(synced) == count + 1


def test_a_closed_trail_takes_no_record(opened: Opened, directory: Path) -> None:
    """What is not written is not acknowledged."""
    trail = opened()
    trail.close()
    with pytest.raises(AuditUnavailable):
        trail.append(record())
    trail.count_failure(record)
    assert not trail.available
    assert lines(directory) == []


@pytest.mark.parametrize("bad", [object(), {1, 2, object()}])
def test_a_record_that_is_not_json_is_refused_and_harms_nothing(opened: Opened, directory: Path, bad: object) -> None:
    """A defect of the caller must not pass as a written record."""
    trail = opened()
    with pytest.raises(AuditUnavailable):
        trail.append(record(1, bad=bad))
    trail.append(record(2))
    assert numbers(directory) == [2]


def test_the_counters_count(opened: Opened) -> None:
    """Records, refusals, failures and their sample."""
    trail = opened(AuditSettings(reserve_bytes=0, failures_burst=2, failures_per_second=0.0))
    for number in range(3):
        trail.append(record(number))
        trail.count_failure(partial(record, number))
    with pytest.raises(AuditUnavailable):
        trail.append(record(bad=object()))
    counters = trail.counters()
    assert (counters.records, counters.refused, counters.failures, counters.failures_sampled) == (3, 1, 3, 2)


def test_a_directory_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    """The start fails with the system's words."""
    tmp_path.joinpath("audit").write_text("")
    with pytest.raises(OSError, match="audit"):
        AuditTrail(tmp_path / "audit", OPEN)


@pytest.mark.parametrize("name", ["w0.head", "failures-w0.ndjson"])
def test_a_pipe_in_place_of_a_file_never_hangs(opened: Opened, directory: Path, name: str) -> None:
    """Only regular files are written: a pipe that nobody reads would stop the server."""
    directory.mkdir()
    os.mkfifo(directory / name)
    began = time.monotonic()
    try:
        trail = opened()
    except OSError:
        assert name == "w0.head"
    else:
        trail.count_failure(record)
        assert trail.counters().failures_sampled == 0
    assert time.monotonic() - began < 1


def test_a_link_in_place_of_a_file_is_not_followed(opened: Opened, directory: Path, tmp_path: Path) -> None:
    """Somebody else's file is not written through a link."""
    target = tmp_path / "victim"
    target.write_text("mine")
    directory.mkdir()
    directory.joinpath("failures-w0.ndjson").symlink_to(target)
    opened().count_failure(record)
    assert target.read_text() == "mine"
