"""The generated writers: byte for byte what the plain writer gives, whatever the result."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.wire import SERVICES, service_model
from daypass.wire.model import load_table
from daypass.wire.xml import OutputWriter
from daypass.wire.xml_quick import quick_writer

from .values import Values

OPERATIONS = [(service, name) for service in SERVICES for name in service_model(service).operation_names]


def writers(service: str, name: str) -> tuple[Any, OutputWriter]:
    table = load_table(service)
    plain = OutputWriter(table, name, table.operations[name])
    return quick_writer(table, name, table.operations[name], plain.head, plain.tail, plain), plain


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_every_result_is_written_as_the_plain_writer_writes_it(service: str, name: str) -> None:
    """Any values of any operation, whole or with holes, give the same bytes."""
    table, (quick, plain) = load_table(service), writers(service, name)
    output = table.operations[name].output
    for seed in range(30):
        random = Random(f"{name} {seed}")
        result = Values(table, random).structure(output, likely=random.choice((0.3, 0.7, 1.0))) if output else {}
        simple = tamed(result) if seed % 2 else result
        holed = {key: random.choice((item, item, None)) for key, item in simple.items()}
        for value in (simple, holed):
            assert quick(value, "an-id") == plain(value, "an-id")


def tamed(value: Any) -> Any:
    """The value with usual texts, which the generated function writes by itself."""
    if isinstance(value, dict):
        return {key: tamed(item) for key, item in value.items() if not isinstance(item, list)}
    return "a-text/ä" if isinstance(value, str) else value


FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Arn", "AssumedRoleId", "SourceIdentity")
awkward = st.sampled_from(["", "<", ">", "&", "a<b", "\x00", "\r", "\n", "\ud800", "\uffff", "é", "a", None])


@given(st.dictionaries(st.sampled_from(FIELDS), awkward, max_size=2), st.sampled_from([None, 0, 40]))
def test_nothing_that_needs_escaping_gets_past_the_generated_function(odd: dict[str, Any], size: int | None) -> None:
    """An awkward or missing text anywhere in AssumeRole's answer is written as the plain writer writes it."""
    quick, plain = writers("sts", "AssumeRole")
    value = {**dict.fromkeys(FIELDS, "usual"), **odd, "Expiration": 1772366400.9}
    result = {
        "Credentials": {name: value[name] for name in FIELDS[:4]},
        "AssumedRoleUser": {name: value[name] for name in FIELDS[4:6]},
        "SourceIdentity": value["SourceIdentity"],
        "PackedPolicySize": size,
    }
    printable = {**result, "Credentials": {k: clean(v) for k, v in result["Credentials"].items()}}

    assert quick(printable, "an-id") == plain(printable, "an-id")


def clean(value: Any) -> Any:
    """Text that daypass could have made: whatever is not, but for markup, is no case for members called plain."""
    return value if not isinstance(value, str) or value.isprintable() else "usual"


@pytest.mark.parametrize("name", ["AssumeRole", "GetCallerIdentity", "GetSessionToken", "AssumeRoleWithWebIdentity"])
def test_usual_answers_never_reach_the_plain_writer(name: str) -> None:
    """What the hot operations answer is written by the generated function alone."""
    table = load_table("sts")
    shape, writer = table.operations[name], OutputWriter(table, name, table.operations[name])

    def refuse(result: Any, request_id: str) -> bytes:
        raise AssertionError(result)

    result = tamed(Values(table, Random(1)).structure(shape.output, likely=1.0))
    quick = quick_writer(table, name, shape, writer.head, writer.tail, refuse)

    assert quick(result, "an-id") == writer(result, "an-id")
