"""How a rule says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from daypass.policy.lint.codes import CODES
from daypass.policy.lint.document import Document
from daypass.policy.lint.finding import Finding, Location

Rule = Callable[[Document], Iterator[Finding]]
"""Looks at a document and yields what it finds."""

_LONGEST = 128


def found(code: str, *where: Location, **facts: object) -> Finding:
    """The finding ``code`` at one or more places, its sentence filled with ``facts``, long ones cut."""
    entry = CODES[code]
    details = entry.says.format(**{name: _short(str(fact)) for name, fact in facts.items()})
    return Finding(entry.type, code, details, where)


def did_you_mean(name: str | None) -> str:
    """The end of a sentence about a name that does not exist."""
    return f"; perhaps `{name}` is meant" if name else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
