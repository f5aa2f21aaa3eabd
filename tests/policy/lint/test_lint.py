"""The linter as a whole: bounded on hostile documents, quiet on good ones, sure of where it is sure."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from daypass.policy import Kind
from daypass.policy.lint import RULES, FindingType, lint
from daypass.policy.lint.knowledge import key_type, service
from daypass.policy.parse.text import LARGEST
from daypass.wire.model import load_table


def identity(**members: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def many(make: Any, size: int = LARGEST - 1_000) -> list[str]:
    """As many different texts as fit into a document."""
    found, left, number = [], size, 0
    while left > 0:
        found.append(make(number))
        left -= len(found[-1]) + 3
        number += 1
    return found


WORST = {
    "unknown actions of a large service": identity(Action=many(lambda n: f"ec2:Descrbe{n}")),
    "unknown services": identity(Action=many(lambda n: f"s{n}:a")),
    "patterns of actions": identity(Action=many(lambda n: f"iam:*{n}")),
    "patterns that include each other": identity(Action=many(lambda n: "s3:" + "?*" * (n % 300))),
    "one long pattern": identity(Action="iam:" + "*?" * 60_000),
    "ARNs of a service with many forms": identity(Resource=many(lambda n: f"arn:aws:ec2:*:*:*{n}*?*/*")),
    "long ARNs": identity(Resource=many(lambda n: f"arn:aws:ec2:*:*:{'*?a' * 300}{n}")),
    "patterns of resources": identity(Resource=many(lambda n: f"arn:aws:s3:::*a*b?{n}")),
    "variables": identity(Resource=many(lambda n: "arn:aws:s3:::" + "${a}" * 50)),
    "variables that do not end": identity(Resource=many(lambda n: "arn:aws:s3:::" + "${" * 1_000)),
    "unknown keys": identity(Condition={"StringEquals": dict.fromkeys(many(lambda n: f"aws:Usr{n}", 90_000), "a")}),
    "unknown operators": identity(
        Condition={name: {"aws:username": "a"} for name in many(lambda n: f"StrngEquals{n}", 90_000)}
    ),
    "unknown elements": identity(**dict.fromkeys(many(lambda n: f"Actio{n}", 90_000), "a")),
    "numbers of many digits": identity(
        Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": many(lambda n: "9" * 60)}}
    ),
    "equal statements": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}] * 6_000}),
    "one long line of brackets": "[" * LARGEST,
    "much longer than a policy can be": "[" * (LARGEST * 4),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_the_worst_documents_are_looked_through_in_bounded_time(name: str) -> None:
    """No document of the greatest length takes longer than three seconds; usual ones take milliseconds."""
    lint(identity(), Kind.IDENTITY_MANAGED)
    started = time.perf_counter()
    lint(WORST[name], Kind.IDENTITY_MANAGED)
    assert time.perf_counter() - started < 3


GOOD = {
    "IDENTITY_MANAGED": {
        "Sid": "ReadOneTable",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/${aws:PrincipalTag/team}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "true"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    },
    "SESSION": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::lake/*"},
    "TRUST": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"sts:ExternalId": "a"}},
    },
    "RESOURCE": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    "SCP": {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"},
    "RCP": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_policy_has_no_findings(kind: str) -> None:
    """Of each kind one that does what it says."""
    text = json.dumps({"Version": "2012-10-17", "Statement": [GOOD[kind]]})
    assert lint(text, Kind[kind]) == ()


def test_policies_that_aws_uses_itself_have_hardly_an_error() -> None:
    """What works at AWS is no error here: of its managed policies, every tenth, at most one in twenty has one.

    Those that do name services that AWS closed or that are newer than the table.
    """
    published = json.loads(aws_managed_policies_data)
    sample = [published[name] for name in sorted(published)[::10]]
    wrong = []
    for policy in sample:
        text = json.dumps(policy["Document"])
        wrong += [finding for finding in lint(text, Kind.IDENTITY_MANAGED) if finding.type is FindingType.ERROR][:1]
    assert len(sample) > 100
    assert len(wrong) <= len(sample) / 20


def test_findings_come_in_the_order_of_the_document_the_worst_first() -> None:
    """By place, then by severity."""
    found = lint(identity(Action=["s3:GetObejct", "s3:*"], Resource="bucket"), Kind.IDENTITY_MANAGED)
    offsets = [finding.locations[0].span.start.offset for finding in found]
    assert offsets == sorted(offsets)
    assert [finding.type for finding in found][:2] == [FindingType.ERROR, FindingType.SUGGESTION]


def test_every_action_of_iam_and_sts_is_known() -> None:
    """Of its own services the linter says what does not exist, so it must know what does."""
    for name in ("iam", "sts"):
        known = service(name)
        assert known is not None
        assert known.is_exact
        assert {operation.lower() for operation in load_table(name).operations} <= known.actions.keys()


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("aws:principaltag/a", "String"),
        ("aws:tagkeys", "ArrayOfString"),
        ("sts:externalid", "String"),
        ("iam:resourcetag/a/b", "String"),
        ("aws:principaltag", None),
        ("saml:edupersonaffiliation", "ArrayOfString"),
        ("idp.example.com:sub", None),
    ],
)
def test_the_type_of_a_key_is_known(key: str, kind: str | None) -> None:
    """Global keys, keys of services, keys with a tag; None for what is not known."""
    assert key_type(key) == kind


def test_long_names_are_cut_in_what_is_said() -> None:
    """A finding does not repeat a hundred thousand characters."""
    found = lint(identity(Action="s3:a:" + "b" * 100_000), Kind.IDENTITY_MANAGED)
    assert found
    assert all(len(finding.details) < 1_000 for finding in found)


def test_findings_have_the_shape_of_validate_policy() -> None:
    """Type, code, details, link to AWS's page, path and span."""
    (finding,) = lint(identity(Action="s3:GetObejct"), Kind.IDENTITY_MANAGED)
    assert finding.shape() == {
        "findingType": "ERROR",
        "issueCode": "INVALID_ACTION",
        "findingDetails": "`s3:GetObejct` does not exist; perhaps `s3:GetObject` is meant.",
        "learnMoreLink": "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
        "#access-analyzer-reference-policy-checks-error-invalid-action",
        "locations": [
            {
                "path": [{"value": "Statement"}, {"index": 0}, {"value": "Action"}],
                "span": {
                    "start": {"line": 1, "column": 64, "offset": 64},
                    "end": {"line": 1, "column": 78, "offset": 78},
                },
            }
        ],
    }


def test_rules_are_listed_once() -> None:
    """The table has no rule twice."""
    assert len(set(RULES)) == len(RULES)
