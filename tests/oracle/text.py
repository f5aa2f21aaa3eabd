"""Globs, policy variables and ARN fields, read the plain way. Nothing here knows the engine.

Source: IAM User Guide, "IAM policy elements: Variables and tags"; "Wildcards in condition operators"; Resource element.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

ANY, ONE = "any run of characters", "any one character"
"""Longer than a character, so that no character of a text is taken for one of them."""


class Variable(NamedTuple):
    """``${key}`` or ``${key, 'default'}``; keys compare without case."""

    key: str
    default: str | None


class Exactly(NamedTuple):
    """A character that is no wildcard: ``${*}``, ``${?}``, ``${$}``."""

    character: str


Part = str | Variable | Exactly


@lru_cache(100_000)
def parts(text: str, version: str) -> tuple[Part, ...]:
    """``text`` as single characters, variables and escapes. Only Version 2012-10-17 has variables and escapes."""
    found: list[Part] = []
    at = 0
    while at < len(text):
        variable, end = (None, at) if version != "2012-10-17" else _variable(text, at)
        if variable is None:
            found.append(text[at])
            at += 1
        else:
            found.append(variable)
            at = end
    return tuple(found)


def _variable(text: str, at: int) -> tuple[Variable | Exactly | None, int]:
    """The variable or escape that begins at ``at`` and where it ends; None when there is none."""
    if not text.startswith("${", at):
        return None, at
    if text[at + 2 : at + 4] in ("*}", "?}", "$}"):
        return Exactly(text[at + 2]), at + 4
    brace = text.find("}", at)
    if brace < 0:
        return None, at
    comma = text.find(", '", at, brace)
    quote = text.find("'}", comma + 3) if comma >= 0 else -1
    if quote >= 0:
        return Variable(text[at + 2 : comma].lower(), text[comma + 3 : quote]), quote + 2
    return Variable(text[at + 2 : brace].lower(), None), brace + 1


def filled_in(some: tuple[Part, ...], keys: dict[str, Any], *, wildcards: bool) -> tuple[str, ...] | None:
    """Single characters, ANY and ONE, with the values of variables put in as they are; None: one has no value."""
    tokens: list[str] = []
    for part in some:
        if isinstance(part, Variable):
            value = keys.get(part.key)
            if not isinstance(value, str) or not value:
                value = part.default
            if value is None:
                return None
            tokens.extend(value)
        elif isinstance(part, Exactly):
            tokens.append(part.character)
        elif wildcards and part in "*?":
            tokens.append(ANY if part == "*" else ONE)
        else:
            tokens.append(part)
    return tuple(tokens)


@lru_cache(200_000)
def matches(tokens: tuple[str, ...], text: str) -> bool:
    """Whether the tokens make up the whole of ``text``: all the places where one can stand after each token."""
    places = {0}
    for token in tokens:
        if token is ANY:
            places = set(range(min(places), len(text) + 1))
        else:
            places = {at + 1 for at in places if at < len(text) and token in (ONE, text[at])}
        if not places:
            return False
    return len(text) in places


def glob(pattern: str, text: str) -> bool:
    """``*`` and ``?`` over the whole of ``text``."""
    tokens = filled_in(tuple(pattern), {}, wildcards=True)
    assert tokens is not None
    return matches(tokens, text)


def fields(some: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Split at the first five colons; the sixth field is all that is left. A colon within a variable is not one."""
    found: list[tuple[Part, ...]] = []
    start = 0
    for at, part in enumerate(some):
        if part == ":" and len(found) < 5:
            found.append(some[start:at])
            start = at + 1
    return [*found, some[start:]]
