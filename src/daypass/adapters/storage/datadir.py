"""The data directory: made private, recognised, and held by one `daypass up` at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path


class DataDirectoryError(Exception):
    """The data directory or its database cannot be used. ``message``: what is wrong; ``advice``: what to do about it."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message}\n{advice}")
        self.message = message
        self.advice = advice


def claim(path: Path) -> AbstractContextManager[Path]:
    """Hold the directory (made with mode 0700 when absent) until the block ends or the process dies.

    Raises:
        DataDirectoryError: in use by another process, not ours, not writable, or open to other users.
    """
    raise NotImplementedError


def existing(path: Path) -> Path:
    """The directory, checked but not held: for commands and workers beside `daypass up`.

    Raises:
        DataDirectoryError: absent, not ours, not writable, or open to other users.
    """
    raise NotImplementedError


def findings(path: Path) -> tuple[DataDirectoryError, ...]:
    """Everything that is wrong with an existing directory, the worst first (`daypass doctor`). Touches nothing."""
    raise NotImplementedError
