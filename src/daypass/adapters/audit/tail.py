"""Reading the newest records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def tail(directory: Path, *, follow: bool = False, count: int = 10) -> Iterator[dict[str, object]]:
    """The last ``count`` records of all chains, oldest first; with ``follow`` then new ones as they are written."""
    raise NotImplementedError
