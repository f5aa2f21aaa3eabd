"""Taking up a chain where its last process left it, after a clean end or a crash."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from daypass.adapters.audit.chain import GENESIS, Head, read_link
from daypass.adapters.audit.layout import Chain, SegmentName, end_of_lines, lines_backwards, list_segments, opened

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends: its last record, the file that holds it, and how many torn bytes were cut off behind it."""

    head: Head
    file: SegmentName | None
    repaired: int


def take_up(directory: Path, chain: Chain) -> End:
    """Find the end of a chain that this process holds, and repair it: half a line goes, a file without a line too.

    A damaged last line stays as evidence; the chain goes on from the last head that was noted.

    Raises:
        OSError: the files cannot be read or cut.
    """
    segments = [segment for segment in list_segments(directory)[0] if segment.chain == chain.name]
    heads: list[Head] = [(0, GENESIS)]
    repaired = 0
    last: bytes | None = None
    while segments and last is None:
        last, torn = _last_line(directory / segments[-1].name)
        repaired += torn
        if last is None:
            (directory / segments.pop().name).unlink()
    if last is not None and (link := read_link(last)):
        heads.append((link.sequence, link.hash))
    if noted := chain.head():
        # A chain cut behind its noted head goes on after the gap, so that the gap stays visible.
        heads.append(noted)
    return End(max(heads, key=itemgetter(0)), segments[-1] if segments else None, repaired)


def _last_line(path: Path) -> tuple[bytes | None, int]:
    with opened(path, os.O_RDWR) as fd:
        end = end_of_lines(fd)
        torn = os.fstat(fd).st_size - end
        if torn:
            _log.warning("audit: cutting %d bytes of a torn record off `%s`", torn, path.name)
            os.ftruncate(fd, end)
        return next(lines_backwards(fd, end), None), torn
