"""botocore's Query protocol compliance cases, run backwards: its requests are our input, its responses our output."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore.model
import botocore.parsers
import msgspec
import pytest

from daypass.errors import ServiceError
from daypass.wire import refuse
from daypass.wire.form import parse_form
from daypass.wire.model import Table
from daypass.wire.service import Service

VECTORS = Path(__file__).parents[1] / "vectors" / "query"
EXCEPTIONS = json.loads((VECTORS / "exceptions.json").read_text())
NAMESPACE = "https://example.com/"


def suites(direction: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    loaded = json.loads((VECTORS / f"{direction}.json").read_text())
    return [(suite, case) for suite in loaded for case in suite["cases"]]


def parameters(direction: str, *, errors: bool = False) -> list[Any]:
    chosen = [(suite, case) for suite, case in suites(direction) if ("errorCode" in case) == errors]
    return [
        pytest.param(suite, case, id=case["id"]) for suite, case in chosen if case["id"] not in EXCEPTIONS[direction]
    ]


def model_of(suite: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """The suite as a service model with one operation."""
    name, given = case["given"]["name"], dict(case["given"])
    if "output" in given:
        given["output"] = {**given["output"], "resultWrapper": f"{name}Result"}
    metadata = {**suite["metadata"], "endpointPrefix": "example", "xmlNamespace": NAMESPACE}
    return {"metadata": metadata, "operations": {name: given}, "shapes": suite["shapes"]}


def service_of(compile_models: ModuleType, suite: dict[str, Any], case: dict[str, Any]) -> Service:
    return Service(msgspec.convert(compile_models.compile_model(model_of(suite, case), {}), Table))


def comparable(value: Any) -> Any:
    """Values of a case and of the engine in one form: blobs as text, non-finite numbers as text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


@pytest.mark.parametrize(("suite", "case"), parameters("input"))
def test_the_engine_reads_what_clients_send(
    suite: dict[str, Any], case: dict[str, Any], compile_models: ModuleType
) -> None:
    """A request that the suite serializes parses to the parameters it was made from."""
    operation = service_of(compile_models, suite, case).operation(case["given"]["name"])
    assert operation is not None
    form: dict[str, str] = {}
    parse_form(case["serialized"]["body"].encode(), form)

    assert comparable(operation.parse(form)) == case["params"]


@pytest.mark.parametrize(
    ("suite", "case"), [p for p in parameters("output") if p.id not in EXCEPTIONS["output read by botocore"]]
)
def test_clients_read_what_the_engine_writes(
    suite: dict[str, Any], case: dict[str, Any], compile_models: ModuleType
) -> None:
    """A result that the suite expects is what botocore reads out of our XML."""
    name = case["given"]["name"]
    body = written(compile_models, suite, case)
    model = botocore.model.ServiceModel(model_of(suite, case)).operation_model(name)
    parser = botocore.parsers.QueryParser(timestamp_parser=int_timestamp)
    parsed = parser.parse({"body": body, "headers": {}, "status_code": 200}, model.output_shape)
    parsed.pop("ResponseMetadata")

    assert comparable(parsed) == case["result"]


@pytest.mark.parametrize(
    ("suite", "case"),
    [p for p in parameters("output") if p.id not in EXCEPTIONS["output text"] and "body" in p.values[1]["response"]],
)
def test_the_engine_writes_the_elements_of_the_suite(
    suite: dict[str, Any], case: dict[str, Any], compile_models: ModuleType
) -> None:
    """Our XML has the suite's elements and texts, in whatever order of members."""
    expected = tree(case["response"]["body"])

    assert tree(written(compile_models, suite, case).decode()) == expected


@pytest.mark.parametrize(("suite", "case"), parameters("output", errors=True))
def test_the_engine_writes_errors_that_clients_read(suite: dict[str, Any], case: dict[str, Any]) -> None:
    """An error of the suite has the code, message and type that the suite's client expects."""

    class Refusal(ServiceError):
        code = case["errorCode"]

    answer = refuse("sts", Refusal(case["errorMessage"]), "foo-id")
    parser = botocore.parsers.QueryParser()
    parsed = parser.parse({"body": answer.body, "headers": {}, "status_code": case["response"]["status_code"]}, None)

    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (case["errorCode"], case["errorMessage"])
    assert parsed["ResponseMetadata"]["RequestId"] == "foo-id"


def test_every_exception_names_a_case_and_a_reason() -> None:
    """The list of exceptions holds nothing that the suite does not have, and no exception without a reason."""
    ids = {case["id"] for direction in ("input", "output") for _, case in suites(direction)}

    assert {name for listed in EXCEPTIONS.values() for name in listed} <= ids
    assert all(reason.strip() for listed in EXCEPTIONS.values() for reason in listed.values())


def written(compile_models: ModuleType, suite: dict[str, Any], case: dict[str, Any]) -> bytes:
    name = case["given"]["name"]
    operation = service_of(compile_models, suite, case).operation(name)
    assert operation is not None
    shape = case["given"].get("output", {}).get("shape")
    result = typed(suite["shapes"], {"shape": shape}, case["result"]) if shape else {}
    return operation.write_xml(result, "foo-id")


def typed(shapes: dict[str, Any], ref: dict[str, Any], value: Any) -> Any:
    """The case's JSON as the engine wants it: blobs as bytes, non-finite numbers as floats."""
    shape = shapes[ref["shape"]]
    match shape["type"]:
        case "structure":
            return {name: typed(shapes, shape["members"][name], item) for name, item in value.items()}
        case "list":
            return [typed(shapes, shape["member"], item) for item in value]
        case "map":
            return {key: typed(shapes, shape["value"], item) for key, item in value.items()}
        case "blob":
            return value.encode()
        case "float" | "double" if isinstance(value, str):
            return float(value.replace("Infinity", "inf"))
        case _:
            return value


def int_timestamp(text: str) -> Any:
    from botocore.utils import parse_timestamp

    seconds = parse_timestamp(text).timestamp()
    return int(seconds) if seconds == int(seconds) else seconds


def tree(body: str) -> Any:
    """Elements, texts and counts of an answer; no namespaces, white space, order or metadata."""

    def node(element: ET.Element) -> Any:
        children = [node(child) for child in element]
        return element.tag.rpartition("}")[2], (element.text or "").strip(), sorted(children)

    name, text, children = node(ET.fromstring(body))
    return name, text, [child for child in children if child[0] != "ResponseMetadata"]
