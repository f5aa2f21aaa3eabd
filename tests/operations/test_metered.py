"""Quotas of accounts and addresses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from daypass.operations.metered import MeteredService
from daypass.operations.registry import REGISTRY
from daypass.operations.throttling import AWS_QUOTAS, CLASSES, class_of, source_of
from daypass.parts import throttle
from daypass.ports import NotLoaded
from daypass.settings import Settings
from daypass.sigv4 import sign_request
from daypass.testing.local import LocalDaypass, Signer, raw_request

# IAM User Guide, "IAM and AWS STS quotas": these share one quota of requests for an account in a region.
SHARED = (
    "AssumeRole",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetFederationToken",
    "GetSessionToken",
)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def opened(stack: ExitStack, **settings: Any) -> LocalDaypass:
    """A daypass at a time that stands still, so that a bucket holds exactly its burst."""
    daypass = stack.enter_context(LocalDaypass(**{"throttling": "failures", **settings}))
    daypass.clock.freeze(daypass.clock.now())
    return daypass


def codes(daypass: LocalDaypass, count: int, action: str = "sts:GetCallerIdentity", **more: Any) -> list[int]:
    service, name = action.split(":")
    return [daypass.call(service, name, **more).status for _ in range(count)]


def test_an_account_has_its_quota_and_no_more(stack: ExitStack) -> None:
    """The burst is a second's worth, a second later there is as much again, and the refusal is AWS's."""
    daypass = opened(stack, sts_per_second=5)
    assert codes(daypass, 6) == [200] * 5 + [400]
    answer = daypass.call("sts", "GetCallerIdentity")
    assert b"<Code>Throttling</Code>\n    <Message>Rate exceeded</Message>" in answer.body
    daypass.clock.advance(1)
    assert codes(daypass, 6) == [200] * 5 + [400]


def test_json_answers_say_it_too(stack: ExitStack) -> None:
    """Kubernetes' authenticators ask for JSON."""
    daypass = opened(stack, sts_per_second=1)
    asked = {"headers": {"Accept": "application/json"}}
    assert codes(daypass, 2, **asked) == [200, 400]
    said = json.loads(daypass.call("sts", "GetCallerIdentity", **asked).body)
    assert said["Error"] == {"Code": "Throttling", "Message": "Rate exceeded", "Type": "Sender"}


def test_the_account_that_asks_pays_and_each_region_by_itself(stack: ExitStack) -> None:
    """Another account and another region have quotas of their own; the account's users share its."""
    daypass = opened(stack, sts_per_second=3)
    _, other = daypass.account_named("other")
    made = daypass.client("iam")
    made.create_user(UserName="alice")
    alice = Signer.of(made.create_access_key(UserName="alice")["AccessKey"])
    assert codes(daypass, 3) == [200] * 3
    assert codes(daypass, 1, signer=alice) == [400]
    assert codes(daypass, 4, signer=other) == [200] * 3 + [400]
    assert codes(daypass, 4, region="eu-west-1") == [200] * 3 + [400]


def test_the_global_endpoint_has_a_quota_of_its_own(stack: ExitStack) -> None:
    """Beside that of the region it signs for."""
    daypass = opened(stack, sts_per_second=1)
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    secret = daypass.admin.secret_access_key.reveal()
    statuses = []
    for host in ("sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.amazonaws.com"):
        headers = sign_request(
            "POST",
            f"https://{host}/",
            {"Content-Type": "application/x-www-form-urlencoded"},
            body,
            access_key_id=daypass.admin.access_key_id,
            secret_access_key=secret,
            region="us-east-1",
            service="sts",
            now=daypass.clock.now(),
        )
        statuses.append(daypass.serve(raw_request("POST", "/", headers.items(), body)).status)
    assert statuses == [200, 200, 400]


