"""The record's view of parameters and results: CloudTrail's spelling, and no secret in any of it."""

from __future__ import annotations

import json
from itertools import permutations
from random import Random
from typing import Any

import pytest

from daypass.wire import SERVICES, Operation, service_model
from daypass.wire.model import load_table
from daypass.wire.record import _ORDERS_LIMIT, _Structure
from daypass.wire.validate import camel

from .values import Values

OPERATIONS = [(service, name) for service in SERVICES for name in service_model(service).operation_names]
MARK = "s3cret"


def operation_of(service: str, name: str) -> Operation:
    found = service_model(service).operation(name)
    assert found is not None
    return found


def mark(table: Any, shape: Any, value: Any) -> Any:
    """The value with every sensitive text or blob replaced by the mark."""
    if shape.sensitive:
        return MARK.encode() if shape.type == "blob" else MARK
    match shape.type:
        case "structure":
            return {name: mark(table, table.shape(shape.members[name]), item) for name, item in value.items()}
        case "list":
            return [mark(table, table.shape(shape.member), item) for item in value]
        case "map":
            return {key: mark(table, table.shape(shape.value), item) for key, item in value.items()}
        case _:
            return value


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_no_sensitive_value_ever_shows(service: str, name: str) -> None:
    """No member that the model or the overlay calls sensitive is in the record of any operation."""
    table, operation = load_table(service), operation_of(service, name)
    shapes = table.operations[name]
    for shape, show in ((shapes.input, operation.public_params), (shapes.output, operation.public_result)):
        if shape:
            value = mark(table, table.shapes[shape], Values(table, Random(name)).structure(shape, likely=1.0))
            text = json.dumps(show(value))
            assert MARK not in text
            assert "czNjcmV0" not in text


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_generated_functions_show_what_a_walk_shows(service: str, name: str) -> None:
    """Members in any order, with holes and strangers among them, give the walk's object in the walk's order."""
    table, operation = load_table(service), operation_of(service, name)
    for shape in filter(None, (table.operations[name].input, table.operations[name].output)):
        show = _Structure(table, table.shapes[shape], {})
        for seed in range(10):
            random = Random(f"{name} {seed}")
            members = [*Values(table, random).structure(shape).items(), ("Stranger", "x"), ("v0']", "x")]
            value = {key: random.choice((item, item, None)) for key, item in random.sample(members, len(members))}
            expected = show.walk(value)
            assert json.dumps(show.show(value)) == json.dumps(expected)
            if shape == table.operations[name].input:
                assert operation.public_params(value) == (expected or None)


def test_orders_beyond_the_bound_are_walked() -> None:
    """A client that sends ever new orders makes no more functions than the bound, and sees no change."""
    table = load_table("sts")
    show = _Structure(table, table.shapes[table.operations["AssumeRole"].input], {})
    params = {"RoleArn": "a", "RoleSessionName": "b", "ExternalId": "c", "SourceIdentity": "d", "TokenCode": "e"}
    for order in permutations(params):
        shown = show.show({name: params[name] for name in order})
        assert list(shown.items()) == [(camel(name), params[name]) for name in order if name != "TokenCode"]

    assert len(show) == _ORDERS_LIMIT


SENSITIVE = {
    "sts": {"SecretAccessKey", "SessionToken", "WebIdentityToken", "SAMLAssertion", "TokenCode", "TradeInToken"},
    "iam": {"SecretAccessKey", "Password", "OldPassword", "NewPassword", "PrivateKey", "ServicePassword"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_the_known_secrets_are_sensitive(service: str) -> None:
    """The members that every reader knows to be secrets are marked, whatever the model says."""
    table = load_table(service)
    named = {
        (name, table.shape(ref).sensitive)
        for shape in table.shapes.values()
        for name, ref in shape.members.items()
        if name in SENSITIVE[service]
    }

    assert named == {(name, True) for name in SENSITIVE[service]}


def test_parameters_read_as_cloudtrail_writes_them() -> None:
    """AssumeRole's parameters are spelled with a small letter, tags as key and value."""
    params = {
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "RoleSessionName": "n",
        "DurationSeconds": 900,
        "Tags": [{"Key": "team", "Value": "a"}],
        "TransitiveTagKeys": ["team"],
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/p"}],
        "TokenCode": "123456",
    }

    assert operation_of("sts", "AssumeRole").public_params(params) == {
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "roleSessionName": "n",
        "durationSeconds": 900,
        "tags": [{"key": "team", "value": "a"}],
        "transitiveTagKeys": ["team"],
        "policyArns": [{"arn": "arn:aws:iam::aws:policy/p"}],
    }


def test_results_read_as_cloudtrail_writes_them() -> None:
    """Credentials show their id and their end in CloudTrail's notation, neither secret nor token."""
    result = {
        "Credentials": {
            "AccessKeyId": "ASIA",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": 1405699659,
        },
        "AssumedRoleUser": {"Arn": "arn", "AssumedRoleId": "AROA:n"},
        "PackedPolicySize": None,
    }

    assert operation_of("sts", "AssumeRole").public_result(result) == {
        "credentials": {"accessKeyId": "ASIA", "expiration": "Jul 18, 2014, 4:07:39 PM"},
        "assumedRoleUser": {"arn": "arn", "assumedRoleId": "AROA:n"},
    }


def test_a_member_that_the_model_does_not_know_is_left_out() -> None:
    """What a handler returns beyond the model cannot reach the record."""
    assert operation_of("sts", "GetCallerIdentity").public_result({"Arn": "a", "Secret": "x"}) == {"arn": "a"}


@pytest.mark.parametrize("value", [None, {}])
def test_nothing_to_show_is_null(value: dict[str, Any] | None) -> None:
    """No parameters and no result are null in the record, not an empty object."""
    operation = operation_of("sts", "GetCallerIdentity")

    assert operation.public_params(value) is None
    assert operation.public_result(value) is None
