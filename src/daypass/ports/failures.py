"""What a port refuses with: part of its contract, never an answer to a client."""

from __future__ import annotations

from collections.abc import Callable

from daypass.exchange import Response


class NotLoaded(Exception):
    """The account may exist but is not in this node's memory. Control flow, never an answer to a client.

    ``holder``: the verified caller's (``Caller.holder``), empty where nobody is verified yet. ``throttled`` gives the
    answer, and writes its record, for a verified caller of whom too much waits for a thread already. ``is_long``: it is
    going to compute for long. ``awaits``: the outside party that it is going to wait for.
    """

    holder: str = ""
    awaits: str = ""
    throttled: Callable[[], Response] | None = None

    def __init__(self, *what: object, is_long: bool = False) -> None:
        super().__init__(*what)
        self.is_long = is_long


class StoreUnavailable(Exception):
    """The database is away or too slow; nothing was changed."""


class OutcomeUnknown(StoreUnavailable):
    """The database went away while committing: the change may have been made, or not. Every node learns which."""


class AlreadyExists(Exception):
    """A write met a unique value that is taken. ``args[0]`` is the kind of entity."""
