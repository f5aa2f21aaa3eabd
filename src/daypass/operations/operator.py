"""The operator's way in: whoever holds the data directory calls operations without a wire and without a signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass import wire
from daypass.credentials import Secret
from daypass.errors import OperationNotImplemented
from daypass.ids import RequestIds
from daypass.operations.audit import Record
from daypass.operations.doors import Place
from daypass.operations.facts import RequestFacts
from daypass.operations.perform import Performer, Result
from daypass.operations.refusals import as_refusal
from daypass.operations.registry import Operation, Registry
from daypass.ports import Ports
from daypass.principals import Caller, Operator


class OperatorDoor:
    """Runs operations for the operator: same handlers, same audit, every refusal recorded, no endpoint policy."""

    def __init__(
        self, ports: Ports, registry: Registry, place: Place, performer: Performer, request_ids: RequestIds
    ) -> None:
        self._ports, self._registry, self._home = ports, registry, place.home
        self._performer, self._request_ids = performer, request_ids

    def operate(self, name: str, params: Mapping[str, Any], operator: Operator) -> Result:
        """Run operation ``name``.

        Raises:
            ServiceError: the operation refused.
        """
        operation = self._registry.find(name)
        if operation is None:
            raise OperationNotImplemented(f"There is no operation {name}.")
        record = self._open(operation, operator)
        facts = RequestFacts(Caller(operator, ""), record.time, self._home, operation.service)
        # INVARIANT: 7. what must not be recorded of a request is not recorded of a command either.
        #   tests/operations/test_pipeline.py::test_a_secret_that_the_operator_hands_over_is_not_recorded
        model = wire.service_model(operation.service).operation(operation.action) if _is_modelled(operation) else None
        record.request = model.public_params(params) if model else _without_secrets(params)
        try:
            if model is not None:
                model.check(params)
            return self._performer.perform(operation, params, facts, record, self._ports.directory.load)
        except Exception as error:
            refused = as_refusal(error)
            record.note(refused)
            self._performer.write(record, must=False)
            raise refused from error

    def _open(self, operation: Operation, operator: Operator) -> Record:
        record = Record(None, int(self._ports.clock.now()), self._request_ids.next())
        record.service, record.event, record.region = operation.service, operation.action, self._home
        record.caller, record.account = Caller(operator, ""), operator.account
        return record


def _is_modelled(operation: Operation) -> bool:
    """Whether the operation is one of AWS's; daypass's own, which only operators have, are in no model."""
    return operation.service in wire.SERVICES


def _without_secrets(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if not isinstance(value, Secret)}
