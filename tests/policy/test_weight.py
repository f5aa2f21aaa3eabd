"""The estimate of a compiled policy's memory against what it takes."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from daypass.policy import Policy, RequestContext, parse_policy
from daypass.policy.weight import weight
from tests.policy.world import ACCOUNT, ALICE

LARGEST = 6_144
ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
Form = Callable[[int], list[dict[str, Any]]]

FORMS: dict[str, Form] = {
    "many statements": lambda n: [ALLOW] * n,
    "many actions": lambda n: [ALLOW | {"Action": [f"s3:A{k}" for k in range(n)]}],
    "many wild actions": lambda n: [ALLOW | {"Action": [f"s3:?{k}*" for k in range(n)]}],
    "many wild services": lambda n: [ALLOW | {"Action": [f"s{k}*:*" for k in range(n)]}],
    "many NotActions": lambda n: [
        {"Effect": "Deny", "Resource": "*", "NotAction": [f"?{k}:*" for k in range(n)]},
    ],
    "many resources": lambda n: [ALLOW | {"Resource": [f"arn:*:{k}" for k in range(n)]}],
    "many statements with a few resources": lambda n: [ALLOW | {"Resource": ["a:*:1", "b:*:2", "c:*:3"]}] * n,
    "many variable resources": lambda n: [ALLOW | {"Resource": [f"arn:aws:s3:::${{a}}{k}" for k in range(n)]}],
    "many principals": lambda n: [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": [str(123456789012 + k) for k in range(n)]},
        }
    ],
}


def conditions(operator: str, value: str) -> dict[str, Form]:
    """The three ways of having many of one operator."""
    return {
        f"many keys of {operator} {value}": lambda n: [
            ALLOW | {"Condition": {operator: {f"{k}": value for k in range(n)}}}
        ],
        f"many values of {operator} {value}": lambda n: [
            ALLOW | {"Condition": {operator: {"k": [value.replace("1", str(k)) for k in range(n)]}}}
        ],
        f"many statements with {operator} {value}": lambda n: [ALLOW | {"Condition": {operator: {"k": value}}}] * n,
    }


OPERATORS = {
    "StringEquals": ["1", "${a}1", "${a}1" + "${b}*" * 20],
    "StringNotEqualsIgnoreCase": ["1"],
    "StringLike": ["1", "1?", "${a}1*", "${a}1" + "${b}*" * 20],
    "ForAnyValue:StringLikeIfExists": ["1?"],
    "ArnLike": ["a:*:*:*:*:1?", "arn:aws:s3:::${a}1", "arn:aws:s3:::${a}1" + "${b}*" * 20],
    "NumericLessThan": ["1"],
    "DateLessThan": ["1"],
    "Bool": ["true"],
    "Null": ["true"],
    "IpAddress": ["10.0.0.1"],
}
for operator, values in OPERATORS.items():
    for value in values:
        FORMS |= conditions(operator, value)

USUAL = [
    {
        "Sid": f"Team{n}",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::bucket-{n}/*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": f"team{n}"}},
    }
    for n in range(30)
]


def text_of(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def filled(form: Form) -> str:
    """The largest document of that form."""
    count, step = 1, 1_024
    while step:
        if len(text_of(form(count + step))) <= LARGEST:
            count += step
        step //= 2
    return text_of(form(count))


def ask(policy: Policy) -> None:
    """One request, and every test that makes something when it is asked first."""
    (policy.by_action_and_principal if policy.asks_who else policy.by_action)["s3:getobject"]
    context = RequestContext("s3:GetObject", "arn:aws:s3:::b/k", ALICE, ACCOUNT, {})
    for statement in policy.statements:
        statement.actions.matches("s3:getobject")
        if statement.resources is not None and statement.resources.test is not None:
            statement.resources.test(context)
        for condition in statement.conditions:
            condition.test(context)


def taken(text: str, count: int = 2) -> tuple[float, Policy]:
    """Bytes that a compiled policy takes, and one such."""
    ask(parse_policy(text))  # what is made once for all
    gc.collect()
    tracemalloc.start()
    kept = [parse_policy(text) for _ in range(count)]
    for policy in kept:
        ask(policy)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    return size, kept[0]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_no_form_of_policy_takes_more_than_it_weighs(form: Form) -> None:
    """Who wants to fill the memory finds no form that the estimate takes for small."""
    size, policy = taken(filled(form))
    assert size + len(policy.text) < weight(policy) * 1.1


def test_a_usual_policy_weighs_about_twice_what_it_takes() -> None:
    """The estimate is from above, but not by so much that memory for policies would lie idle."""
    size, policy = taken(text_of(USUAL))
    assert size < weight(policy) < 2.5 * size
