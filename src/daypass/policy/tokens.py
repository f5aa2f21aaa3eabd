"""A pattern in its parts: literal runs, ``*`` and ``?``.

Source: IAM JSON policy elements reference, "Resource" and "String condition operators".
"""

from __future__ import annotations

from enum import Enum


class Wildcard(Enum):
    """What is not a literal in a pattern. The last two stay inside a field of an ARN: they do not match ``:``."""

    STAR = "*"
    ONE = "?"
    FIELD_STAR = "*:"
    FIELD_ONE = "?:"


STAR, ONE, FIELD_STAR, FIELD_ONE = Wildcard
Token = str | Wildcard


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
