"""Writing the trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from daypass.adapters.audit.settings import AuditSettings


@dataclass(frozen=True, slots=True)
class Counters:
    """What happened since this process opened the trail."""

    records: int
    refused: int
    failures: int
    failures_sampled: int


class AuditTrail:
    """This process's end of the audit trail; implements ``ports.AuditLog``. Safe to use from several threads."""

    def __init__(self, directory: Path, settings: AuditSettings = AuditSettings()) -> None:  # noqa: B008
        raise NotImplementedError

    def append(self, record: Mapping[str, object], *, durable: bool = False, into_reserve: bool = False) -> None:
        """Write one record; ``durable``: on disk before returning. ``into_reserve``: may use the reserved space.

        Raises:
            AuditUnavailable: the record could not be written; the caller must not mint or change anything.
        """
        raise NotImplementedError

    def count_failure(self, record: Mapping[str, object]) -> None:
        """Count a failed authentication and sample it at a bounded rate into a file of its own. Never raises."""

    def counters(self) -> Counters:
        """The counts so far, for metrics and health."""
        raise NotImplementedError

    @property
    def available(self) -> bool:
        """Whether the last attempt to write succeeded and space is above the reserve."""
        raise NotImplementedError

    def close(self) -> None:
        """Sync and give the chain back. The trail takes no record after this."""
