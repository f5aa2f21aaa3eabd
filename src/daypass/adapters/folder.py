"""Making the names in a folder as durable as the files that they name."""

from __future__ import annotations

import os
from pathlib import Path


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