def test_iam_is_apart_from_sts_and_reading_from_changing(stack: ExitStack) -> None:
    """Each class has a bucket of its own, and IAM's know no region."""
    daypass = opened(stack, sts_per_second=2, iam_reads_per_second=3, iam_writes_per_second=1)
    assert codes(daypass, 3) == [200] * 2 + [400]
    assert codes(daypass, 2, "iam:ListUsers") == [200] * 2
    assert codes(daypass, 2, "iam:ListUsers", region="eu-west-1") == [200, 400]
    assert daypass.call("iam", "CreateUser", {"UserName": "a"}).status == 200
    assert daypass.call("iam", "CreateUser", {"UserName": "b"}).status == 400
    assert "b" not in daypass.daypass.storage.directory.load(daypass.account).users_by_name  # type: ignore[union-attr]


def test_an_address_is_limited_before_anybody_is_verified(stack: ExitStack) -> None:
    """Calls without a signature count, and nobody's quota is touched by what his address was refused."""
    daypass = opened(stack, address_per_second=4, sts_per_second=2)
    wish = {"RoleArn": "arn:aws:iam::123456789012:role/a", "RoleSessionName": "ab", "WebIdentityToken": "a.b.c.d"}
    assert codes(daypass, 3, "sts:AssumeRoleWithWebIdentity", params=wish) == [400] * 3
    assert codes(daypass, 2) == [200, 400]
    daypass.clock.advance(0.25)
    assert codes(daypass, 1) == [200]


@pytest.mark.parametrize("refused", ["large form", "unknown action", "unreadable signature", "broken escape"])
def test_an_address_pays_for_what_goes_no_further(stack: ExitStack, refused: str) -> None:
    """What is refused before an operation is found counts too: nobody gets round his limit by sending what is wrong."""
    daypass = opened(stack, address_per_second=3)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    if refused == "large form":
        body += b"&Padding=" + b"a" * 140_000
    elif refused == "unknown action":
        body = b"Action=Nothing&Version=2011-06-15"
    elif refused == "unreadable signature":
        form["Authorization"] = "AWS4-HMAC-SHA256 nothing"
    else:
        body += b"&Padding=%zz"
    answers = [daypass.serve(raw_request("POST", "/", form.items(), body, "192.0.2.1")).body for _ in range(5)]
    assert [b"<Code>Throttling</Code>" in answer for answer in answers] == [False] * 3 + [True] * 2


def test_a_callers_large_form_counts_once_for_its_address(stack: ExitStack) -> None:
    """It is looked at before it is read and again when it is."""
    daypass = opened(stack, address_per_second=3)
    assert codes(daypass, 4, params={"Padding": "a" * 200_000}) == [200] * 3 + [400]


def test_what_goes_to_a_thread_is_counted_once(stack: ExitStack) -> None:
    """On the event loop a change gives back what it took, and takes it again where it is done."""
    daypass = opened(stack, iam_writes_per_second=3, address_per_second=3)
    answers = [daypass.call("iam", "CreateUser", {"UserName": f"u{number}"}).status for number in range(4)]
    assert answers == [200] * 3 + [400]


def test_a_large_form_is_counted_once(stack: ExitStack) -> None:
    """Its sender is verified before it is read and again when it is."""
    daypass = opened(stack, sts_per_second=3)
    assert codes(daypass, 4, params={"Padding": "a" * 200_000}) == [200] * 3 + [400]


def test_a_throttled_change_takes_no_thread(stack: ExitStack) -> None:
    """The refusal is made on the event loop."""
    daypass = opened(stack, iam_writes_per_second=1)
    assert codes(daypass, 1, "iam:CreateUser", params={"UserName": "a"}) == [200]

    def never(*_: object) -> None:
        raise NotLoaded("a thread")

    daypass.daypass.service.serve_blocking = never  # type: ignore[method-assign,assignment]
    assert codes(daypass, 1, "iam:CreateUser", params={"UserName": "b"}) == [400]


