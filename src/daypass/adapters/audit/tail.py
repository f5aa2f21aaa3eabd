"""Reading the newest records of all chains together, and those that come."""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from daypass.adapters.audit.layout import SegmentName, end_of_lines, lines_backwards, list_segments, opened

_POLL_SECONDS = 0.2
_BLOCK = 1 << 20

_decode = msgspec.json.Decoder(dict[str, object]).decode


def tail(directory: Path, *, follow: bool = False, count: int = 10) -> Iterator[dict[str, object]]:
    """The last ``count`` records of all chains, oldest first; with ``follow`` then new ones as they are written.

    A line that is no JSON object is given as ``{"unreadable": FILE}``; ``verify`` says what is wrong with it.

    Raises:
        OSError: the directory or a file in it cannot be read.
    """
    reader = _Reader(directory)
    yield from reader.last(count)
    while follow:
        time.sleep(_POLL_SECONDS)
        yield from reader.new()


class _Reader:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[SegmentName, int] = {}

    def last(self, count: int) -> list[dict[str, object]]:
        """The newest records; remembers where each file ended."""
        segments, _ = list_segments(self._directory)
        chains: dict[str, list[SegmentName]] = {}
        for segment in segments:
            chains.setdefault(segment.chain, []).append(segment)
        newest = [list(islice(self._backwards(files), count))[::-1] for files in chains.values()]
        for segment in segments:
            self._read.setdefault(segment, -1)  # an older file than was asked for: nothing to come from it
        return list(heapq.merge(*newest, key=_time))[-count:] if count > 0 else []

    def _backwards(self, files: list[SegmentName]) -> Iterator[dict[str, object]]:
        for segment in reversed(files):
            with opened(self._directory / segment.name, os.O_RDONLY) as fd:
                self._read[segment] = end = end_of_lines(fd)
                for line in lines_backwards(fd, end):
                    yield _record(line, segment)

    def new(self) -> list[dict[str, object]]:
        """What was written since the last look."""
        segments, _ = list_segments(self._directory)
        found = [self._forwards(segment) for segment in segments if self._read.get(segment, 0) >= 0]
        return list(heapq.merge(*found, key=_time))

    def _forwards(self, segment: SegmentName) -> list[dict[str, object]]:
        start = self._read.get(segment, 0)
        with opened(self._directory / segment.name, os.O_RDONLY) as fd:
            end = end_of_lines(fd) if os.fstat(fd).st_size > start else start
            text = b"".join(os.pread(fd, min(_BLOCK, end - at), at) for at in range(start, end, _BLOCK))
        self._read[segment] = end
        return [_record(line, segment) for line in text.split(b"\n")[:-1]]


def _record(line: bytes, segment: SegmentName) -> dict[str, object]:
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"unreadable": segment.name}


def _time(record: dict[str, object]) -> str:
    return str(record.get("eventTime", ""))
