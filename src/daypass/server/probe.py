"""daypass's own paths under ``/-/``: is it well, and what has it counted.

They answer loopback peers only, unless the operator opens them; to anyone else they do not exist and the request goes on
to the services like any other path (design D7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Health:
    """Whether this node may be sent work, and the facts that say why. ``facts`` become members of the JSON answer."""

    ok: bool
    facts: Mapping[str, object] = field(default_factory=dict)


class Probe(Protocol):
    """What the composition root tells about itself."""

    def health(self) -> Health:
        """The present state. Never blocks, never raises; runs on the event loop."""
        ...
