"""Reading stored documents: the same strictness where meaning is at stake, and any text at all."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy import Kind, check_document, parse_policy

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def text_of(statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ([], "no statement"),
        ({**GOOD, "Action": []}, "names no action"),
        ({key: GOOD[key] for key in ("Effect", "Resource")}, "names no action"),
        ({"Effect": "Deny", "NotAction": [], "Resource": "*"}, "names no action"),
        ({**GOOD, "Resource": []}, "names no resource"),
        ({**GOOD, "Resource": [None]}, "names no resource"),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": []}, "names no resource"),
        ({key: GOOD[key] for key in ("Effect", "Action")}, "names no resource"),
        ({key: GOOD[key] for key in ("Action", "Resource")}, "neither Allow nor Deny"),
        ({**GOOD, "Effect": "allow"}, "neither Allow nor Deny"),
        ({**GOOD, "Effect": ""}, "neither Allow nor Deny"),
        ({**TRUST, "Resource": []}, "names no resource"),
        ({**TRUST, "Action": []}, "names no action"),
    ],
)
def test_a_missing_or_empty_element_is_refused(statement: object, complaint: str) -> None:
    """Nothing that is left out or empty is read as everything."""
    with pytest.raises(Malformed, match=complaint):
        parse_policy(text_of(statement))


def test_a_version_that_is_none_is_refused() -> None:
    """A stored document of an unknown version is not guessed at."""
    with pytest.raises(Malformed, match="Version"):
        parse_policy(json.dumps({"Version": "2020-01-01", "Statement": GOOD}))


def test_a_document_without_version_is_of_the_old_version() -> None:
    """Variables are not known to a document that names no version."""
    assert parse_policy(json.dumps({"Statement": GOOD})).version == "2008-10-17"


def test_a_principal_is_refused_in_an_identity_policy() -> None:
    """When the kind is said, the grammar of that kind holds."""
    with pytest.raises(Malformed, match="names a principal"):
        parse_policy(text_of({**GOOD, "Principal": "*"}), Kind.IDENTITY_MANAGED)


def test_a_policy_keeps_what_was_written() -> None:
    """Statements know their place, Sid, effect and conditions; the policy its text, version and Id."""
    statement = {**GOOD, "Sid": "A", "Condition": {"StringEquals": {"aws:username": ["a", "b"]}}}
    text = json.dumps({"Version": "2012-10-17", "Id": "me", "Statement": [GOOD, statement]})
    policy = parse_policy(text)
    second = policy.statements[1]
    assert (policy.version, policy.id, policy.text) == ("2012-10-17", "me", text)
    assert (second.index, second.sid, second.effect, second.denies) == (1, "A", "Allow", False)
    assert [(c.operator, c.key, c.values) for c in second.conditions] == [("StringEquals", "aws:username", ("a", "b"))]
    assert second.actions.matches("s3:getobject")
    assert not second.actions.matches("s3:putobject")


def test_a_number_in_a_condition_keeps_its_text() -> None:
    """`1.50` is compared as the text `1.50`."""
    text = text_of(GOOD)[:-2] + ', "Condition": {"StringEquals": {"k": 1.50}}}}'
    assert parse_policy(text).statements[0].conditions[0].values == ("1.50",)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["*", "Allow", "Deny", "sts:AssumeRole", "arn:aws:s3:::a", "2012-10-17", "${", "::"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "AWS",
                         "StringEquals", "NotAction", "NotPrincipal", "Sid", "Id", "Bool", "x"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(JUNK, st.sampled_from(list(Kind)))
def test_any_json_is_accepted_or_refused_as_malformed(value: object, kind: Kind) -> None:
    """The checks raise nothing but their own error, and what they accept can be read back."""
    text = json.dumps(value)
    with contextlib.suppress(MalformedPolicyDocument):
        check_document(text, kind)
        assert parse_policy(text, kind).statements


ELEMENTS = st.sampled_from(["Effect", "Action", "NotAction", "Resource", "Principal", "Condition", "Sid", "Extra"])


@given(st.sampled_from([GOOD, TRUST]), ELEMENTS, JUNK, st.sampled_from(list(Kind)))
def test_a_good_document_with_one_element_spoiled_is_accepted_or_refused(
    good: dict[str, Any], element: str, value: object, kind: Kind
) -> None:
    """Near misses of real documents raise nothing else either."""
    statement = copy.deepcopy(good)
    statement[element] = value
    text = text_of(statement)
    with contextlib.suppress(MalformedPolicyDocument):
        policy = check_document(text, kind)
        assert len(policy.statements) == 1
        assert element != "Extra"
