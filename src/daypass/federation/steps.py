"""The steps in which somebody's word is judged, for whoever wants to watch.

Whoever judges tells each step before it is taken, with what it looks at: the step at which all ends is the last that
was told. What is told may be anybody's word, and secret. Where credentials are asked for nobody listens.
"""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[..., None]
"""Takes the name of a step, then what it looks at."""


def untold(step: str, *seen: object) -> None:
    """Nobody listens."""
