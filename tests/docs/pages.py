"""The pages of the documentation, taken apart: blocks of code and their marks, headings, links, code words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = frozenset(
    f"docs/reference/{name}.md"
    for name in ("cli", "clients", "condition-keys", "conformance", "policy-findings", "settings", "sts")
)

_FENCE = re.compile(r"^```(\S*)\s*$")
_MARK = re.compile(r"<!-- (.*?) -->")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_WORD = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``mark`` is the comment on the line before it, empty where there is none."""

    page: str
    line: int
    language: str
    text: str
    mark: str

    @property
    def where(self) -> str:
        """For messages: page and line."""
        return f"{self.page}:{self.line}"

    @property
    def is_run(self) -> bool:
        """Whether the example is executed; one that is not says why."""
        return not self.mark.startswith("not run: ")

    @property
    def file(self) -> str | None:
        """The name in the block's first line, if it is to be saved as a file."""
        found = _FILE.match(self.text)
        return found[1] if found else None


class Page:
    """One Markdown file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        self.lines = path.read_text("utf-8").splitlines()

    @cached_property
    def blocks(self) -> list[Block]:
        """All fenced blocks, in order."""
        found, opened, language = [], 0, ""
        for number, line in enumerate(self.lines, 1):
            fence = _FENCE.match(line)
            if fence and not opened:
                opened, language = number, fence[1]
            elif fence:
                text = "\n".join(self.lines[opened : number - 1]) + "\n"
                mark = _MARK.fullmatch(self.lines[opened - 2].strip()) if opened > 1 else None
                found.append(Block(self.name, opened, language, text, mark[1] if mark else ""))
                opened = 0
        assert not opened, f"{self.name}:{opened}: the block does not end"
        return found

    @cached_property
    def prose(self) -> list[tuple[int, str]]:
        """Number and text of each line outside of blocks."""
        inside = {
            number for block in self.blocks for number in range(block.line, block.line + block.text.count("\n") + 2)
        }
        return [(number, line) for number, line in enumerate(self.lines, 1) if number not in inside]

    @cached_property
    def anchors(self) -> set[str]:
        """What a link may name after `#`: headings as GitHub spells them."""
        headings = (line.lstrip("#").strip() for _, line in self.prose if line.startswith("#"))
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def links(self) -> Iterator[tuple[int, str]]:
        """Line and target of each link."""
        for number, line in self.prose:
            for target in _LINK.findall(line):
                yield number, target

    def words(self) -> Iterator[tuple[int, str]]:
        """Line and text of each piece of code in the prose."""
        for number, line in self.prose:
            for word in _WORD.findall(line):
                yield number, word


def all_pages() -> list[Page]:
    """Every page of the project, the generated ones among them."""
    found = [*ROOT.glob("*.md"), *ROOT.joinpath("docs").rglob("*.md"), *ROOT.joinpath("changes").glob("*.md")]
    return [Page(path) for path in sorted(found)]


def written_pages() -> list[Page]:
    """The pages that people write."""
    return [page for page in all_pages() if page.name not in GENERATED]
