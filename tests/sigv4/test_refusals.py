"""Every refusal of the engine, with AWS's code and text, as data (cases/refusals.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daypass.errors import ServiceError
from daypass.exchange import RawRequest
from tests.sigv4.samples import accept

CASES = json.loads((Path(__file__).parent / "cases" / "refusals.json").read_text())


def request_of(case: dict[str, Any]) -> RawRequest:
    """The request of a case; texts are the bytes of the wire, one character each."""
    headers = tuple((name.encode(), value.encode("latin-1")) for name, value in case["headers"])
    return RawRequest("GET", case["target"].encode("latin-1"), headers)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_refusal_has_its_code_and_text(case: dict[str, Any]) -> None:
    """The request is refused with exactly this code and this text."""
    with pytest.raises(ServiceError) as caught:
        accept(request_of(case))
    assert (caught.value.code, caught.value.message) == (case["code"], case["message"])


def test_no_refusal_is_listed_twice() -> None:
    """Names and requests of the cases are all different."""
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert len({request_of(case) for case in CASES}) == len(CASES)
