"""What an operator may set about the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

CHAIN_MEMBERS = frozenset({"chain", "sequence", "previousFile", "repaired", "previousHash", "hash"})
"""Members of a record's ``daypass`` object that belong to the chain."""


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Sizes in bytes, times in seconds.

    ``always_sync``: every record is on disk before ``append`` returns; otherwise at most ``sync_seconds`` later.
    ``reserve_bytes``: with less free space than this the trail takes no record, so that what is under way can still end
    (0 turns it off). ``failures_per_second`` and ``failures_burst`` bound the sample of failed authentications,
    ``failures_bytes`` its file, of which one predecessor is kept. ``refusals_per_second`` of one user or role have a
    record of their own, of whom one provider vouches for only ``failures_per_second``; what is beyond them is summed up
    once a second.
    """

    always_sync: bool = False
    sync_seconds: float = 0.5
    reserve_bytes: int = 64 * 1024 * 1024
    rotate_bytes: int = 64 * 1024 * 1024
    rotate_seconds: float = 86_400.0
    failures_per_second: float = 5.0
    failures_burst: int = 100
    failures_bytes: int = 8 * 1024 * 1024
    refusals_per_second: int = 100
