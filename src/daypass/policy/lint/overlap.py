"""Whether two patterns have a text in common."""

from __future__ import annotations

from collections.abc import Callable

from daypass.policy.match import STAR, tokens

_LONGEST = 1_024


# INVARIANT: 9. Work is bounded: each character of one pattern is one step over the bits of the other.
# tests/policy/lint/test_overlap.py::test_long_patterns_are_not_compared.
def overlap(one: str) -> Callable[[str], bool]:
    """A test whether some text matches both ``one`` and another pattern; "perhaps" (True) for very long ones.

    While the other pattern is walked along, the bits of an integer are the places in ``one`` that may be reached.
    """
    if len(one) > _LONGEST:
        return lambda other: True
    units = _units(one)
    stars, anything, letters = _masks(units)
    end = 1 << len(units)
    everywhere = (end << 1) - 1

    def meets(other: str) -> bool:
        reached = 1 | (stars & 1) << 1
        for unit in _units(other):
            if unit == "*":
                reached = everywhere & -(reached & -reached)  # from the first place reached onwards
            else:
                taken = everywhere if unit == "?" else letters.get(unit, 0) | anything
                reached = (reached & taken & ~stars) << 1 | reached & stars
                reached |= (reached & stars) << 1
            if not reached:
                return False
        return bool(reached & end)

    return lambda other: len(other) > _LONGEST or meets(other)


def _units(pattern: str) -> list[str]:
    """Characters and wildcards; several stars in a row are one."""
    found: list[str] = []
    for token in tokens(pattern):
        if isinstance(token, str):
            found.extend(token)
        elif token is not STAR or found[-1:] != ["*"]:
            found.append(token.value)
    return found


def _masks(units: list[str]) -> tuple[int, int, dict[str, int]]:
    """The places of stars, of ``?``, and of each letter."""
    places: dict[str, int] = {}
    for index, unit in enumerate(units):
        places[unit] = places.get(unit, 0) | 1 << index
    return places.pop("*", 0), places.pop("?", 0), places
