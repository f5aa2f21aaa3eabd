"""What a port refuses with: part of its contract, never an answer to a client."""

from __future__ import annotations

from collections.abc import Callable

from daypass.exchange import Response


class NotLoaded(Exception):
    """The event loop cannot answer this request without waiting. Control flow, never an answer to a client.

    Nothing was done; the request is run again on a worker thread. The attributes say how to queue it there:

    ``holder``: the verified caller's id (``Caller.holder``), empty while nobody is verified.
    ``throttled``: makes, and records, the refusal of a verified caller who has too many requests in the queue.
    ``is_long``: it computes for long. ``awaits``: the outside party that it waits for, such as an issuer,
    and ``account``: the account that has named it, empty where none has.
    """

    holder: str = ""
    awaits: str = ""
    account: str = ""
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
