"""Services and their operations, ready to parse and to answer. Everything is compiled at first use and kept.

One module per protocol does the work (``query`` with ``xml`` and ``query_json``); ``Operation`` hides which.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from daypass.wire.model import OperationShape, Pages, Table, load_table
from daypass.wire.query import InputParser
from daypass.wire.query_json import JsonWriter
from daypass.wire.record import Recorder, secret_members
from daypass.wire.validate import Acceptors, refusal
from daypass.wire.xml import OutputWriter
from daypass.wire.xml_quick import Answer, quick_writer


class Operation:
    """One operation of the model: how its input is read, its result written, and both shown in the record.

    ``anonymous``: the model says it needs no signature. ``pages``: its paging members, or None.
    """

    def __init__(self, table: Table, name: str, shape: OperationShape, acceptors: Acceptors) -> None:
        self.name = name
        self.service = table.service
        self.qualified_name = f"{table.service}:{name}"
        self.anonymous = shape.anonymous
        self.pages: Pages | None = shape.pages
        self._table = table
        self._shape = shape
        self.parse = InputParser(table, shape.input, acceptors)
        """The parameters by model names, out of the form. Raises MalformedInput, ValidationError."""
        self.public_params = Recorder(table, shape.input)
        """``requestParameters`` of the audit record for parsed parameters; None when there is nothing to show."""
        self._accepts = acceptors.get(shape.input) if shape.input else None

    def check(self, params: Mapping[str, Any]) -> None:
        """Refuse parameters by model names, which came without a form, as those of a request would be.

        Raises:
            ValidationError: they break the model's constraints; all findings at once.
        """
        if self._accepts is not None and not self._accepts(params):
            raise refusal(self._table, self._table.shapes[self._shape.input], params)

    @cached_property
    def secret_params(self) -> frozenset[str]:
        """The parameters in which something sensitive may stand."""
        return secret_members(self._table, self._shape.input)

    @cached_property
    def write_xml(self) -> Answer:
        """The body of the success answer, for a result and a request id."""
        plain = OutputWriter(self._table, self.name, self._shape)
        return quick_writer(self._table, self.name, self._shape, plain.head, plain.tail, plain)

    @cached_property
    def public_result(self) -> Recorder:
        """``responseElements`` of the audit record for a result; None when there is nothing to show."""
        return Recorder(self._table, self._shape.output)

    @cached_property
    def write_json(self) -> JsonWriter:
        """The answer for ``Accept: application/json``."""
        return JsonWriter(self._table, self.name, self._shape)

    def __repr__(self) -> str:
        return f"<Operation {self.qualified_name}>"


class Service:
    """One service. ``operation_names`` is sorted."""

    def __init__(self, table: Table) -> None:
        self.name = table.service
        self.version = table.version
        self.namespace = table.namespace
        self.operation_names: tuple[str, ...] = tuple(table.operations)
        self._table = table
        self._acceptors = Acceptors(table)
        self._operations: dict[str, Operation] = {}

    def operation(self, name: str) -> Operation | None:
        """The operation called ``name``, or None when the model has none."""
        made = self._operations.get(name)
        if made is None and (shape := self._table.operations.get(name)) is not None:
            made = self._operations[name] = Operation(self._table, name, shape, self._acceptors)
        return made

    @property
    def error_statuses(self) -> Mapping[str, int]:
        """HTTP status by error code, as far as the model has it."""
        return self._table.errors


@cache
def service_model(name: str) -> Service:
    """The service called ``name`` (``sts``).

    Raises:
        KeyError: no such service.
    """
    return Service(load_table(name))
