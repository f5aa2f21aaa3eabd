"""The examples in the documentation are run as a reader would run them, and print what the page says they print.

- ``sh``: typed into the one shell of the page, in order; must succeed
- ``sh`` under ``<!-- another terminal -->``: runs a daypass in a terminal of its own, beside the shell
- ``sh`` under ``<!-- fails -->``: its last command must be refused
- any under ``<!-- not run: REASON -->``: shown only
- ``python``: begins with ``# NAME.py`` and is saved under that name; a shell block of the page runs it
- ``text``: what the block before it prints, lines in this order; ``…`` stands for anything; a ``picture`` is none
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import Block, Page, written_pages
from tests.docs.terminals import Terminals
from tests.postgres import PostgresServer

LANGUAGES = {"sh", "python", "text", "toml", "ini", "json"}
DATABASE = "postgresql://daypass@db.example.com/daypass"
"""How pages write the address of a PostgreSQL database."""

PAGES = [page for page in written_pages() if any(block.language == "sh" and block.is_run for block in page.blocks)]
NAMES = [page.name for page in PAGES]


def test_there_are_examples_to_run() -> None:
    """The pages a newcomer follows have examples that are run."""
    assert {"README.md", "docs/tutorial.md"} <= set(NAMES)
    assert sum(name.startswith("docs/how-to/") for name in NAMES) >= 4


@pytest.mark.parametrize("page", written_pages(), ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Page) -> None:
    """A block has a known language, a mark that is understood, and Python is saved and run by the page."""
    for block in page.blocks:
        assert block.language in LANGUAGES, f"{block.where}: {block.language!r}"
        known = block.mark in {"", "another terminal", "fails", "picture"} or not block.is_run
        assert known, f"{block.where}: {block.mark}"
        if block.language == "python" and block.is_run:
            assert block.file, f"{block.where}: begins with no file name"
            name = "pytest" if block.file == "conftest.py" else Path(block.file).stem
            runs = [other for other in page.blocks if other.language == "sh" and other.is_run and name in other.text]
            assert runs, f"{block.where}: no block runs {block.file}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_examples_of_a_page_do_what_it_says(page: Page, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Typed from top to bottom, every example succeeds or is refused as told, and prints what the page shows.

    And no secret is left lying about for others to read.
    """
    database = ""
    if any(DATABASE in block.text for block in page.blocks if block.is_run):
        server: PostgresServer = request.getfixturevalue("postgres")
        database = server.new_database()
    with Terminals(tmp_path) as terminals:
        said = ""
        for block in page.blocks:
            if block.language == "text" and block.mark != "picture":
                expect(said, block)
            elif block.is_run:
                said = follow(terminals, block, database) if block.language == "sh" else said
                if block.file and block.language != "sh":
                    terminals.save(block.file, block.text)
        assert not terminals.exposed()


def follow(terminals: Terminals, block: Block, database: str) -> str:
    """Do what the reader does with a shell block; what it printed."""
    # `./dev up` makes an environment first, which a test already has.
    text = block.text.replace("./dev up", "daypass up").replace(DATABASE, database)
    try:
        if block.mark == "another terminal":
            return terminals.open_another(text)
        return terminals.type(text, fails=block.mark == "fails")
    except AssertionError as error:
        raise AssertionError(f"{block.where}: {error}") from None


def expect(said: str, block: Block) -> None:
    """The lines of ``block`` stand in ``said``, in this order; lines of the output that it leaves out do not matter."""
    rest = iter(said.splitlines())
    for line in filter(str.strip, block.text.splitlines()):
        wanted = ".*".join(map(re.escape, line.strip().split("…"))).replace("123456789012", r"\d{12}")
        found = any(re.fullmatch(wanted, actual.strip()) for actual in rest)
        assert found, f"{block.where}: not printed: {line}\n--- printed:\n{said}"


SAID = "made account 111122223333, user admin\n\ndaypass ready http://127.0.0.1:7177\n"


@pytest.mark.parametrize(
    ("shown", "fits"),
    [
        ("made account 123456789012, user admin\ndaypass ready …\n", True),
        ("… user admin\n", True),
        ("daypass ready …\nmade account 123456789012, user admin\n", False),
        ("made account 123456789012\n", False),
        ("daypass is ready\n", False),
    ],
)
def test_output_that_is_not_printed_is_noticed(shown: str, fits: bool) -> None:
    """Lines must be printed whole but for what `…` leaves open, and in their order."""
    block = Block("page.md", 1, "text", shown, "")
    if fits:
        expect(SAID, block)
    else:
        with pytest.raises(AssertionError, match="not printed"):
            expect(SAID, block)


@pytest.mark.parametrize(("text", "fails"), [("false\ntrue\n", False), ("exit 3\n", True), ("true\n", True)])
def test_a_block_that_goes_wrong_is_noticed(tmp_path: Path, text: str, fails: bool) -> None:
    """A command that fails in the middle, a shell that ends, a refusal that does not come: each fails the page."""
    with Terminals(tmp_path) as terminals, pytest.raises(AssertionError):
        terminals.type(text, fails=fails)
