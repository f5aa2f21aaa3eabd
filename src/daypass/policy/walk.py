"""Matching patterns with ``?``: without backtracking, in time that is bounded by pattern size times text size in words.

Two ways, which take turns. *Along the pattern* (``walk``): the bits of one integer are the places of the text that may
be reached, and each part of the pattern moves them all at once. *Along the text* (``_automaton``): the bits are the
places in all patterns of a list, and each character moves them. The first is quicker when the patterns have fewer parts
than the text has characters, and shares what it finds out about a text with all patterns that are asked about it.

A regular expression with several ``.*``, or the greedy loop with two pointers, would take seconds on a pattern of legal
size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import pairwise, takewhile

from daypass.policy.tokens import FIELD_ONE, FIELD_STAR, ONE, STAR, Token, Wildcard

Steps = tuple[Token, ...]
"""Parts of a pattern, runs of wildcards put in order: all ``?`` before one ``*``."""

_REMEMBERED = 256
_SHORT = 4_096
_MARKS = bytes(256).replace(b"\0", b"0")


class Places:
    """A text, and where in it pieces begin: bit *p* of ``of(piece)`` says that it begins at character *p*."""

    __slots__ = ("end", "everywhere", "fields", "known", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = 1 << len(text)
        self.everywhere = (self.end << 1) - 1
        self.known: dict[str, int] = {}
        self.fields: dict[int, int] = {}

    def of(self, piece: str) -> int:
        """Where ``piece`` (not empty) begins."""
        found = self.known.get(piece)
        if found is None:
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            found = self.known[piece] = self._find(piece)
        return found

    def field(self, first: int) -> int:
        """The places from ``first`` (one bit) to the colon that ends its field of an ARN, or to the end."""
        behind = (self.of(":") | self.end) & -first
        field = ((behind & -behind) << 1) - first
        if len(self.fields) < _REMEMBERED:
            self.fields[first] = field
        return field

    def _find(self, piece: str) -> int:
        if piece not in self.text:
            return 0
        if len(piece) == 1:
            return self._character(piece)
        found = self.everywhere
        for index, character in enumerate(piece):
            found &= self.of(character) >> index
        return found

    def _character(self, character: str) -> int:
        """As a number in base 2, written by the standard library: a loop over the text would be ten times as long."""
        if character <= "\xff":
            marked, mark = self.text.encode("latin-1", "replace"), ord(character)
            if character == "?":  # which is also what stands for characters beyond
                marked, mark = self.text.replace("\1", "\0").replace("?", "\1").encode("latin-1", "replace"), 1
        else:
            marked, mark = self.text.replace("\1", "\0").replace(character, "\1").encode("latin-1", "replace"), 1
        table = _MARKS[:mark] + b"1" + _MARKS[mark + 1 :]
        return int(marked.translate(table)[::-1], 2)


_kept = lru_cache(maxsize=16)(Places)


def places(text: str) -> Places:
    """The places of a text; those of the last short texts are kept, since one request asks many patterns about them."""
    return _kept(text) if len(text) <= _SHORT else Places(text)


def steps(parts: Sequence[Token]) -> Steps:
    """The steps through the parts of a pattern; several stars in a row are one."""
    found: list[Token] = []
    stars: set[Wildcard] = set()
    for part in parts:
        if part is STAR or part is FIELD_STAR:
            stars.add(part)
        else:
            if isinstance(part, str) and stars:
                found += _star(stars)
            found.append(part)
    return *found, *_star(stars)


def _star(stars: set[Wildcard]) -> list[Token]:
    """The star behind a run of wildcards, if there was one; none is left."""
    found: list[Token] = list(stars)
    stars.clear()
    return found


def shortest(parts: Sequence[Token]) -> int:
    """Characters of the shortest text that matches."""
    return sum(len(part) if isinstance(part, str) else part is ONE or part is FIELD_ONE for part in parts)


# INVARIANT: 9. Each part of a pattern is a few operations on integers as long as the text.
# tests/policy/test_match.py::test_the_worst_patterns_of_legal_size_match_within_five_milliseconds.
def walk(pattern: Steps, at: Places) -> bool:
    """Whether the whole text matches."""
    reached = 1
    for part in pattern:
        reached = _step(part, reached, at)
        if not reached:
            return False
    return bool(reached & at.end)


def _step(part: Token, reached: int, at: Places) -> int:
    """The places that are reached behind a part, from those (not none) that are reached before it."""
    if part.__class__ is str:
        found = at.known.get(part)
        return (reached & (at.of(part) if found is None else found)) << len(part)
    first = reached & -reached
    if part is STAR:
        return at.everywhere ^ (first - 1)
    if part is ONE:
        return reached << 1 & at.everywhere
    # Nothing crossed a colon before, so all places are in one field.
    field = at.fields.get(first) or at.field(first)
    return field if part is FIELD_STAR else reached << 1 & field


def walker(parts: Sequence[Token]) -> Callable[[str], bool]:
    """A test whether a whole text matches one pattern."""
    pattern, least = steps(parts), shortest(parts)
    head, tail = _literal(parts[0]), _literal(parts[-1])

    def matches(text: str) -> bool:
        if len(text) < least or not text.startswith(head) or not text.endswith(tail):
            return False
        return walk(pattern, places(text))

    return matches


def _literal(part: Token) -> str:
    return part if isinstance(part, str) else ""


# INVARIANT: 9. A list of patterns costs one walk along its text or along its own parts, whichever is shorter.
# tests/policy/test_match.py::test_the_worst_list_of_patterns_matches_within_ten_milliseconds.
def any_walker(patterns: Sequence[Sequence[Token]], *, along_patterns: bool = False) -> Callable[[str], bool]:
    """A test whether a whole text matches one of the patterns.

    ``along_patterns``: never along the text. For patterns that are made anew for each request and hold long values.
    """
    ways = sorted({steps(parts) for parts in patterns}, key=lambda way: [str(part) for part in way])
    size = 0 if along_patterns else sum(map(len, ways))
    shared = [0, *(_shared(one, other) for one, other in pairwise(ways))]
    rows = list(zip(ways, shared, strict=True))

    @cache
    def automaton() -> Callable[[str], bool]:
        return _automaton(ways)

    return lambda text: automaton()(text) if len(text) < size else _walk_any(rows, places(text))


def _shared(one: Steps, other: Steps) -> int:
    """How many steps two patterns begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _walk_any(rows: Sequence[tuple[Steps, int]], at: Places) -> bool:
    """Walk along patterns in order, each from where it begins to differ from the one before."""
    path = [1]  # what was reached before each step of the last pattern, as far as it went
    for way, common in rows:
        del path[common + 1 :]
        if len(path) <= common:
            continue  # the last one did not get as far as they agree
        reached = path[-1]
        for part in way[common:]:
            reached = _step(part, reached, at)
            if not reached:
                break
            path.append(reached)
        else:
            if reached & at.end:
                return True
    return False


