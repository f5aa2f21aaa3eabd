"""Answers of Query services as JSON, for clients that send ``Accept: application/json``.

STS and IAM speak it beside XML though their models do not say so; Kubernetes' authenticators insist on it. One
top-level key, the wrapper kept, members in alphabetical order. Members of the model that are absent are ``null``, times
are epoch seconds as numbers (recordings published by aws-iam-authenticator and others).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daypass.wire.model import OperationShape, Ref, Table
from daypass.wire.xml import percent_encoded

Convert = Callable[[Any], Any]


def encode(answer: Mapping[str, Any]) -> bytes:
    """``answer`` as AWS writes it: members in the order of their names.

    # INVARIANT: 1. no text in it reads as XML. Programs that let people in by GetCallerIdentity pass on what others
    #   signed, and some readers of XML skip what stands before it.
    #   tests/wire/test_answer.py::test_no_text_in_a_json_answer_reads_as_xml
    """
    return msgspec.json.encode(answer, order="sorted").replace(b"<", b"\\u003c")


class JsonWriter:
    """Writes the success answer of one operation."""

    def __init__(self, table: Table, name: str, operation: OperationShape) -> None:
        self._table = table
        self._name = name
        self._wrapper = operation.wrapper
        self._output = Ref(operation.output) if operation.output else None

    def __call__(self, result: Mapping[str, Any], request_id: str) -> bytes:
        """The body."""
        answer: dict[str, Any] = {}
        if self._output is not None:
            answer[self._wrapper] = self._convert(self._output, result)
        answer["ResponseMetadata"] = {"RequestId": request_id}
        return encode({f"{self._name}Response": answer})

    def _convert(self, ref: Ref, value: Any) -> Any:
        if value is None:
            return None
        shape = self._table.shape(ref)
        match shape.type:
            case "structure":
                return {name: self._convert(member, value.get(name)) for name, member in shape.members.items()}
            case "list":
                assert shape.member is not None
                return [self._convert(shape.member, item) for item in value]
            case "map":
                assert shape.value is not None
                return {key: self._convert(shape.value, item) for key, item in value.items()}
            case "blob":
                return b64encode(value).decode()
            case "string" if shape.percent_encoded:
                return percent_encoded(value)
            case _:
                return value
