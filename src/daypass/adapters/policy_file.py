"""A policy that an administrator keeps in a file: read whole, bounded, refused where others could have written it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from daypass.errors import DaypassError

LARGEST = 262_144
"""Bytes that are read; the grammar's own limit, in characters, comes after it."""


class PolicyFileError(DaypassError):
    """The file cannot be used. ``message``: what is wrong; ``advice``: what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message}\n{advice}")
        self.message = message
        self.advice = advice


def read_policy_file(path: Path) -> str:
    """The text of the policy in ``path``.

    # INVARIANT: 10. a guard that everybody may rewrite is none.
    #   tests/adapters/test_policy_file.py::test_a_file_that_everybody_may_write_is_refused

    Raises:
        PolicyFileError: not there, not readable, no regular file, too large, no text, or writable by everybody.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise PolicyFileError(
            f"the policy file {path} cannot be read: {error.strerror}", "name a file that daypass's user may read"
        ) from None
    try:
        _refuse(path, os.fstat(handle))
        content = os.read(handle, LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > LARGEST:
        raise PolicyFileError(f"the policy file {path} is larger than {LARGEST} bytes", "shorten the policy")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise PolicyFileError(
            f"the policy file {path} is not UTF-8 text", "write the policy as JSON in UTF-8"
        ) from None


def _refuse(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise PolicyFileError(f"the policy file {path} is not a regular file", "name the file itself")
    if facts.st_mode & stat.S_IWOTH:
        raise PolicyFileError(
            f"the policy file {path} can be written by everybody (mode {stat.S_IMODE(facts.st_mode):04o})",
            f"read it, then run: chmod o-w {path}",
        )
