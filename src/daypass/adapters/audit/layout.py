"""The directory of the trail: file names, the chain a process holds, and the note of how far it got."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from daypass.adapters.audit.chain import Head

_SEGMENT = re.compile(r"\d{8}T\d{6}Z-(w\d{1,4})-(\d{6,9})\.jsonl")
_HEAD = re.compile(rb"(\d{18}) ([0-9a-f]{64})\n")
_HEAD_FILE = re.compile(r"(w\d{1,4})\.head")
_CHAINS = 256
_BLOCK = 65_536


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """A file of a chain; ``index`` counts from 1 and orders the files whatever the clock did."""

    chain: str
    index: int
    name: str


def segment_name(chain: str, index: int, at: float) -> SegmentName:
    """The name of the chain's file number ``index``, begun ``at`` (epoch seconds)."""
    return SegmentName(chain, index, f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(at))}-{chain}-{index:06d}.jsonl")


def list_segments(directory: Path) -> tuple[list[SegmentName], list[str]]:
    """All files of all chains, ordered by chain and index, and the ``*.jsonl`` that belong to none."""
    segments, strangers = [], []
    for name in sorted(path.name for path in directory.iterdir()):
        if found := _SEGMENT.fullmatch(name):
            segments.append(SegmentName(found[1], int(found[2]), name))
        elif name.endswith(".jsonl"):
            strangers.append(name)
    return sorted(segments), strangers


def open_regular(path: Path, flags: int) -> int:
    """Open a regular file of our own, mode 0600, creating it where ``flags`` say so.

    Raises:
        OSError: not there, not a regular file (a pipe could block, a link could lead elsewhere), or no room.
    """
    # O_NONBLOCK: opening a pipe that nobody reads would hang; on regular files it means nothing.
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(f"`{path}` is not a regular file")
    return fd


class Chain:
    """A chain held by this process, from ``claim`` to ``release``."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self._fd = fd

    def head(self) -> Head | None:
        """How far the chain had certainly got when this was noted, None on a new chain."""
        return _parse_head(os.pread(self._fd, 128, 0))

    def note_head(self, head: Head) -> None:
        """Overwrite the note. It has one length, so a crash leaves the old one or the new one."""
        os.pwrite(self._fd, b"%018d %b\n" % (head[0], head[1].encode()), 0)

    def release(self) -> None:
        """Let another process have the chain. A later note fails; it must not land in whatever has this number then."""
        fd, self._fd = self._fd, -1
        os.close(fd)


def claim(directory: Path) -> Chain:
    """Take the first chain that no living process holds.

    Raises:
        OSError: the directory cannot be used, or every chain is held.
    """
    for number in range(_CHAINS):
        fd = open_regular(directory / f"w{number}.head", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
        else:
            return Chain(f"w{number}", fd)
    raise OSError(f"all {_CHAINS} chains of `{directory}` are in use")


def read_heads(directory: Path) -> dict[str, Head]:
    """The note of every chain that has one."""
    heads = {}
    for path in directory.iterdir():
        if found := _HEAD_FILE.fullmatch(path.name):
            head = _parse_head(path.read_bytes()[:128])
            if head is not None:
                heads[found[1]] = head
    return heads


def _parse_head(content: bytes) -> Head | None:
    found = _HEAD.fullmatch(content)
    return (int(found[1]), found[2].decode()) if found else None


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """``open_regular`` for the length of a block."""
    fd = open_regular(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


def lines_backwards(fd: int, end: int) -> Iterator[bytes]:
    """The lines before offset ``end`` (which follows a newline), last first, without their newlines."""
    position, tail = end - 1, b""
    while position > 0:
        start = max(0, position - _BLOCK)
        tail, *lines = (os.pread(fd, position - start, start) + tail).split(b"\n")
        yield from reversed(lines)
        position = start
    if end > 0:
        yield tail


def end_of_lines(fd: int) -> int:
    """The offset after the last newline; what follows it was torn off by a crash."""
    end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def free_bytes(directory: Path) -> int:
    """What an ordinary user may still write there; -1 when nobody can tell."""
    try:
        space = os.statvfs(directory)
    except OSError:
        return -1
    return space.f_bavail * space.f_frsize
