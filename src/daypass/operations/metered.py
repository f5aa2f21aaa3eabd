"""The pipeline with request quotas, in a class of its own so that without quotas no request pays for a check.

A request takes its tokens from the buckets once, before its parameters are read. A request that is handed on to a
thread gives them back, and takes them again when it is run there. How many may wait for a thread is limited by
``server/threads.py``.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from daypass import wire
from daypass.exchange import RawRequest, Response
from daypass.operations.audit import Record
from daypass.operations.authenticate import Reach
from daypass.operations.pipeline import Service
from daypass.operations.registry import Registry
from daypass.operations.throttling import Class, Quotas, Throttle, class_of, source_of
from daypass.ports import NotLoaded, Ports
from daypass.principals import Caller
from daypass.sigv4 import UnverifiedSignature


class MeteredService(Service):
    """``Service`` with quotas. ``throttle`` must have some."""

    def __init__(self, ports: Ports, registry: Registry, *rest: Any, throttle: Throttle, **more: Any) -> None:
        assert throttle.quotas is not None, "else a plain Service does"
        self._quotas: Quotas = throttle.quotas
        super().__init__(ports, registry, *rest, throttle=throttle, **more)

    def _answer(
        self, raw: RawRequest, record: Record, signature: UnverifiedSignature | None, route: wire.Route, reach: Reach
    ) -> Response:
        self._admit(raw, record)
        return super()._answer(raw, record, signature, route, reach)

    # INVARIANT: 9. who is limited by his address cannot get round it by what he sends there.
    #   tests/operations/test_metered.py::test_an_address_pays_for_what_goes_no_further
    def _admit(self, raw: RawRequest, record: Record) -> None:
        source = source_of(raw.peer)
        if source:
            self._take(record, "address", source)

    def _authenticate(
        self, raw: RawRequest, record: Record, signature: UnverifiedSignature, route: wire.Route, reach: Reach
    ) -> Caller:
        caller = super()._authenticate(raw, record, signature, route, reach)
        model, endpoint = route.operation, route.endpoint
        operation = self._registry.find(model.qualified_name) if model is not None else None
        is_global = endpoint is not None and endpoint.is_global
        # The account that asks pays, also where it takes a role of another; IAM has no regions.
        place = (record.region, is_global) if route.service == "sts" else ()
        self._take(record, class_of(route.service, operation), (caller.account, *place))
        return caller

    def _take(self, record: Record, kind: Class, who: Hashable) -> None:
        if kind in record.charged:  # a large form's sender is verified twice
            return
        if not self._quotas.take(kind, who, self._ports.clock.now()):
            raise self._throttle.refused(kind, detail=f"quota: {kind}")
        record.charged = {**record.charged, kind: who}

    def _refused(self, error: Exception, record: Record, route: wire.Route, reach: Reach) -> Response:
        if isinstance(error, NotLoaded) and not reach.may_block:
            for kind, who in record.charged.items():
                self._quotas.give_back(kind, who, self._ports.clock.now())
        return super()._refused(error, record, route, reach)
