"""Query parameters in: what clients serialize comes back as they gave it, and what is no value is refused."""

from __future__ import annotations

from random import Random
from typing import Any

import botocore.model
import botocore.serialize
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import MalformedInput, ServiceError, ValidationError
from daypass.wire import SERVICES, service_model
from daypass.wire.form import parse_form
from daypass.wire.model import Shape, Table, load_table
from daypass.wire.query import InputParser
from daypass.wire.validate import Acceptors

from .conftest import cases
from .values import Values

OPERATIONS = [(service, name) for service in SERVICES for name in service_model(service).operation_names]


def unconstrained(table: Table) -> Table:
    """The table without a single constraint, to see parsing alone."""
    replace = msgspec.structs.replace

    def bare(shape: Shape) -> Shape:
        return replace(shape, min=None, max=None, pattern="", match="", enum=(), required=())

    return replace(table, shapes={name: bare(shape) for name, shape in table.shapes.items()})


BARE = {service: unconstrained(load_table(service)) for service in SERVICES}


def sent(value: Any) -> Any:
    """What of a value the wire can carry: an empty structure or map leaves no trace."""
    if isinstance(value, dict):
        kept = {key: sent(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, None)}
    if isinstance(value, list):
        return [item for item in map(sent, value) if item not in ({}, None)]
    return value


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_what_botocore_serializes_parses_to_what_it_was_given(
    service: str, name: str, oracle: dict[str, botocore.model.ServiceModel]
) -> None:
    """Every operation's input survives botocore's serializer, form encoding and our parser."""
    table = BARE[service]
    shape = table.operations[name].input
    parse = InputParser(table, shape, Acceptors(table))
    model = oracle[service].operation_model(name)
    serializer = botocore.serialize.QuerySerializer()
    for seed in range(5):
        params = sent(Values(table, Random(f"{name} {seed}")).structure(shape)) if shape else {}
        request = serializer.serialize_to_request(params, model)
        assert parse(encoded(request["body"])) == params


def encoded(body: dict[str, Any]) -> dict[str, str]:
    """The serializer's dictionary through the encoding that botocore's HTTP layer gives it, and our form parser."""
    from botocore.awsrequest import AWSPreparedRequest, AWSRequest

    prepared: AWSPreparedRequest = AWSRequest("POST", "http://localhost/", data=body).prepare()
    form: dict[str, str] = {}
    parse_form(prepared.body.encode() if prepared.body else b"", form)
    return form


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_parameters_that_are_all_scalars_read_as_any_others(service: str, name: str) -> None:
    """The short way for scalars gives the values, the order and the refusals of the long way."""
    table = load_table(service)
    parse = InputParser(table, table.operations[name].input, Acceptors(table))
    for seed in range(20):
        random = Random(f"{name} {seed}")
        params = Values(table, random).structure(table.operations[name].input) if table.operations[name].input else {}
        texts = [(key, scalar(value, random)) for key, value in params.items() if not isinstance(value, dict | list)]
        form = {"Action": name, **dict(random.sample(texts, len(texts))), "Version": table.version}
        assert outcome(parse, form) == outcome(parse._one_by_one, form)


def scalar(value: Any, random: Random) -> str:
    """A value as text, now and then one that is no such value."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return random.choice((text, text, text, "", "odd"))


def outcome(parse: Any, form: dict[str, str]) -> Any:
    try:
        return list(parse(form).items())
    except ServiceError as refused:
        return refused.code, refused.message


@pytest.mark.parametrize("case", cases("input"))
def test_input_cases(case: dict[str, Any]) -> None:
    """Each case of ``cases/input.json``: parameters that parse, or the refusal that they earn."""
    operation = service_model(case["service"]).operation(case["operation"])
    assert operation is not None
    form = {"Action": case["operation"], **case["form"]}
    if "params" in case:
        assert operation.parse(form) == case["params"]
        return
    with pytest.raises(ServiceError) as refused:
        operation.parse(form)
    assert (refused.value.code, refused.value.message) == (case["code"], case.get("message", ""))


names = st.lists(
    st.sampled_from(["Tags", "member", "1", "2", "01", "Key", "Value", "", "x", "arn", "PolicyArns"]), max_size=40
)


@given(st.dictionaries(names.map(".".join), st.text(max_size=5), max_size=12))
def test_any_parameter_names_parse_or_are_refused(form: dict[str, str]) -> None:
    """No combination of dotted names does anything but parse or raise one of the two refusals."""
    operation = service_model("sts").operation("AssumeRole")
    assert operation is not None
    required = {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "name"}
    try:
        params = operation.parse({**form, **required})
    except (MalformedInput, ValidationError):
        return

    assert params.keys() <= {"RoleArn", "RoleSessionName", "Tags", "PolicyArns"}


def test_deep_names_are_unknown_parameters() -> None:
    """A name with a million dots costs a split and is ignored."""
    operation = service_model("sts").operation("GetFederationToken")
    assert operation is not None

    assert operation.parse({"Name": "Bob", "Tags" + ".member" * 1_000_000: "x"}) == {"Name": "Bob"}
