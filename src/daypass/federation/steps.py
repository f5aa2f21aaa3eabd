"""A trace of verification: which step comes next, and what it looks at.

Verification calls ``tell`` before each step, so the last step that was told is the one that refused. Values that are
told may be unverified and may be secret. A trial (``operations.trial``) collects them to explain a refusal; when
credentials are really asked for, ``tell`` is ``untold`` and nothing is collected.
"""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[..., None]
"""Takes the name of a step, then what it looks at."""


def untold(step: str, *seen: object) -> None:
    """Collect nothing."""
