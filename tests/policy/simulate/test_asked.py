"""Requests as people write them: who asks, with which keys and policies; what is not understood is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy import PolicySet
from daypass.policy.simulate import (
    ContextEntry,
    context_values,
    principal_of,
    read_entries,
    resource_owner,
    with_documents,
)
from daypass.policy.simulate.asked import KINDS

ACCOUNT = "111122223333"
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def text(**members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": ALLOW | members})


@pytest.mark.parametrize(
    ("written", "kind", "arn", "principal_arn"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", "Account", "…", "…"),
        (f"arn:aws:iam::{ACCOUNT}:user/team/ann", "User", "…", "…"),
        (f"arn:aws-cn:iam::{ACCOUNT}:user/ann", "User", "…", "…"),
        (f"arn:aws:iam::{ACCOUNT}:role/app/w", "AssumedRole", f"arn:aws:sts::{ACCOUNT}:assumed-role/w/session", "…"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/w/monday", "AssumedRole", "…", f"arn:aws:iam::{ACCOUNT}:role/w"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/fred", "FederatedUser", "…", "…"),
        ("ec2.amazonaws.com", "Service", "…", ""),
        ("anonymous", "Anonymous", "", ""),
    ],
)
def test_whoever_can_ask_is_understood(written: str, kind: str, arn: str, principal_arn: str) -> None:
    """Type, ARN and the ARN of the user or role behind; `…` is what was written."""
    who = principal_of(written)
    assert who.type == kind
    assert (who.arn, who.principal_arn) == (arn.replace("…", written), principal_arn.replace("…", written))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ann",
        ACCOUNT,
        "arn:aws:iam::111122223333",
        f"arn:aws:iam::{ACCOUNT}:user/",
        f"arn:aws:iam::{ACCOUNT}:group/g",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/w",
        f"arn:aws:iam:eu-west-1:{ACCOUNT}:user/ann",
        "arn:aws:s3:::bucket",
    ],
)
def test_who_cannot_ask_is_refused(written: str) -> None:
    """Groups, resources, half names."""
    with pytest.raises(Malformed):
        principal_of(written)


def test_values_of_context_keys_are_texts() -> None:
    """As JSON has them: truth values, numbers, lists; names in lower case."""
    assert context_values({"aws:SecureTransport": True, "A:n": 7, "a:list": ["x", 1], "a:none": []}) == {
        "aws:securetransport": "true",
        "a:n": "7",
        "a:list": ("x", "1"),
        "a:none": (),
    }


@pytest.mark.parametrize("values", [{"a:b": None}, {"a:b": {}}, {"a:b": [[]]}, {"a:b": "x", "A:B": "x"}])
def test_values_of_another_form_are_refused(values: dict[str, Any]) -> None:
    """Also a key that stands there twice in different case."""
    with pytest.raises(Malformed):
        context_values(values)


@pytest.mark.parametrize(
    "entry",
    [
        ContextEntry("a:b", ("x",), "numeric"),
        ContextEntry("a:b", ("maybe",), "boolean"),
        ContextEntry("a:b", ("10.0.0.0/8",), "ip"),
        ContextEntry("a:b", ("yesterday",), "date"),
        ContextEntry("a:b", ("!",), "binary"),
        ContextEntry("a:b", ("x",), "text"),
        ContextEntry("a:b", (), "string"),
        ContextEntry("a:b", ("1", "x"), "numericList"),
    ],
)
def test_an_entry_that_does_not_fit_its_type_is_refused(entry: ContextEntry) -> None:
    """Every type has something that it is not."""
    with pytest.raises(Malformed):
        read_entries([entry])


def test_entries_of_every_type_are_read() -> None:
    """A list type gives a multivalued key, also with one value or none."""
    good = {"string": "x", "numeric": "1.5", "boolean": "true", "ip": "::1", "binary": "eA==", "date": "2026-01-01"}
    for kind, value in good.items():
        assert read_entries([ContextEntry("A:b", (value,), kind)]) == {"a:b": value}
        assert read_entries([ContextEntry("A:b", (value,), f"{kind}List")]) == {"a:b": (value,)}
    assert read_entries([ContextEntry("a:b", (), "stringList")]) == {"a:b": ()}


def test_the_owner_is_whom_the_arn_names() -> None:
    """Else whoever is said to be."""
    assert resource_owner("arn:aws:sqs:eu-west-1:444455556666:q", ACCOUNT) == "444455556666"
    for resource in ("*", "arn:aws:s3:::b", "arn:aws:iam::aws:policy/p", "arn:aws:s3"):
        assert resource_owner(resource, ACCOUNT) == ACCOUNT


def test_each_kind_of_document_comes_to_its_place() -> None:
    """Identity-based ones beside those that are there; every level of RCPs has AWS's own."""
    whom = {"resource-policy": "*", "endpoint": "*"}
    documents = {
        kind: [[("one", text(**({"Principal": whom[kind]} if kind in whom else {})))]]
        for kind in KINDS
        if kind not in ("trust", "rcp")
    }
    documents["rcp"] = [[("one", text(Effect="Deny", Principal="*", Action="s3:*"))]]
    first = with_documents(PolicySet(), {"identity": documents["identity"]})
    found = with_documents(first, documents)
    assert [len(group) for group in (found.identity, found.session or (), *found.scps, *found.rcps)] == [2, 1, 1, 2]
    assert found.boundary is not None
    assert found.endpoint is not None
    assert found.resource is not None
    assert found.resource_kind == "resource"


@pytest.mark.parametrize(
    "documents",
    [{"boundary": [[("a", text()), ("b", text())]]}, {"boundary": []}, {"trust": [[]]}, {"identy": [[("a", text())]]}],
)
def test_kinds_that_cannot_be_are_refused(documents: dict[str, Any]) -> None:
    """Two boundaries, none where one is named, a kind that does not exist."""
    with pytest.raises(Malformed):
        with_documents(PolicySet(), documents)


def test_a_document_that_would_not_be_saved_is_refused_by_name() -> None:
    """The fault is AWS's, and says which file it is in."""
    with pytest.raises(MalformedPolicyDocument) as refused:
        with_documents(PolicySet(), {"identity": [[("good.json", text()), ("bad.json", text(Principal="*"))]]})
    assert refused.value.detail.startswith("bad.json")
