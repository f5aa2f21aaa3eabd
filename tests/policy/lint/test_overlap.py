"""Whether two patterns have a text in common, against trying texts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from daypass.policy.lint.overlap import overlap
from daypass.policy.match import glob

PATTERNS = st.text("ab*?", max_size=5)
TEXTS = ["".join(letters) for size in range(9) for letters in itertools.product("ab", repeat=size)]


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_when_some_text_matches_both(one: str, other: str) -> None:
    """All texts of up to eight letters are tried; two patterns of five units need no longer one."""
    left, right = glob(one), glob(other)
    assert overlap(one)(other) is any(left(text) and right(text) for text in TEXTS)


def test_long_patterns_are_not_compared() -> None:
    """Beyond a thousand characters the answer is "perhaps", at once."""
    assert overlap("a" * 2_000)("b" * 2_000)
    assert overlap("a")("b" * 2_000)
    assert not overlap("a" * 1_000)("b" * 1_000)
