"""The operator's hand on the key ring. Not an AWS API, like ``accounts``."""

from __future__ import annotations

from collections.abc import Mapping

from daypass.errors import ServiceUnavailable
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.ports import AuditUnavailable
from daypass.services.accounts import require_operator


@operation("daypass:RotateSealingKey", "mints")
def rotate_sealing_key(call: Call) -> Mapping[str, object]:
    """Announce a new sealing key; it takes over when every node knows it. Result: ``KeyIds`` of the ring as it now is.

    The ring is no part of an account and of no account's transaction, so the record of the change is written here,
    before the ring moves; the record at the end of the call is that of the outcome.

    # INVARIANT: 6. the ring does not move without an audit record.
    # tests/services/test_sealing_keys.py::test_without_a_record_the_ring_does_not_move

    Raises:
        ServiceUnavailable: the record could not be written; the ring stays as it is.
        StoreUnavailable: the ring stays as it is.
    """
    require_operator(call)
    call.record.read_only = False
    try:
        call.ports.audit.append(call.record.rendered(), durable=True)
    except AuditUnavailable as error:
        raise ServiceUnavailable("Nothing was done, because its audit record could not be written.") from error
    ring = call.ports.keys.rotate(call.now, on_demand=True)
    call.record.event_id = call.ports.entropy.bytes(16).hex()
    call.record.ours |= {"outcome": "committed", "of": call.record.request_id}
    return {"KeyIds": [key.id for key in ring.keys]}
