"""What the linter says: findings in the shape of Access Analyzer's ValidatePolicy.

Source: IAM Access Analyzer API reference, "ValidatePolicyFinding", "Location", "PathElement", "Span".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from daypass.policy.parse.positions import Position, Span

_PAGE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    "#access-analyzer-reference-policy-checks-"
)


class FindingType(Enum):
    """How bad it is. Errors do not work, security warnings give more than is meant, the others are advice."""

    ERROR = "ERROR"
    SECURITY_WARNING = "SECURITY_WARNING"
    WARNING = "WARNING"
    SUGGESTION = "SUGGESTION"

    @property
    def anchor(self) -> str:
        """The word for it in the anchors of AWS's page."""
        return "general-warning" if self is FindingType.WARNING else self.value.lower().replace("_", "-")


class Key(NamedTuple):
    """A step of a path: the name of a member itself, not its value."""

    name: str


class Substring(NamedTuple):
    """A step of a path: part of a text, in characters."""

    start: int
    length: int


Step = str | int | Key | Substring
"""A step of a path: into a member of an object, into an item of a list, to a name, to a part of a text."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where in the document: the way from its top, and the span in its text."""

    path: tuple[Step, ...]
    span: Span

    def shape(self) -> dict[str, Any]:
        """As ValidatePolicy answers."""
        start, end = self.span
        return {
            "path": [_step(step) for step in self.path],
            "span": {"start": _position(start), "end": _position(end)},
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``details`` says what is wrong and what to do about it."""

    type: FindingType
    code: str
    details: str
    locations: tuple[Location, ...]

    @property
    def learn_more(self) -> str:
        """AWS's page on this code."""
        return learn_more(self.type, self.code)

    def shape(self) -> dict[str, Any]:
        """As ValidatePolicy answers."""
        return {
            "findingType": self.type.value,
            "issueCode": self.code,
            "findingDetails": self.details,
            "learnMoreLink": self.learn_more,
            "locations": [location.shape() for location in self.locations],
        }


def learn_more(kind: FindingType, code: str) -> str:
    """The address of AWS's explanation of a code."""
    return f"{_PAGE}{kind.anchor}-{code.lower().replace('_', '-')}"


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column, "offset": position.offset}


def _step(step: Step) -> dict[str, Any]:
    match step:
        case Key(name):
            return {"key": name}
        case Substring(start, length):
            return {"substring": {"start": start, "length": length}}
        case int():
            return {"index": step}
        case _:
            return {"value": step}
