"""Wildcards: ``*`` is any run of characters, ``?`` exactly one; all else is itself.

Two algorithms, both safe on hostile input: patterns with ``*`` only are split into literal pieces that are found one
after the other; patterns with ``?`` run as an automaton whose states are the bits of one integer. Time is bounded by
pattern size times text size over the machine word, never by backtracking; a regular expression with several ``.*``
or the greedy two-pointer loop would take seconds on a pattern of legal size.

Source: IAM JSON policy elements reference, "Resource" and "String condition operators".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum


class Wildcard(Enum):
    """What is not a literal in a pattern."""

    STAR = "*"
    ONE = "?"


STAR, ONE = Wildcard.STAR, Wildcard.ONE
Token = str | Wildcard
Matcher = Callable[[str], bool]


def has_wildcard(text: str) -> bool:
    """Whether ``*`` or ``?`` occurs."""
    return "*" in text or "?" in text


def is_prefix(pattern: str) -> bool:
    """Whether the only wildcard is a star at the end."""
    return pattern.find("*") == len(pattern) - 1 and "?" not in pattern


def tokens(pattern: str) -> list[Token]:
    """Split a pattern into literal runs and wildcards."""
    found: list[Token] = []
    for starred in pattern.split("*"):
        for piece in starred.split("?"):
            if piece:
                found.append(piece)
            found.append(ONE)
        found[-1] = STAR
    return found[:-1]


def glob(pattern: str) -> Matcher:
    """A test whether a whole text matches ``pattern``."""
    return matcher(tokens(pattern))


def matcher(parts: Sequence[Token]) -> Matcher:
    """A test whether a whole text matches the pattern made of ``parts``; inside a str ``*`` and ``?`` are literal."""
    if ONE in parts:
        return _automaton([parts])
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


# INVARIANT: 9. All patterns with `?` in one list cost one walk through the text together, not one each.
# tests/policy/test_match.py::test_the_worst_list_of_patterns_matches_within_ten_milliseconds.
def any_glob(patterns: Iterable[str]) -> Matcher:
    """A test whether a whole text matches one of ``patterns``."""
    several = [tokens(pattern) for pattern in patterns]
    walking = [parts for parts in several if ONE in parts]
    if len(walking) < 2:
        return any_matcher(map(matcher, several))
    return any_matcher([*(matcher(parts) for parts in several if ONE not in parts), _automaton(walking)])


def find_in_order(pieces: Sequence[str], text: str) -> bool:
    """Whether ``text`` is the pieces in order with any runs of characters between them."""
    if len(pieces) == 1:
        return pieces[0] == text
    return _find_in_order(pieces, text)


# INVARIANT: 9. Time is linear in the text for patterns without `?`, and bounded by pattern bits times text with it.
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


def _automaton(patterns: Sequence[Sequence[Token]]) -> Matcher:
    """Match by a set of states held in one integer: bit *i* says that the units of its pattern before *i* matched."""
    units, loops, begins, ends = _side_by_side(patterns)
    masks, ones = _masks(units)
    shortest = min(map(_shortest, patterns))
    head = patterns[0][0] if len(patterns) == 1 and isinstance(patterns[0][0], str) else ""

    def matches(text: str) -> bool:
        if len(text) < shortest or not text.startswith(head):
            return False
        state = begins
        for character in text:
            state = (state & masks.get(character, ones)) << 1 | (state & loops)
            if not state:
                return False
        return bool(state & ends)

    return matches


def _side_by_side(patterns: Iterable[Sequence[Token]]) -> tuple[list[str | Wildcard | None], int, int, int]:
    """The units of all patterns, and where they loop, begin and end. None stands behind each: nothing matches it."""
    units: list[str | Wildcard | None] = []
    loops = begins = ends = 0
    for parts in patterns:
        begins |= 1 << len(units)
        for part in parts:
            if part is STAR:
                loops |= 1 << len(units)
            elif part is ONE:
                units.append(ONE)
            else:
                units.extend(str(part))
        ends |= 1 << len(units)
        units.append(None)
    return units, loops, begins, ends


def _shortest(parts: Iterable[Token]) -> int:
    """Characters of the shortest text that matches."""
    return sum(len(part) if isinstance(part, str) else part is ONE for part in parts)


def _masks(units: Sequence[str | Wildcard | None]) -> tuple[dict[str, int], int]:
    """For each character the positions that accept it, and those that accept any. Built as bytes: linear time."""
    size = len(units) // 8 + 1
    rows: dict[str | Wildcard, bytearray] = {}
    for position, unit in enumerate(units):
        if unit is None:
            continue
        row = rows.get(unit)
        if row is None:
            row = rows[unit] = bytearray(size)
        row[position >> 3] |= 1 << (position & 7)
    bits = {unit: int.from_bytes(row, "little") for unit, row in rows.items()}
    ones = bits.pop(ONE)
    return {str(unit): mask | ones for unit, mask in bits.items()}, ones
