"""The STS cases of tests/cases/sts, each against a real store, as bytes on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from daypass.exchange import Response
from daypass.operations.registry import REGISTRY
from daypass.testing.local import LocalDaypass
from tests.calling import element
from tests.security.world import SeededEntropy
from tests.services.sts.probes import KINDS, Probe, make_probe
from tests.sigv4.samples import NOW

FOLDER = Path(__file__).parents[2] / "cases/sts"
FILES = [file for file in sorted(FOLDER.glob("*.json")) if file.stem != "messages"]
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}") for file in FILES for case in json.loads(file.read_text())
]
MESSAGES: list[dict[str, Any]] = json.loads((FOLDER / "messages.json").read_text())
MEMBERS = {"as", "policy", "features", "session", "device", "role", "given", "region", "host", "request", "when"}
MEMBERS |= {"case", "enabled", "disabled", "refused", "answers", "lasts", "answer"}
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
DISPATCH = "http://webservices.amazon.com/AWSFault/2005-15-09"
OF_DISPATCH = {"InvalidAction", "MalformedQueryString"}


@pytest.fixture(scope="module")
def daypass() -> Iterator[LocalDaypass]:
    """Where it is always 12:36:00 on 30 August 2015, so that texts with times in them can be stated."""
    local = LocalDaypass()
    local.entropy = SeededEntropy(5)
    local.clock.freeze(NOW)
    with local:
        local.daypass.operator("daypass:CreateOrganization", {})
        yield local


@pytest.mark.parametrize("case", CASES)
def test_the_service_does_what_the_case_says(daypass: LocalDaypass, case: dict[str, Any]) -> None:
    """The judged call gets exactly the refusal, or the answer, that the case states."""
    assert case.keys() <= MEMBERS, "a misspelt member would state nothing"
    assert case.get("as", "user") in KINDS
    probe = make_probe(daypass, case)
    answer = probe.judged()
    if "refused" in case:
        check_refusal(probe, answer, *probe.filled(case["refused"]))
    if "answer" in case:
        check_whole(answer, **probe.filled(case["answer"]))
    if "answers" in case:
        assert answer.status == 200, answer.body.decode()
        for member, value in probe.filled(case["answers"]).items():
            found = element(answer, member)
            assert found == value or (value == "…" and found), member
    if "lasts" in case:
        ends = datetime.fromisoformat(element(answer, "Expiration")).timestamp()
        assert ends - daypass.clock.now() == case["lasts"]


def check_refusal(probe: Probe, answer: Response, status: int, code: str, message: str | None) -> None:
    """Status, headers and body are AWS's, byte for byte."""
    assert (answer.status, element(answer, "Code")) == (status, code), answer.body.decode()
    namespace, request_id = DISPATCH if code in OF_DISPATCH else STS, element(answer, "RequestId")
    assert is_like(answer.body.decode(), envelope(code, message, request_id, namespace))
    headers = dict(answer.headers)
    assert headers[b"x-amzn-RequestId"].decode() == request_id
    assert headers[b"Content-Type"] == b"text/xml"
    assert headers.keys() == {b"x-amzn-RequestId", b"x-amz-sts-extended-request-id", b"Content-Type"}, probe.case


def check_whole(answer: Response, status: int, body: str = "", headers: dict[str, str] | None = None) -> None:
    """The whole answer is as stated; ``…`` in its body stands for any text without an element in it."""
    found = {name.decode(): value.decode() for name, value in answer.headers}
    assert answer.status == status, answer.body.decode()
    assert is_like(answer.body.decode(), body)
    assert {name: found.get(name) for name in headers or {}} == (headers or {})


def is_like(text: str, wanted: str) -> bool:
    """Whether ``text`` is ``wanted``, where ``…`` stands for any text without an element in it."""
    return text == wanted or re.fullmatch("[^<]+".join(map(re.escape, wanted.split("…"))), text) is not None


def envelope(code: str, message: str | None, request_id: str, namespace: str) -> str:
    """AWS's error envelope, byte for byte; without a message where there is None."""
    text = (message or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    said = "" if message is None else f"    <Message>{text}</Message>\n"
    return (
        f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>Sender</Type>\n'
        f"    <Code>{code}</Code>\n{said}  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    )


# ── completeness ─────────────────────────────────────────────────────────────────────────────────────


def test_every_operation_has_cases() -> None:
    """A new operation of STS fails here until its refusals are stated."""
    operations = {name.partition(":")[2] for name in REGISTRY.names() if name.startswith("sts:")}
    assert operations <= {file.stem for file in FILES}


def test_no_message_is_listed_twice() -> None:
    """Each text of AWS's has one row, with its source, and says why where no case raises it."""
    rows = [(row["code"], row["message"]) for row in MESSAGES]
    assert len(set(rows)) == len(rows)
    assert all(row["source"] for row in MESSAGES)


@pytest.mark.parametrize("proof", [row["proof"] for row in MESSAGES if "proof" in row])
def test_every_proof_elsewhere_exists(proof: str) -> None:
    """A test that the table names in place of a case is there."""
    file, _, name = proof.partition("::")
    assert f"def {name}(" in (FOLDER.parents[2] / file).read_text()


@pytest.mark.parametrize("row", MESSAGES, ids=[f"{row['code']}: {row['message']}"[:90] for row in MESSAGES])
def test_every_message_of_aws_is_raised_by_a_case(row: dict[str, Any]) -> None:
    """A text that AWS is known to answer is stated by a case, with its status and code, or the table says why not."""
    pattern = ".+".join(map(re.escape, re.split(r"<\w+>", row["message"] or "")))
    stated = [case.values[0].get("refused", (0, "", "")) for case in CASES]
    raised = any(
        (status, code) == (row["status"], row["code"])
        and (message is None) == (row["message"] is None)
        and re.fullmatch(pattern, message or "", re.DOTALL)
        for status, code, message in stated
    )
    assert raised or row.get("not_raised"), "no case raises it, and nothing says why"
