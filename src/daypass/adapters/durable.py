"""Files that are there, whole, after a crash or a power cut."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_new(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Make the file, which must not exist, and put what it holds on disk. ``mode`` counts whatever the umask.

    Raises:
        OSError: it exists, or cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
        file.flush()
        os.fsync(handle)


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Make the file or replace it: at any moment there is the old one or the new one, never a part.

    Raises:
        OSError: it cannot be written; the old one stays.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_new(draft, content, mode=mode)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Put the names in ``path`` on disk: a file that was made or renamed is there after a power cut (fsync(2)).

    Raises:
        OSError: the folder cannot be opened, or the disk failed.
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