# ── along the text ───────────────────────────────────────────────────────────────────────────────────


def _automaton(patterns: Sequence[Steps]) -> Callable[[str], bool]:
    """Match by a set of states held in one integer: bit *i* says that the units of its pattern before *i* matched."""
    units, (loops, in_field), begins, ends = _side_by_side(patterns)
    masks, others = _masks(units)
    least = min(map(shortest, patterns))

    def matches(text: str) -> bool:
        if len(text) < least:
            return False
        state = begins
        for character in text:
            stays = loops if character == ":" else in_field
            state = (state & masks.get(character, others)) << 1 | (state & stays)
            if not state:
                return False
        return bool(state & ends)

    return matches


Unit = str | Wildcard | None


def _side_by_side(patterns: Sequence[Steps]) -> tuple[list[Unit], tuple[int, int], int, int]:
    """The units of all patterns, and where they loop, begin and end. None stands behind each: nothing matches it.

    The loops are two: those that hold for every character, and with them those that hold for all but ``:``.
    """
    units: list[Unit] = []
    loops = in_field = begins = ends = 0
    for parts in patterns:
        begins |= 1 << len(units)
        for part in parts:
            if part is STAR:
                loops |= 1 << len(units)
            elif part is FIELD_STAR:
                in_field |= 1 << len(units)
            elif isinstance(part, str):
                units.extend(part)
            else:
                units.append(part)
        ends |= 1 << len(units)
        units.append(None)
    return units, (loops, loops | in_field), begins, ends


def _masks(units: Sequence[Unit]) -> tuple[dict[str, int], int]:
    """For each character the units that accept it, and for all others. Built as bytes: linear time."""
    size = len(units) // 8 + 1
    rows: dict[Unit, bytearray] = {}
    for position, unit in enumerate(units):
        row = rows.get(unit)
        if row is None:
            row = rows[unit] = bytearray(size)
        row[position >> 3] |= 1 << (position & 7)
    bits = {unit: int.from_bytes(row, "little") for unit, row in rows.items() if unit is not None}
    every, in_field = bits.pop(ONE, 0), bits.pop(FIELD_ONE, 0)
    masks = {str(unit): mask | every | in_field for unit, mask in bits.items()}
    masks[":"] = bits.get(":", 0) | every
    return masks, every | in_field
