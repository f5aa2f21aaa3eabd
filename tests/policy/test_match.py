"""Wildcards: right on small texts by comparison with a naive matcher, bounded on hostile ones."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.policy.match import ONE, STAR, any_glob, glob, matcher, tokens

PATTERNS = st.text("ab*?", max_size=9)
TEXTS = st.text("ab*?", max_size=9)


def naive(pattern: str, text: str) -> bool:
    """The meaning of a pattern, by trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return naive(pattern[1:], text) or (bool(text) and naive(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@given(PATTERNS, TEXTS)
def test_a_pattern_matches_what_trying_everything_matches(pattern: str, text: str) -> None:
    """Both algorithms agree with the definition."""
    assert glob(pattern)(text) is naive(pattern, text)


@given(st.lists(PATTERNS, max_size=5), TEXTS)
def test_a_list_matches_what_one_of_its_patterns_matches(patterns: list[str], text: str) -> None:
    """Patterns side by side do not leak into each other."""
    assert any_glob(patterns)(text) is any(naive(pattern, text) for pattern in patterns)


def test_every_short_pattern_matches_what_trying_everything_matches() -> None:
    """All patterns of up to four units against all texts of up to four letters: no difference."""
    patterns = ["".join(units) for size in range(5) for units in itertools.product("ab*?", repeat=size)]
    texts = ["".join(letters) for size in range(5) for letters in itertools.product("ab", repeat=size)]
    for pattern in patterns:
        matches = glob(pattern)
        assert [text for text in texts if matches(text)] == [text for text in texts if naive(pattern, text)]


@given(st.text("ab*?[]\\.^$\n", max_size=12))
def test_a_text_without_wildcards_matches_itself_and_nothing_longer(text: str) -> None:
    """A pattern made of one literal is that literal, whatever characters it has."""
    matches = matcher([text] if text else [])
    assert matches(text)
    assert not matches(text + "x")


@given(PATTERNS)
def test_tokens_put_together_are_the_pattern(pattern: str) -> None:
    """Splitting loses nothing."""
    parts = tokens(pattern)
    assert "".join("*" if part is STAR else "?" if part is ONE else str(part) for part in parts) == pattern


LONG = 6_000
WORST = {
    "one star, a long literal and a question mark": ("*" + "a" * 2_000 + "?", "a" * 2_048),
    "the same without a match": ("*" + "a" * 1_000 + "b?" + "a" * 1_000, "a" * 2_048),
    "stars and letters in turn": ("*a" * (LONG // 2), "a" * 2_048 + "b"),
    "stars and question marks in turn": ("*?" * (LONG // 4), "a" * 2_048),
    "a long literal twice": ("*" + "a" * 1_000 + "b*" + "a" * 1_000 + "c", "a" * 2_048),
    "nothing but stars": ("*" * LONG, "a" * 2_048),
    "many different characters": (
        "*" + "".join(map(chr, range(33, 1_500))) + "?*x",
        "".join(map(chr, range(33, 2_000))),
    ),
    "a whole managed policy in one pattern": ("*" + "ab" * (LONG // 2) + "?", "ab" * 1_024),
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_patterns_of_legal_size_match_within_five_milliseconds(name: str) -> None:
    """No pattern inside AWS's size limits takes longer than 5 ms on a text of 2 KB; the best of five runs counts."""
    pattern, text = WORST[name]
    matches = glob(pattern)
    best = min(_seconds(matches, text) for _ in range(5))
    assert best < 0.005


@pytest.mark.parametrize("pattern", ["*?b", "a*?c", "?*d", "*?"])
def test_the_worst_list_of_patterns_matches_within_ten_milliseconds(pattern: str) -> None:
    """As many patterns with `?` as a session policy holds cost one walk through the longest header there is."""
    matches = any_glob([f"{pattern}{n % 10}" for n in range(320)])
    best = min(_seconds(matches, "a" * 16_000) for _ in range(5))
    assert best < 0.010


@pytest.mark.parametrize("pattern", ["*" + "a" * 50 + "?", "*a" * 25 + "*", "a*" * 25 + "?"])
def test_time_grows_no_faster_than_pattern_times_text(pattern: str) -> None:
    """Sixteen times the text takes about sixteen times as long, not its square or worse."""
    small = min(_seconds(glob(pattern), "a" * 1_000) for _ in range(9))
    large = min(_seconds(glob(pattern), "a" * 16_000) for _ in range(9))
    assert large < small * 64 + 0.001


def _seconds(matches: object, text: str) -> float:
    assert callable(matches)
    start = time.perf_counter()
    matches(text)
    return time.perf_counter() - start
