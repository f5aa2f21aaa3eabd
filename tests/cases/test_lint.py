"""Every finding code of the linter: documents that raise it, and documents that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from daypass.policy import Kind
from daypass.policy.lint import CODES, Finding, lint
from daypass.policy.lint.finding import Key, Substring
from tests.policy.world import CASES

USUAL: dict[str, dict[str, Any]] = {
    "IDENTITY_MANAGED": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    "RESOURCE": {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
    },
    "TRUST": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
    "SCP": {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
    "RCP": {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
}
USUAL["IDENTITY_INLINE"] = USUAL["SESSION"] = USUAL["IDENTITY_MANAGED"]


def documents() -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Each document of the case files: the code, whether it is raised, and the document with what its case gives."""
    for path in sorted((CASES / "lint").glob("*.json")):
        for code, case in json.loads(path.read_text())["cases"].items():
            for key, raised in (("raises", True), ("passes", False)):
                given = case[key] if isinstance(case[key], list) else [case[key]]
                yield from ((code, raised, {"kind": "IDENTITY_MANAGED", **case, **one}) for one in given)


DOCUMENTS = list(documents())


def text_of(case: dict[str, Any]) -> str:
    """The document: as it stands, or the usual statement of its kind with other elements (null: without one)."""
    if "text" in case:
        return str(case["text"])
    if "document" in case:
        return json.dumps(case["document"])
    statement = USUAL[case["kind"]] | case.get("with", {})
    if "when" in case:
        statement["Condition"] = case["when"]
    if "repeat" in case:
        statement["Resource"] = [f"arn:aws:s3:::{number:0100d}" for number in range(case["repeat"])]
    statement = {name: value for name, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)


def findings(case: dict[str, Any]) -> tuple[Finding, ...]:
    own = frozenset(case.get("own", ()))
    return lint(text_of(case), Kind[case["kind"]], own_services=own, for_aws=case.get("aws", False))


NUMBERED = [f"{number} {'raises' if raised else 'does not raise'} {code}" for number, (code, raised, _) in
            enumerate(DOCUMENTS)]  # fmt: skip


@pytest.mark.parametrize(("code", "raised", "case"), DOCUMENTS, ids=NUMBERED)
def test_a_document_raises_what_is_written_down(code: str, raised: bool, case: dict[str, Any]) -> None:
    """The code is among the findings, or it is not."""
    assert (code in {finding.code for finding in findings(case)}) is raised


def test_every_code_has_a_case_that_raises_it_and_one_that_does_not() -> None:
    """Except those that are never said, with the reason in the table."""
    said = {name for name, code in CODES.items() if not code.missing}
    assert {code for code, raised, _ in DOCUMENTS if raised} == said
    assert {code for code, raised, _ in DOCUMENTS if not raised} == said
    assert all(code.says or code.missing for code in CODES.values())


@pytest.mark.parametrize("case", [case for _, _, case in DOCUMENTS], ids=NUMBERED)
def test_every_finding_stands_where_it_says(case: dict[str, Any]) -> None:
    """Path and span lead to the same part of the document; line, column and offset agree."""
    text = text_of(case)
    for finding in findings(case):
        assert finding.type is CODES[finding.code].type
        assert finding.locations
        for location in finding.locations:
            start, end = location.span
            assert text.count("\n", 0, start.offset) + 1 == start.line
            assert start.offset - (text.rfind("\n", 0, start.offset) + 1) == start.column
            if finding.code != "JSON_SYNTAX_ERROR":
                assert meant(json.loads(text), location.path) == written(text[start.offset : end.offset], location.path)


def meant(value: Any, path: tuple[Any, ...]) -> Any:
    """What the path leads to."""
    for step in path:
        if isinstance(step, Key):
            assert step.name in value
            return step.name
        value = value[step.start : step.start + step.length] if isinstance(step, Substring) else value[step]
    return value


def written(text: str, path: tuple[Any, ...]) -> Any:
    """What stands in the span."""
    return text if path and isinstance(path[-1], Substring) else json.loads(text)
