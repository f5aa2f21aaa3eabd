"""Patterns are read as AWS's servers read them, from end to end and in linear time."""

from __future__ import annotations

from time import process_time
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.wire import SERVICES
from daypass.wire.model import load_table
from daypass.wire.patterns import matcher, sized_matcher

TAG_VALUE = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"
PATTERNS = sorted(
    {
        pattern
        for service in SERVICES
        for shape in load_table(service).shapes.values()
        for pattern in (shape.pattern, shape.match)
        if pattern
    }
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_the_models_compiles(pattern: str) -> None:
    """No pattern is left that Python cannot read, and none matches a line break at the end by accident."""
    matches = matcher(pattern)

    assert not matches("a\n") or matches("\n")


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    "text", ["a" * 200_000 + "\x00", "/" * 200_000 + "\x00", "/a" * 100_000, "ä" * 200_000, "-a" * 100_000]
)
def test_every_pattern_takes_linear_time(pattern: str, text: str) -> None:
    """Two hundred thousand characters are judged within seconds, where quadratic work would take minutes."""
    began = process_time()
    matcher(pattern)(text)

    assert process_time() - began < 2.0


@given(st.text())
def test_unicode_categories_are_letters_separators_and_numbers(text: str) -> None:
    """Tag values take exactly the letters, separators, numbers and seven signs that the pattern prints."""
    expected = all(category(char)[0] in "LZN" or char in "_.:/=+-@" for char in text)

    assert bool(matcher(TAG_VALUE)(text) is not None and matcher(TAG_VALUE)(text) is not False) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"[\w+=,.@-]*", "", True),
        (r"[\w+=,.@-]*", "ä", False),
        (r"[\w+=,.@-]*", "a\n", False),
        (r"[\d]*", "٣", False),
        (r"[\p{L}\p{N}]+", "", False),
        (r"[\p{L}\p{N}]+", "ä", True),
        (r"[\p{L}\p{N}]+", "ä ", False),
        (r"[\p{L}\p{N}]*", "", True),
        (r"^[a-z]$", "a\n", False),
    ],
)
def test_patterns_match_from_end_to_end_in_ascii(pattern: str, text: str, expected: bool) -> None:
    r"""``\w`` and ``\d`` are ASCII, and the whole text must match."""
    assert bool(matcher(pattern)(text)) is expected


@pytest.mark.parametrize("pattern", [r"\p{Lu}+", r"[\p{L}]+x", r"a\p{L}"])
def test_a_pattern_that_needs_an_overlay_is_refused_at_load(pattern: str) -> None:
    """A use of categories that we cannot read is an error, not a guess."""
    with pytest.raises(ValueError, match="categor"):
        matcher(pattern)


@given(st.text("ab-\n\u00e9", max_size=8), st.integers(0, 4), st.none() | st.integers(0, 4))
@pytest.mark.parametrize("pattern", ["[a-z-]*", "[a-z\n]+", "a|ab|b", "[\\w\\n]+$"])
def test_size_and_pattern_in_one_expression_are_both(pattern: str, text: str, low: int, more: int | None) -> None:
    """A text matches when its length is within the bounds and the pattern matches all of it."""
    high = None if more is None else low + more
    sized = low <= len(text) <= (len(text) if high is None else high)

    assert bool(sized_matcher(pattern, low, high)(text)) is bool(sized and matcher(pattern)(text))
