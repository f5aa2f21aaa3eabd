"""Files that a user names on the command line, read with a bound."""

from __future__ import annotations

import sys
from pathlib import Path

MOST = 10_000_001
"""Bytes that are read at most: one more than any operation takes, so that it refuses what is larger itself."""


def read_bytes(file: str | Path) -> bytes:
    """What ``file`` holds (``-``: stdin), its first ``MOST`` bytes.

    Raises:
        CommandError: it cannot be read.
    """
    from daypass.cli.problems import CommandError

    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MOST)
        with Path(file).open("rb") as source:
            return source.read(MOST)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", "see its name and its permissions") from None


def read_text(file: Path) -> str:
    """The same as text; what is none shows as such wherever it is read.

    Raises:
        CommandError: it cannot be read.
    """
    return read_bytes(file).decode("utf-8", "replace")
