r"""The models' regular expressions, as AWS's servers read them.

The models are written for Java: ``\w`` and ``\d`` are ASCII, the whole text must match, ``\p{L}`` is a Unicode
category. Python's ``re`` knows no ``\p``, reads ``\w`` as Unicode and lets ``$`` match before a newline, so every
pattern goes through ``matcher``. Patterns that even Java reads differently from what they print
(``\u10000`` is ``\u1000`` and ``0``) have a replacement in ``overlays/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import category

Matcher = Callable[[str], object]
"""True (or anything true) when the whole text matches."""

_CATEGORY = re.compile(r"\\p\{([LNZ])\}")
_ONE_CLASS = re.compile(r"\[(?:[^\[\]\\]|\\.)+\]([+*])", re.DOTALL)
_ASCII_OF = {"L": "A-Za-z", "N": "0-9", "Z": " "}


@lru_cache(maxsize=512)
def matcher(pattern: str) -> Matcher:
    """A function that says whether a text matches ``pattern`` from end to end.

    Raises:
        ValueError: the pattern uses a category outside a single class; it needs an overlay.
    """
    categories = frozenset(_CATEGORY.findall(pattern))
    ascii_pattern = _CATEGORY.sub(lambda found: _ASCII_OF[found[1]], pattern)
    if r"\p" in ascii_pattern:
        raise ValueError(f"unknown category in pattern `{pattern}`")
    matches = re.compile(ascii_pattern, re.ASCII).fullmatch
    return _with_categories(pattern, ascii_pattern, matches, categories) if categories else matches


def sized_matcher(pattern: str, low: int, high: int | None) -> Matcher:
    """``matcher`` for texts of ``low`` to ``high`` characters; others do not match. The size is looked at first.

    One expression does both, because most parameters of most requests come through here.
    """
    if r"\p" in pattern:
        matches = matcher(pattern)
        return lambda text: low <= len(text) and (high is None or len(text) <= high) and matches(text)
    return re.compile(rf"(?=(?s:.){{{low},{'' if high is None else high}}}+\Z)(?:{pattern})", re.ASCII).fullmatch


def _with_categories(pattern: str, ascii_pattern: str, matches: Matcher, categories: frozenset[str]) -> Matcher:
    """A class with Unicode categories: ASCII goes by regular expression, the rest character by character."""
    repeated = _ONE_CLASS.fullmatch(ascii_pattern)
    if repeated is None:
        raise ValueError(f"categories are only understood in one repeated class: `{pattern}`")
    may_be_empty = repeated[1] == "*"
    one = re.compile(ascii_pattern[:-1], re.ASCII).fullmatch

    def match(text: str) -> object:
        if text.isascii():
            return matches(text)
        return (may_be_empty or text) and all(category(char)[0] in categories or one(char) for char in text)

    return match
