"""A setting that nothing reads would be a promise that nothing keeps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daypass.settings import Settings

SOURCE = Path(__file__).parents[2] / "src/daypass"


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_is_read_by_what_it_sets(name: str) -> None:
    """Outside of the settings and of what only shows them, each has a reader; `listen` is read as an address."""
    readers = [
        path
        for path in SOURCE.rglob("*.py")
        if path.parent.name != "settings" and path.name not in {"checks.py", "config.py"}
    ]
    wanted = re.compile(rf"settings\.{'address' if name == 'listen' else name}\b")
    assert any(wanted.search(path.read_text(encoding="utf-8")) for path in readers)
