"""What was tried with which identity provider, for the page of results."""

from __future__ import annotations

from typing import Protocol


class Record(Protocol):
    """Say what a test tries; its outcome goes to the record."""

    def __call__(self, provider: str, did: str) -> None:
        """``provider``: name and version, one text. ``did``: what it is tried with, for readers."""
