"""The audit trail on disk: ``ports.AuditLog`` over append-only, hash-chained JSON lines.

One directory holds chains ``w0``, ``w1``, …: one for each process that writes at the same time. A process takes the
first chain that nobody holds (a lock that dies with its process), so chains go on across restarts and stay few. A chain
is a series of files, ``20261122T101500Z-w0-000001.jsonl`` and so on; each line is one record with CloudTrail's members
at the top and, at the end of its ``daypass`` member, the chain: ``chain``, ``sequence``, ``previousHash``, ``hash``.
The first line of a file also names the ``previousFile``. ``hash`` is SHA-256 over the line without its ``hash`` member,
and the line holds the hash before it, so no record can be edited, removed, moved or inserted unseen.

``w0.head`` notes how far a chain had got when it was last synced, so that a missing end is seen too. Failed
authentications are sampled into ``failures-w0.ndjson``, which is bounded and not chained.

    trail = AuditTrail(directory)             # after the fork, once a process
    trail.append(record, durable=True)        # raises ports.AuditUnavailable
    trail.append(record, into_reserve=True)   # the outcome of what is already done may use the reserved space
    trail.append_refusal(record, "AIDA…")     # of one caller so many a second; the others are counted and summed up
    trail.count_failure(make_record)
    trail.close()

    report = verify(directory)                # report.ok, report.first_break
    for record in tail(directory, follow=True, count=10): ...
    for issued in IssuedSessions(directory, since=time.time() - 3600): ...

``record["daypass"]``, where the caller has facts of its own, must not use the chain's names (``CHAIN_MEMBERS``).

What it cannot see: someone who may write the directory and rewrites a whole chain with its head. Ship the records, or
the hashes, to another machine against that.
"""

from daypass.adapters.audit.issued import Issued, IssuedSessions
from daypass.adapters.audit.settings import CHAIN_MEMBERS, AuditSettings
from daypass.adapters.audit.tail import tail
from daypass.adapters.audit.trail import AuditTrail, Counters
from daypass.adapters.audit.verify import Break, Report, verify

__all__ = [
    "CHAIN_MEMBERS",
    "AuditSettings",
    "AuditTrail",
    "Break",
    "Counters",
    "Issued",
    "IssuedSessions",
    "Report",
    "tail",
    "verify",
]
