"""The page of STS's operations: fresh, and whole."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def docs_sts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_sts", ROOT / "tools/docs_sts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_published_page_is_fresh(docs_sts: ModuleType) -> None:
    """``docs/reference/sts.md`` is what model, registry, cases and notes give now."""
    assert docs_sts.page() == docs_sts.PAGE.read_text(encoding="utf-8")


def test_an_operation_without_notes_is_missed(docs_sts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """No operation can be left off the page, and no notes can outlive theirs."""
    monkeypatch.delitem(docs_sts.NOTES, "AssumeRole")
    with pytest.raises(KeyError, match="AssumeRole"):
        docs_sts.page()


def test_a_stale_page_fails_the_check(
    docs_sts: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check says so and leaves the page alone."""
    stale = tmp_path / "sts.md"
    stale.write_text("old", encoding="utf-8")
    monkeypatch.setattr(docs_sts, "PAGE", stale)
    monkeypatch.setattr("sys.argv", ["docs_sts.py", "--check"])
    assert docs_sts.main() == 1
    assert "is stale" in capsys.readouterr().out
    assert stale.read_text(encoding="utf-8") == "old"
