"""Wildcards: ``*`` is any run of characters, ``?`` exactly one; all else is itself.

Patterns with ``*`` only are split into literal pieces that are found one after the other; patterns with ``?`` are
matched by ``walk``. Both are safe on hostile input: no backtracking.

Source: IAM JSON policy elements reference, "Resource" and "String condition operators".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from daypass.policy.tokens import ONE, STAR, Token, Wildcard, has_wildcard, is_prefix, tokens
from daypass.policy.walk import any_walker, walker

__all__ = [
    "MANY",
    "ONE",
    "STAR",
    "Matcher",
    "Token",
    "Wildcard",
    "any_glob",
    "any_matcher",
    "find_in_order",
    "glob",
    "has_wildcard",
    "is_prefix",
    "matcher",
    "tokens",
]


Matcher = Callable[[str], bool]

MANY = 16
"""How many patterns of a list are matched one by one; of longer lists, only those with one star at most."""


def glob(pattern: str) -> Matcher:
    """A test whether a whole text matches ``pattern``."""
    return matcher(tokens(pattern))


def matcher(parts: Sequence[Token]) -> Matcher:
    """A test whether a whole text matches the pattern made of ``parts``; inside a str ``*`` and ``?`` are literal."""
    if ONE in parts:
        return walker(parts)
    pieces = _pieces(parts)
    if len(pieces) == 1:
        return pieces[0].__eq__
    if not any(pieces):
        return lambda text: True
    if len(pieces) == 2:
        return _two_ends(*pieces)
    return lambda text: _find_in_order(pieces, text)


def any_matcher(matchers: Iterable[Matcher]) -> Matcher:
    """A test whether one of ``matchers`` matches."""
    several = tuple(matchers)
    if len(several) == 1:
        return several[0]
    return lambda text: any(matches(text) for matches in several)


def any_glob(patterns: Iterable[str]) -> Matcher:
    """A test whether a whole text matches one of ``patterns``; what is dear alone is walked through together."""
    several = [tokens(pattern) for pattern in dict.fromkeys(patterns)]
    long = len(several) >= MANY
    walking: list[list[Token]] = []
    alone: list[list[Token]] = []
    for parts in several:
        (walking if ONE in parts or (long and parts.count(STAR) > 1) else alone).append(parts)
    if len(walking) < 2:
        return any_matcher(map(matcher, several))
    return any_matcher([*map(matcher, alone), any_walker(walking)])


def find_in_order(pieces: Sequence[str], text: str) -> bool:
    """Whether ``text`` is the pieces in order with any runs of characters between them."""
    if len(pieces) == 1:
        return pieces[0] == text
    return _find_in_order(pieces, text)


# INVARIANT: 9. Time is linear in the text for patterns without `?`.
# tests/policy/test_match.py::test_the_worst_patterns_of_legal_size_match_within_five_milliseconds.
def _find_in_order(pieces: Sequence[str], text: str) -> bool:
    """Whether the pieces occur in order, the first at the start, the last at the end. Leftmost is best: no retries."""
    first, last = pieces[0], pieces[-1]
    start, end = len(first), len(text) - len(last)
    if start > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces[1:-1]:
        found = text.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True


def _two_ends(head: str, tail: str) -> Matcher:
    if not tail:
        return lambda text: text.startswith(head)
    shortest = len(head) + len(tail)
    return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)


def _pieces(parts: Iterable[Token]) -> list[str]:
    """The literal runs between stars; adjacent literals joined."""
    pieces: list[list[str]] = [[]]
    for part in parts:
        if part is STAR:
            pieces.append([])
        else:
            assert isinstance(part, str)
            pieces[-1].append(part)
    return ["".join(piece) for piece in pieces]
