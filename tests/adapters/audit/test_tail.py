"""Reading the newest records."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.adapters.audit import AuditSettings, AuditTrail, tail
from daypass.adapters.audit import layout as layout_module
from tests.adapters.audit.conftest import files, record

Opened = Callable[..., AuditTrail]


def shown(records: object) -> list[int]:
    return [each["daypass"]["revision"] for each in records]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 1), (10, 10), (37, 37), (100, 40)])
def test_the_last_records_come_oldest_first(opened: Opened, directory: Path, count: int, expected: int) -> None:
    """Over as many files as it takes."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_bytes=2_000))
    for number in range(40):
        trail.append(record(number))
    assert shown(tail(directory, count=count)) == list(range(40))[40 - expected :]


def test_the_chains_are_merged_by_time(opened: Opened, directory: Path) -> None:
    """Several workers write one story."""
    trails = [opened() for _ in range(3)]
    for number in range(30):
        trails[number % 3].append(record(number))
    assert shown(tail(directory, count=12)) == list(range(18, 30))


def test_following_shows_what_comes(opened: Opened, directory: Path) -> None:
    """Across rotation and new chains, each record once."""
    trail = opened(AuditSettings(reserve_bytes=0, rotate_bytes=1_500))
    for number in range(5):
        trail.append(record(number))
    reader = tail(directory, follow=True, count=2)
    assert shown([next(reader), next(reader)]) == [3, 4]

    def write() -> None:
        for number in range(5, 20):
            trail.append(record(number))
            time.sleep(0.02)
        opened().append(record(20))

    writer = threading.Thread(target=write)
    writer.start()
    assert shown([next(reader) for _ in range(16)]) == list(range(5, 21))
    writer.join()
    reader.close()  # type: ignore[attr-defined]


def test_half_a_line_is_shown_when_it_is_whole(opened: Opened, directory: Path) -> None:
    """A record that is being written is not shown in pieces."""
    trail = opened()
    trail.append(record(1))
    trail.close()
    (path,) = files(directory)
    line = path.read_bytes().replace(b'"revision":1', b'"revision":2')
    with path.open("ab") as file:
        file.write(line[:50])
    reader = tail(directory, follow=True, count=5)
    assert shown([next(reader)]) == [1]
    threading.Timer(0.5, lambda: path.open("ab").write(line[50:])).start()
    assert shown([next(reader)]) == [2]
    reader.close()  # type: ignore[attr-defined]


def test_a_line_that_is_no_record_is_shown_as_such(opened: Opened, directory: Path) -> None:
    """The reader goes on."""
    trail = opened()
    trail.append(record(1))
    trail.close()
    (path,) = files(directory)
    with path.open("ab") as file:
        file.write(b"garbage\n")
    assert list(tail(directory, count=1)) == [{"unreadable": path.name}]


def test_an_empty_trail_has_no_records(directory: Path) -> None:
    """And a missing one is an error."""
    with pytest.raises(FileNotFoundError):
        list(tail(directory))
    directory.mkdir()
    assert list(tail(directory)) == []


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20), st.integers(1, 50))
def test_lines_backwards_are_the_lines_reversed(
    tmp_path_factory: pytest.TempPathFactory, content: list[bytes], block: int
) -> None:
    """Whatever the size of the blocks they are read in."""
    path = tmp_path_factory.mktemp("lines") / "a"
    path.write_bytes(b"".join(line + b"\n" for line in content))
    usual, layout_module._BLOCK = layout_module._BLOCK, block
    try:
        with layout_module.opened(path, os.O_RDONLY) as fd:
            end = layout_module.end_of_lines(fd)
            assert end == path.stat().st_size
            assert list(layout_module.lines_backwards(fd, end)) == content[::-1]
    finally:
        layout_module._BLOCK = usual
