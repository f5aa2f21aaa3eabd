"""What generators share: texts are written, or compared with the files that are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_or_check(texts: Mapping[Path, str], *, check: bool) -> int:
    """Write each text to its file; with ``check`` write nothing and name the files that differ. The exit code."""
    if check:
        stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            print(f"{path} is stale: ./dev docs")
        return 1 if stale else 0
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0
