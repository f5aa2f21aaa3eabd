"""The data directory: made private, recognised, and held by one `daypass up` at a time."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARKER = "daypass-data"
"""The file that makes a directory ours. Its first line names the format."""

_FORMAT = "daypass data directory, format 1\n"
_LOCK = "lock"
_BEFORE_US = frozenset({_LOCK, f"{MARKER}.new", "daypass.toml"})
"""What a directory that is not ours yet may hold: our own first steps, and settings for the first start."""


class DataDirectoryError(Exception):
    """The data directory or its database cannot be used. ``message``: what is wrong; ``advice``: what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(f"{message}\n{advice}")
        self.message = message
        self.advice = advice


@contextmanager
def claim(path: Path) -> Iterator[Path]:
    """Hold the directory (made with mode 0700 when absent) until the block ends or the process dies.

    Raises:
        DataDirectoryError: in use by another process, not ours, not writable, or open to other users.
    """
    _make(path)
    _refuse(_problems(path, may_be_new=True))
    held = _Held(_hold(path))
    try:
        if not (path / MARKER).exists():
            _write_marker(path)
        yield path
    finally:
        held.let_go()  # the file stays, so that nobody locks one that is being removed


def existing(path: Path) -> Path:
    """The directory, checked but not held: for commands and workers beside `daypass up`.

    Raises:
        DataDirectoryError: absent, not ours, not writable, or open to other users.
    """
    _refuse(_problems(path, may_be_new=False))
    return path


def findings(path: Path) -> tuple[DataDirectoryError, ...]:
    """Everything that is wrong with an existing directory, the worst first (`daypass doctor`). Touches nothing."""
    return tuple(_problems(path, may_be_new=False))


def holder(path: Path) -> int | None:
    """The process that holds the directory now, 0 when it cannot be named; None when nobody does."""
    try:
        file = os.open(path / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _pid(file)
    finally:
        os.close(file)


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirectoryError(
            f"cannot make `{path}`: {error.strerror}", "name another place with --data DIR"
        ) from error


class _Held:
    """An open file that a forked child lets go at once: the lock must die with the process that took it."""

    def __init__(self, file: int) -> None:
        self._file = file
        os.register_at_fork(after_in_child=self.let_go)

    def let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _hold(path: Path) -> int:
    """The locked file; its lock ends when the file is closed or the process dies."""
    try:
        file = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _not_writable(path, error.strerror) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = _pid(file)
        os.close(file)
        raise DataDirectoryError(
            f"`{path}` is in use by {f'process {pid}' if pid else 'another daypass'}",
            "stop that daypass first, or start this one with another --data DIR",
        ) from None
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    return file


def _pid(file: int) -> int:
    text = os.pread(file, 20, 0).strip()
    return int(text) if text.isdigit() else 0


def _write_marker(path: Path) -> None:
    # Whole or not at all: a directory with half a marker would be nobody's.
    draft = path / f"{MARKER}.new"
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, _FORMAT.encode())
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path / MARKER)


def _refuse(problems: Iterator[DataDirectoryError]) -> None:
    for problem in problems:
        raise problem


def _problems(path: Path, *, may_be_new: bool) -> Iterator[DataDirectoryError]:
    if not path.is_dir():
        there = "is not a directory" if path.exists() else "does not exist"
        yield DataDirectoryError(
            f"`{path}` {there}", "name the data directory with --data DIR, or make one with `daypass up`"
        )
        return
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield _not_writable(path, "permission denied")
        return
    yield from _foreign(path, may_be_new=may_be_new)
    yield from _open_to_others(path)


def _foreign(path: Path, *, may_be_new: bool) -> Iterator[DataDirectoryError]:
    marker = path / MARKER
    if marker.is_file():
        if marker.read_bytes()[:200].decode("utf-8", "replace") != _FORMAT:
            yield DataDirectoryError(
                f"`{path}` has a format that this daypass does not know", "start the newer daypass that made it"
            )
    elif not may_be_new or {entry.name for entry in path.iterdir()} - _BEFORE_US:
        yield DataDirectoryError(
            f"`{path}` is not a daypass data directory", "name an empty or new directory with --data DIR"
        )


def _open_to_others(path: Path) -> Iterator[DataDirectoryError]:
    # INVARIANT: 10. secrets in a directory that others can read are refused, not repaired in silence.
    # tests/adapters/storage/test_datadir.py::test_a_file_that_others_can_read_is_refused.
    status = path.stat()
    if status.st_uid != os.geteuid():
        yield DataDirectoryError(f"`{path}` belongs to another user", f"run daypass as the owner of `{path}`")
    for entry in (path, *sorted(path.iterdir())):
        mode = entry.lstat().st_mode
        if mode & 0o077 and (entry is path or stat.S_ISREG(mode)):
            yield DataDirectoryError(f"other users can get at `{entry}`", f"chmod go-rwx '{entry}'")


def _not_writable(path: Path, reason: str | None) -> DataDirectoryError:
    return DataDirectoryError(f"cannot write in `{path}`: {reason}", "name a directory of yours with --data DIR")
