"""Checking the trail: is every record there, unchanged and in its place?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from daypass.adapters.audit.chain import GENESIS, Head, read_link
from daypass.adapters.audit.layout import SegmentName, list_segments, read_heads


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the trail is not what was written. ``line`` counts from 1; 0 means the file as a whole."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What ``verify`` found. ``torn``: files whose last line a crash cut short; no record was acknowledged there."""

    ok: bool
    files: int
    records: int
    first_break: Break | None = None
    torn: tuple[str, ...] = ()


class _Broken(Exception):
    def __init__(self, file: str, line: int, reason: str) -> None:
        self.at = Break(file, line, reason)


def verify(directory: Path) -> Report:
    """Check every chain in ``directory``. Needs no lock; a server may be writing meanwhile.

    Raises:
        OSError: the directory or a file in it cannot be read.
    """
    noted = read_heads(directory)  # before the files: a chain may only grow after its note
    segments, strangers = list_segments(directory)
    chains = {chain: list(files) for chain, files in groupby(segments, key=lambda segment: segment.chain)}
    walks = [_Walk(directory, chain, chains.get(chain, []), noted.get(chain)) for chain in sorted({*chains, *noted})]
    breaks = [Break(name, 0, "the file belongs to no chain") for name in strangers]
    for walk in walks:
        try:
            walk.run()
        except _Broken as broken:
            breaks.append(broken.at)
    return Report(
        ok=not breaks,
        files=len(segments),
        records=sum(walk.records for walk in walks),
        first_break=breaks[0] if breaks else None,
        torn=tuple(name for walk in walks for name in walk.torn),
    )


class _Walk:
    """One chain, from its first record to its noted head."""

    def __init__(self, directory: Path, chain: str, files: list[SegmentName], noted: Head | None) -> None:
        self.records = 0
        self.torn: list[str] = []
        self._directory = directory
        self._chain = chain
        self._files = files
        self._noted = noted
        self._head: Head = (0, GENESIS)

    def run(self) -> None:
        previous: str | None = None
        for index, file in enumerate(self._files, start=1):
            if file.index != index:
                raise _Broken(file.name, 0, f"file {index:06d} of chain `{self._chain}` should stand before it")
            self._read_file(file, previous, newest=index == len(self._files))
            previous = file.name
        if self._noted and self._noted[0] > self._head[0]:
            raise _Broken(
                previous or f"{self._chain}.head",
                0,
                f"chain `{self._chain}` ends at record {self._head[0]}, but had come to record {self._noted[0]}",
            )

    def _read_file(self, file: SegmentName, previous: str | None, *, newest: bool) -> None:
        number = 0
        for number, line in enumerate(_lines(self._directory / file.name), start=1):
            if not line.endswith(b"\n"):
                if not newest:
                    raise _Broken(file.name, number, "the record is cut short")
                self.torn.append(file.name)
                return
            reason = self._check(line[:-1], opens=number == 1, previous=previous)
            if reason:
                raise _Broken(file.name, number, reason)
            self.records += 1
        if not number and not newest:
            raise _Broken(file.name, 0, "the file is empty")

    def _check(self, line: bytes, *, opens: bool, previous: str | None) -> str | None:
        link = read_link(line)
        if link is None or link.chain != self._chain:
            return f"not a record of chain `{self._chain}`"
        if not link.intact:
            return "the record was changed"
        after = self._head[0]
        if link.sequence != after + 1:
            return f"record {link.sequence} follows record {after}: records were removed, added or moved"
        if link.previous != self._head[1]:
            return f"the record does not follow from record {after}: one of them was replaced"
        if link.opens != opens or link.previous_file != (previous if opens else None):
            return "the record does not belong at this place of this file"
        if self._noted and link.sequence == self._noted[0] and link.hash != self._noted[1]:
            return "the record is not the one that was noted when it was written"
        self._head = (link.sequence, link.hash)
        return None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
