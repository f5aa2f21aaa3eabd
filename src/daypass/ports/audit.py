"""The audit trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class AuditLog(Protocol):
    """The audit trail. One record, one line, hash-chained; never a secret inside."""

    def append(self, record: Mapping[str, object], *, durable: bool = False, into_reserve: bool = False) -> None:
        """Write one record; ``durable``: on disk before returning; ``into_reserve``: may use the reserved space.

        Raises:
            AuditUnavailable: the record could not be written; the caller must not mint or change anything.
        """
        ...

    def gather(self) -> None:
        """Hold back what this thread appends until ``write_gathered``, unless it is durable."""
        ...

    def write_gathered(self) -> None:
        """Write what was held back.

        Raises:
            AuditUnavailable: some of it is not written; whatever it was the record of must not leave.
        """
        ...

    def append_refusal(self, record: Mapping[str, object], holder: str, *, few: bool = False) -> None:
        """Write the record of what a verified caller was refused; too many of one ``holder`` are counted and summed up.

        ``few``: as few as of failed authentications, since anybody may come as one of them.

        Raises:
            AuditUnavailable: the record could not be written.
        """
        ...

    def count_failure(self, rendered: Callable[[], Mapping[str, object]]) -> None:
        """Count a failed authentication and sample it at a bounded rate into a file of its own. Never raises.

        ``rendered`` makes the record; it is called only if the record is written.
        """
        ...


class AuditUnavailable(Exception):
    """The audit trail cannot take a record now: disk full, file gone, I/O error."""
