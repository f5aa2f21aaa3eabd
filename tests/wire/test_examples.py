"""AWS's own documented calls of STS and IAM: inputs that must be valid, results that must come back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import pytest
from botocore.utils import parse_timestamp

from daypass.wire import SERVICES, service_model
from daypass.wire.form import parse_form
from daypass.wire.model import Ref, load_table

EXAMPLES = [
    pytest.param(service, operation, example, id=f"{service}-{operation}-{number}")
    for service in SERVICES
    for operation, examples in botocore.loaders.Loader().load_service_model(service, "examples-1")["examples"].items()
    for number, example in enumerate(examples)
]


@pytest.mark.parametrize(("service", "name", "example"), EXAMPLES)
def test_documented_inputs_are_valid(
    service: str, name: str, example: dict[str, Any], oracle: dict[str, botocore.model.ServiceModel]
) -> None:
    """What AWS documents as a call passes every constraint and parses to what was written."""
    operation = service_model(service).operation(name)
    assert operation is not None
    model = oracle[service].operation_model(name)
    request = botocore.serialize.QuerySerializer().serialize_to_request(example.get("input", {}), model)
    form: dict[str, str] = {}
    parse_form(urlencode(request["body"]).encode(), form)

    assert operation.parse(form) == example.get("input", {})


@pytest.mark.parametrize(("service", "name", "example"), EXAMPLES)
def test_documented_outputs_come_back(
    service: str, name: str, example: dict[str, Any], oracle: dict[str, botocore.model.ServiceModel]
) -> None:
    """What AWS documents as a result is what botocore reads from our answer."""
    operation = service_model(service).operation(name)
    assert operation is not None
    table = load_table(service)
    output = table.operations[name].output
    if not output:
        assert not example.get("output")
        return
    result = typed(table, Ref(output), example.get("output", {}), encoded=False)
    parser = botocore.parsers.QueryParser(timestamp_parser=lambda text: int(parse_timestamp(text).timestamp()))
    shape = oracle[service].operation_model(name).output_shape
    body = operation.write_xml(result, "an-id")
    parsed = parser.parse({"body": body, "headers": {}, "status_code": 200}, shape)
    parsed.pop("ResponseMetadata")

    assert parsed == typed(table, Ref(output), example.get("output", {}), encoded=True)


def typed(table: Any, ref: Ref, value: Any, *, encoded: bool) -> Any:
    """The example's JSON with times as epoch seconds and, for the client's side, documents percent-encoded."""
    shape = table.shape(ref)
    match shape.type:
        case "structure":
            return {name: typed(table, shape.members[name], item, encoded=encoded) for name, item in value.items()}
        case "list":
            return [typed(table, shape.member, item, encoded=encoded) for item in value]
        case "timestamp":
            return int(parse_timestamp(value).timestamp())
        case "blob":
            return value.encode() if isinstance(value, str) else value
        case "string" if encoded and shape.percent_encoded:
            return quote(value, safe="-._~")
        case _:
            return value
