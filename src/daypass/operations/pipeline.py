"""The one way a request takes. Every phase that no handler may forget is here, in order.

    1. record         opened before anything is trusted, closed on every exit
    2. identify       service and operation from scope, host, Action; plain HTTP answers (302, 404, 413) leave here
    3. authenticate   time, scope, key and token, expiry, issuer, signature; what its kind of session may never call
    4. parse          parameters by the service model; all findings in one ValidationError
    5. perform        the operation's function: authorize, then change, mint or read; its record before its effect
    6. respond        or refuse

``serve`` never blocks: an operation that must (a change, an account that is not in memory) raises ``NotLoaded`` before
it has done anything, and the surface calls ``serve_blocking`` on a worker thread.

# INVARIANT: 6. no credential leaves and no change commits before its record is written.
#   tests/operations/test_pipeline.py::test_without_a_record_nothing_is_minted_or_changed
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from daypass import sigv4, wire
from daypass.errors import (
    InternalFailure,
    MissingAuthenticationToken,
    OperationNotImplemented,
    ServiceError,
    ServiceUnavailable,
)
from daypass.exchange import RawRequest, Response
from daypass.ids import RequestIds
from daypass.operations.audit import Record
from daypass.operations.authenticate import Authenticator, Reach
from daypass.operations.doors import Doors, Place
from daypass.operations.facts import RequestFacts
from daypass.operations.guessers import Guessers
from daypass.operations.operator import OperatorDoor
from daypass.operations.perform import Performer, Result
from daypass.operations.refusals import as_refusal
from daypass.operations.registry import Operation, Registry
from daypass.operations.restrictions import refusal
from daypass.operations.throttling import Throttle
from daypass.policy import Attached
from daypass.ports import AuditUnavailable, NotLoaded, Ports
from daypass.principals import Anonymous, Caller, Operator
from daypass.sigv4 import UnverifiedSignature


class Service:
    """All operations behind one door."""

    def __init__(
        self,
        ports: Ports,
        registry: Registry,
        place: Place,
        *,
        strict_audit: bool = False,
        signing_keys: int = 16_384,
        endpoint: Attached | None = None,
        throttle: Throttle = Throttle(),
    ) -> None:
        """``endpoint``: the policy that guards this node; what the operator types on the machine does not pass it.

        ``throttle``: who is refused for asking too often; with quotas it takes a ``MeteredService``.
        """
        self._ports = ports
        self._inline = Reach(ports.directory.find, may_block=False)
        self._blocking = Reach(ports.directory.load, may_block=True)
        self._registry = registry
        self._place = place
        self._endpoint = endpoint
        self._authenticator = Authenticator(ports.keys, capacity=signing_keys)
        self._performer = Performer(ports, strict_audit=strict_audit)
        self._throttle = throttle
        self._failures = throttle.failures
        self._guessers = Guessers(throttle, self._authenticator, ports.directory)
        self._request_ids = RequestIds(ports.entropy.bytes(16))
        self._doors = Doors(place)
        self._operator = OperatorDoor(ports, registry, place, self._performer, self._request_ids)
        self._anywhere = self._doors.anywhere
        self._nobody = Caller(Anonymous(partition=place.partition), "")

    def serve(self, raw: RawRequest) -> Response:
        """Answer ``raw`` without blocking.

        Raises:
            NotLoaded: nothing was done; call ``serve_blocking`` on a thread that may wait.
        """
        return self._serve(raw, self._inline)

    def serve_blocking(self, raw: RawRequest) -> Response:
        """Answer ``raw``, reading the store where needed."""
        return self._serve(raw, self._blocking)

    def begin_turn(self) -> None:
        """Hold back the records of what this thread serves from now on, until ``end_turn``: one write for all."""
        self._ports.audit.gather()

    def end_turn(self) -> bool:
        """Write the records of this turn. False: some could not be written, and none of its answers may leave.

        Nothing minted is stored, so whoever asked may be answered again.
        """
        try:
            self._ports.audit.write_gathered()
        except AuditUnavailable:
            return False
        return True

    def operate(self, name: str, params: Mapping[str, Any], operator: Operator) -> Result:
        """Run operation ``name`` for whoever holds the data directory: same handlers, same audit, no wire.

        Raises:
            ServiceError: the operation refused.
        """
        return self._operator.operate(name, params, operator)

    def _serve(self, raw: RawRequest, reach: Reach) -> Response:
        record = self._open(raw)
        signature, unreadable = _read_authorization(raw)
        if signature is not None:
            record.claimed = signature
        if len(raw.body) > wire.LARGE_FORM:
            stopped = self._before_reading(raw, record, signature, unreadable, reach)
            if stopped is not None:
                return stopped
        # A credential that does not have five parts names no service; it is told so once the door is known.
        route = wire.identify(
            raw, service=(signature.service or None) if signature else None, request_id=record.request_id
        )
        if isinstance(route, Response):
            return route
        record.service = route.service
        try:
            if route.refusal is not None or unreadable is not None:
                self._admit(raw, record)
                if signature is not None and signature.service not in wire.SERVICES:
                    self._doors.refuse_scope(raw, signature, route, self._ports.clock.now())
                raise route.refusal or unreadable  # type: ignore[misc]  # one of them is there
            return self._answer(raw, record, signature, route, reach)
        except Exception as error:  # noqa: BLE001 - a defect is an answer too, and a record
            return self._refused(error, record, route, reach)

    def _admit(self, raw: RawRequest, record: Record) -> None:
        """Refuse an address that asks too often; a plain service knows none."""

    def _before_reading(
        self,
        raw: RawRequest,
        record: Record,
        signature: UnverifiedSignature | None,
        unreadable: ServiceError | None,
        reach: Reach,
    ) -> Response | None:
        """The refusal of a large form whose sender is not verified; None: go on.

        # INVARIANT: 9. reading ten megabytes takes a while, and strangers are not given it. Callers are, on a thread.
        #   tests/security/test_bounded_work.py::test_a_strangers_large_form_is_refused_unread,
        #   tests/security/test_bounded_work.py::test_a_callers_large_form_is_not_read_on_the_event_loop

        Raises:
            NotLoaded: its sender is verified, and the event loop cannot spare the time to read it.
        """
        route = wire.unread_form(raw, service=(signature.service or None) if signature else None)
        if route is None:
            return None
        record.service = route.service
        try:
            self._admit(raw, record)
            if signature is None:
                raise unreadable or MissingAuthenticationToken(sigv4.MISSING_TOKEN)
            self._authenticate(raw, record, signature, route, reach)
            if not reach.may_block:
                raise NotLoaded("a large form", is_long=True)
            return None
        except Exception as error:  # noqa: BLE001 - a defect is an answer too, and a record
            return self._refused(error, record, route, reach)

    def _refused(self, error: Exception, record: Record, route: wire.Route, reach: Reach) -> Response:
        """The answer that ``error`` leads to, recorded.

        Raises:
            NotLoaded: where there is none yet.
        """
        if isinstance(error, NotLoaded) and not reach.may_block:
            if record.caller is not None:
                error.holder = record.caller.holder
                error.throttled = partial(self._refuse_greedy, record, route.service, accept_json=route.accept_json)
            raise error
        refused = as_refusal(error)
        self._close(record, refused)
        return wire.refuse(route.service, refused, record.request_id, accept_json=route.accept_json)

    def _refuse_greedy(self, record: Record, service: str, *, accept_json: bool) -> Response:
        """Refuse a verified caller of whom too much waits for a thread already."""
        refused = self._throttle.refused("threads")
        self._close(record, refused)
        return wire.refuse(service, refused, record.request_id, accept_json=accept_json)

    def _answer(
        self, raw: RawRequest, record: Record, signature: UnverifiedSignature | None, route: wire.Route, reach: Reach
    ) -> Response:
        model = route.operation
        assert model is not None, "a route without refusal has an operation"
        record.event = model.name
        operation = self._registry.find(model.qualified_name)
        if operation is not None and operation.anonymous:
            return self._answer_unsigned(raw, record, operation, route, reach)
        if signature is None:
            raise MissingAuthenticationToken(sigv4.MISSING_TOKEN)
        caller = self._authenticate(raw, record, signature, route, reach)
        if operation is None:
            raise OperationNotImplemented(f"{model.qualified_name} is not implemented by this version of daypass.")
        refused = refusal(operation.name, caller.session)
        if refused is not None:
            raise refused
        # INVARIANT: 9. threads are few: they wait for known callers only.
        #   tests/operations/test_pipeline.py::test_no_stranger_gets_a_thread
        if operation.may_block and not reach.may_block:
            raise NotLoaded(operation.name, is_long=operation.is_long)
        params, record.request = wire.read(raw, route, service=signature.service)
        is_global = route.endpoint is not None and route.endpoint.is_global
        assert record.region is not None, "authenticated"
        facts = RequestFacts(caller, record.time, record.region, route.service, raw, is_global, self._endpoint)
        result = self._performer.perform(operation, params, facts, record, reach.find_account, model)
        return wire.respond(model, result, record.request_id, accept_json=route.accept_json)

    def _answer_unsigned(
        self, raw: RawRequest, record: Record, operation: Operation, route: wire.Route, reach: Reach
    ) -> Response:
        """The answer of an operation that asks for no signature. One that is there has no effect, and its handler finds
        out who asks: until then the record is a stranger's.
        """
        model, endpoint = route.operation, route.endpoint
        assert model is not None, "a route without refusal has an operation"
        if self._failures.active:
            self._guessers.refuse_unproved(raw, self._ports.clock.now())
        here = endpoint is not None and self._doors.serves(endpoint)
        record.region = endpoint.region if endpoint is not None and here else self._place.home
        params = model.parse(route.form)
        record.request = model.public_params(params)
        is_global = endpoint is not None and endpoint.is_global
        facts = RequestFacts(self._nobody, record.time, record.region, route.service, raw, is_global, self._endpoint)
        try:
            result = self._performer.perform_unsigned(operation, params, facts, record, reach.find_account, model)
        except ServiceError as error:
            self._guessers.note_unproved(raw, error, operation, self._ports.clock.now())
            raise
        return wire.respond(model, result, record.request_id, accept_json=route.accept_json)

    def _authenticate(
        self, raw: RawRequest, record: Record, signature: UnverifiedSignature, route: wire.Route, reach: Reach
    ) -> Caller:
        scope = self._anywhere[route.service] if route.endpoint is None else self._doors.scope(route)
        if not signature.region:  # SigV4a signs a set of them
            signature = self._doors.settled(raw, signature, route)
        now = self._ports.clock.now()
        if self._failures.active:
            self._guessers.refuse(raw, signature, now)
        try:
            caller = self._authenticator.verify(raw, signature, scope, reach, now)
        except ServiceError as error:
            self._guessers.note(raw, signature, error, reach, now)
            raise
        record.caller, record.account, record.region = caller, caller.account, signature.region
        return caller

    def _open(self, raw: RawRequest) -> Record:
        return Record(raw, int(self._ports.clock.now()), self._request_ids.next())

    def _close(self, record: Record, refused: ServiceError) -> None:
        """Write the record of a refusal. Strangers are only counted, so that they cannot fill the disk.

        What failed on our side is always written, since a change may have been announced before it.
        """
        record.note(refused)
        if record.caller is None:
            self._ports.audit.count_failure(record.rendered)
        elif isinstance(refused, InternalFailure | ServiceUnavailable):
            self._performer.write(record, must=False)
        else:
            self._performer.write_refusal(record, record.caller)


def _read_authorization(raw: RawRequest) -> tuple[UnverifiedSignature | None, ServiceError | None]:
    """The signature as claimed, or why it cannot be read; dispatch comes first and needs only the scope's service."""
    try:
        return sigv4.read_authorization(raw), None
    except ServiceError as error:
        return None, error
