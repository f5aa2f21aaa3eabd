"""The STS cases of tests/cases/sts, each against a real store, as bytes on the wire."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest

from daypass.operations.registry import REGISTRY
from daypass.testing.issuer import StubIssuer
from daypass.testing.local import LocalDaypass
from tests.calling import element
from tests.services.sts.envelopes import FOLDER, check_refusal, check_whole
from tests.services.sts.probes import KINDS, make_probe

FILES = [file for file in sorted(FOLDER.glob("*.json")) if file.stem not in ("messages", "callers")]
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}") for file in FILES for case in json.loads(file.read_text())
]
MESSAGES: list[dict[str, Any]] = json.loads((FOLDER / "messages.json").read_text())
MEMBERS = {"as", "policy", "features", "session", "device", "role", "given", "region", "host", "request", "when"}
MEMBERS |= {"token", "assertion", "case", "enabled", "disabled", "refused", "answers", "lasts", "answer"}


@pytest.mark.parametrize("case", CASES)
def test_the_service_does_what_the_case_says(daypass: LocalDaypass, issuer: StubIssuer, case: dict[str, Any]) -> None:
    """The judged call gets exactly the refusal, or the answer, that the case states."""
    assert case.keys() <= MEMBERS, "a misspelt member would state nothing"
    assert case.get("as", "user") in KINDS
    probe = make_probe(daypass, case, issuer)
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
    assert raised or "not_raised" in row, "no case raises it, and nothing says why"
    assert not (raised and "not_raised" in row), "a case raises it after all"
