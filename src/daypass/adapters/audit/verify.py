"""Checking the trail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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


def verify(directory: Path) -> Report:
    """Check every chain in ``directory``. Needs no lock; a server may be writing meanwhile.

    Raises:
        OSError: the directory or a file in it cannot be read.
    """
    raise NotImplementedError
