"""Constraints: the quick answer and the words for it say the same, and answers stay small."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from daypass.errors import ValidationError
from daypass.wire import SERVICES, service_model
from daypass.wire.model import load_table
from daypass.wire.validate import ECHO_LIMIT, FINDINGS_LIMIT, Acceptors, _Walk

from .values import Values

INPUTS = [
    (service, table.operations[name].input)
    for service in SERVICES
    for table in [load_table(service)]
    for name in service_model(service).operation_names
    if table.operations[name].input
]


@pytest.mark.parametrize(("service", "shape"), INPUTS)
def test_acceptors_and_findings_agree(service: str, shape: str) -> None:
    """For every input shape, the compiled check refuses exactly what the slow walk has words for."""
    table = load_table(service)
    accepts = Acceptors(table).get(shape) or (lambda value: True)
    for seed in range(40):
        values = Values(table, Random(f"{shape} {seed}"))
        params = values.structure(shape, likely=0.3)
        if seed % 4 == 0 and params:
            params.pop(next(iter(params)))
        walk = _Walk(table)
        clauses = list(walk.structure(table.shapes[shape], params, ""))
        assert bool(accepts(params)) == (not clauses and not walk.sentences), params


def test_every_constraint_can_refuse() -> None:
    """The agreement above is not between two yes-men: most input shapes get both answers."""
    both = 0
    for service, shape in INPUTS:
        table = load_table(service)
        check = Acceptors(table).get(shape)
        if check is not None:
            answers = {bool(check(Values(table, Random(n)).structure(shape, likely=0.2))) for n in range(60)}
            both += answers == {True, False}

    assert both > 60


def refused(operation: str, form: dict[str, str]) -> str:
    found = service_model("sts").operation(operation)
    assert found is not None
    with pytest.raises(ValidationError) as error:
        found.parse(form)
    return error.value.message


def test_an_answer_holds_a_bounded_number_of_findings() -> None:
    """A thousand wrong members earn a hundred clauses, not a thousand."""
    message = refused(
        "GetFederationToken", {"Name": "Bob", **{f"PolicyArns.member.{n}.arn": "x" for n in range(1, 1001)}}
    )

    assert message.startswith(f"{FINDINGS_LIMIT} validation errors detected: ")
    assert message.count("failed to satisfy constraint") == FINDINGS_LIMIT


def test_an_answer_shows_a_bounded_part_of_a_value() -> None:
    """Nine megabytes of a wrong value come back as sixteen thousand characters."""
    message = refused("GetAccessKeyInfo", {"AccessKeyId": "-" * 9_000_000})

    assert len(message) < ECHO_LIMIT + 1000


def test_both_clauses_are_given_for_a_value_that_is_a_little_too_long() -> None:
    """Length and pattern are both judged up to what the answer shows."""
    message = refused("GetAccessKeyInfo", {"AccessKeyId": "-" * 129})

    assert message.startswith("2 validation errors detected: ")


def test_the_elements_of_a_list_that_is_too_long_are_not_judged() -> None:
    """Twenty thousand tags are one finding about their number."""
    tags = {f"Tags.member.{n}.Key": "!" for n in range(1, 5001)}

    assert refused("GetFederationToken", {"Name": "Bob", **tags}).startswith("1 validation error detected: ")


def test_no_sensitive_value_is_in_an_error_text() -> None:
    """Whatever is wrong with a request, its secrets are not in the answer."""
    for service, shape in INPUTS:
        table = load_table(service)
        for seed in range(10):
            params = marked(table, shape, Values(table, Random(f"{shape} {seed}")).structure(shape))
            walk = _Walk(table)
            assert not re.search("s3cret", "; ".join(walk.structure(table.shapes[shape], params, "")))


def marked(table: Any, shape: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with every sensitive text replaced by one that is marked and too long for any bound."""
    members = table.shapes[shape].members
    for name, value in params.items():
        inner = table.shape(members[name])
        if inner.sensitive and inner.type == "string":
            params[name] = "s3cret" * 20_000
        elif inner.type == "structure":
            marked(table, members[name].shape, value)
        elif inner.type == "list" and table.shape(inner.member).type == "structure":
            for item in value:
                marked(table, inner.member.shape, item)
    return params
