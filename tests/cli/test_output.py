"""What commands print of what others have said: letters, and nothing that a terminal obeys."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.cli.options import json_text, plain, print_facts
from daypass.cli.problems import CommandError, explain

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


@given(st.text())
def test_a_text_is_one_line_of_letters(text: str) -> None:
    """Whatever is in it; usual letters of all scripts stay."""
    assert plain(text).isprintable()
    assert plain("größe 大きさ 🙂") == "größe 大きさ 🙂"


@given(VALUES)
def test_json_says_the_same_in_letters(value: Any) -> None:
    """Whoever reads it as JSON reads what was said."""
    for indent in (None, 2):
        text = json_text(value, indent)
        assert json.loads(text) == value
        assert all(line.isprintable() for line in text.split("\n"))


@given(st.text(), st.text())
def test_an_error_is_told_in_letters(message: str, advice: str) -> None:
    """On lines of its own."""
    problem = explain(CommandError(message, advice))
    assert problem is not None
    assert all(line.isprintable() for line in problem.text.split("\n"))


def test_facts_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Names too, which may be anybody's."""
    print_facts({"a\x1b[2J": "b\nc", "d": 1})
    assert capsys.readouterr().out == f"{click.unstyle('a')}�[2J  b�c\nd      1\n"