def test_the_machines_operator_is_not_limited(stack: ExitStack) -> None:
    """Whoever must help an account that is out of its quota can."""
    daypass = opened(stack, iam_writes_per_second=1, iam_reads_per_second=1)
    made = [daypass.daypass.operator("iam:CreateUser", {"UserName": f"u{number}"}) for number in range(5)]
    assert [user["User"]["UserName"] for user in made] == [f"u{number}" for number in range(5)]


def test_a_throttled_caller_is_recorded_as_cloudtrail_does(stack: ExitStack) -> None:
    """In the trail, with his identity and the error's code; beyond the bounded rate refusals are summed up."""
    daypass = opened(stack, sts_per_second=1)
    codes(daypass, 201)
    daypass.daypass.audit.close()
    lines = [json.loads(line) for path in daypass.data.glob("audit/*.jsonl") for line in path.read_text().splitlines()]
    refused = [line for line in lines if line["errorCode"] == "Throttling"]
    assert 100 <= len(refused) < 200
    assert refused[0]["eventName"] == "GetCallerIdentity"
    assert refused[0]["errorMessage"] == "Rate exceeded"
    assert refused[0]["userIdentity"]["userName"] == "admin"
    told = sum(line["daypass"]["refusalsNotShown"] for line in lines if line["eventName"] == "RefusalsCounted")
    assert len(refused) + told == 200


def test_aws_quotas_are_those_that_aws_publishes() -> None:
    """600 a second for STS, shared by the operations that its page lists; none is published for IAM."""
    assert AWS_QUOTAS == {"sts": 600}
    for name in SHARED:
        assert class_of("sts", REGISTRY.find(f"sts:{name}")) == "sts"


def test_every_operation_belongs_to_a_class() -> None:
    """By its service and by what it does; one that daypass does not have counts as reading."""
    found = Counter(
        class_of(operation.service, operation)
        for operation in map(REGISTRY.find, REGISTRY.names())
        if operation is not None and operation.service in ("sts", "iam")
    )
    assert set(found) == {"sts", "iam-reads", "iam-writes"}
    assert class_of("iam", None) == "iam-reads"


@pytest.mark.parametrize(
    ("settings", "rates"),
    [
        ({}, {}),
        ({"throttling": "aws"}, {"sts": 600}),
        ({"throttling": "aws", "sts_per_second": 50}, {"sts": 50}),
        ({"throttling": "aws", "workers": 4}, {"sts": 150}),
        ({"sts_per_second": 10, "workers": 4}, {"sts": 3}),
        ({"address_per_second": 1, "workers": 4}, {"address": 1}),
        (
            {"throttling": "aws", "iam_reads_per_second": 7, "iam_writes_per_second": 5},
            {"sts": 600, "iam-reads": 7, "iam-writes": 5},
        ),
    ],
)
def test_a_number_wins_over_aws_and_workers_share(settings: dict[str, Any], rates: dict[str, int]) -> None:
    """Each worker has its part of every quota, rounded up, so that none is left with nothing."""
    quotas = throttle(Settings(**settings), lambda kind: None).quotas
    assert {kind: buckets.rate for kind, buckets in quotas._buckets.items()} == rates if quotas else not rates


def test_without_quotas_the_service_is_the_plain_one(stack: ExitStack) -> None:
    """Whoever sets none does not pay for the question."""
    assert not isinstance(opened(stack).daypass.service, MeteredService)
    assert isinstance(opened(stack, throttling="aws").daypass.service, MeteredService)


def test_each_refusal_is_counted_by_its_class(stack: ExitStack) -> None:
    """The classes are a closed set, so that labels of metrics cannot grow."""
    daypass = opened(stack, sts_per_second=1, address_per_second=2)
    counted: list[str] = []
    object.__setattr__(daypass.daypass.service._throttle, "count", counted.append)
    codes(daypass, 3)
    assert counted == ["sts", "address"]
    assert set(counted) <= set(CLASSES)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_a_source_is_what_one_party_holds(address: str, source: str) -> None:
    """An IPv4 address, or a /64."""
    assert source_of(address) == source
