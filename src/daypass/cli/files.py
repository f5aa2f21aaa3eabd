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


def read_authorities(file: Path | None) -> str:
    """The certificates (PEM) in the file, none where no file is named.

    # INVARIANT: 10. a file that holds none is not taken for none: then everybody's authorities would count.
    #   tests/cli/test_federation.py::test_a_file_without_authorities_does_not_stand_for_the_systems

    Raises:
        CommandError: it cannot be read, or holds none.
    """
    from daypass.cli.problems import USAGE, CommandError

    if file is None:
        return ""
    text = read_text(file)
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise CommandError(f"{file} holds no certificate", "give a file with authorities in PEM", USAGE)
    return text


def read_text(file: Path) -> str:
    """The same as text; what is none shows as such wherever it is read.

    Raises:
        CommandError: it cannot be read.
    """
    return read_bytes(file).decode("utf-8", "replace")
