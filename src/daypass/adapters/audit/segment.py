"""One open file of a chain: whole lines or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from threading import Lock

from daypass.adapters.audit.chain import Head
from daypass.adapters.audit.layout import open_regular
from daypass.adapters.durable import sync_folder


class Segment:
    """A file that only this process appends to.

    ``size`` is where the last whole line ends. ``write`` needs the caller's lock; ``sync`` and ``close`` have their
    own, so that a slow disk holds up nobody who only writes.
    """

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            OSError: no room, or the name is taken.
        """
        self.path = path
        self.size = 0
        self.head: Head | None = None
        self._fd = open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self._inode = os.fstat(self._fd).st_ino
        self._torn = False
        self._synced = -1
        self._certain: Head | None = None
        self._failed = False
        self._sync_lock = Lock()

    def write(self, line: bytes | bytearray) -> None:
        """Append one line, in one system call.

        Raises:
            OSError: it is not in the file; the file ends with the line before.
        """
        if self._torn:
            self._cut()
        try:
            written = os.write(self._fd, line)
        except OSError:
            self._cut()
            raise
        if written != len(line):
            self._cut()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += written

    def _cut(self) -> None:
        # INVARIANT: 6. A line that was refused must not stand in the file as if it had happened, nor tear the next one.
        # tests/adapters/audit/test_faults.py::test_a_short_write_leaves_whole_lines_only
        self._torn = True
        os.ftruncate(self._fd, self.size)
        self._torn = False

    def sync(self) -> Head | None:
        """Put everything written so far on disk. Returns the chain's head that is now certain.

        Raises:
            OSError: the disk failed. What it has lost is unknown and this file must not be used further.
        """
        size = self.size
        with self._sync_lock:
            if self._synced < size:
                self._sync_all()
            return self._certain

    def _sync_all(self) -> None:
        # A second fsync after a failed one may succeed without having written the pages the first one lost.
        if self._failed or self._fd < 0:
            raise OSError(errno.EIO, "an earlier sync of this file failed")
        reached, head, self._failed = self.size, self.head, True
        os.fsync(self._fd)
        if self._synced < 0:
            sync_folder(self.path.parent)
        self._synced, self._certain, self._failed = reached, head, False

    def is_in_place(self) -> bool:
        """Whether the file is still what its path names; a moved or deleted one keeps its writer, but not the trail."""
        try:
            return os.lstat(self.path).st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        """Close the file; one without a line is removed."""
        with self._sync_lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
        if self.size == 0 and self.is_in_place():
            self.path.unlink()
