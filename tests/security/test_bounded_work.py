"""What one request can cost: time and memory stay bounded, for strangers and for callers who mean harm."""

from __future__ import annotations

import json
import time

import pytest

from daypass.errors import Malformed
from daypass.policy import parse_policy
from tests.security.world import ADMINISTRATOR, World, trusting


def test_conditions_see_no_more_of_an_unsigned_header_than_a_kilobyte(world: World) -> None:
    """However long a user agent is, its patterns run over a bounded text; what is behind does not match."""
    condition = {"StringLike": {"aws:UserAgent": "*end"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    session = world.assume(world.post("agent", ADMINISTRATOR), Policy=json.dumps({"Statement": statement}))
    for length, status in ((1_021, 200), (1_022, 403), (15_000, 403)):
        headers = {"User-Agent": "a" * length + "end"}
        answer = world.daypass.call("iam", "ListUsers", {}, session, headers=headers)
        assert answer.status == status, length


def test_a_session_full_of_tags_works_and_is_not_remembered(world: World) -> None:
    """A short token can hold 20,000 characters of tags; it is good as often as it comes, and takes no memory."""
    role = world.post("full", ADMINISTRATOR)
    long = [{"Key": f"{number:a>120}", "Value": "b" * 250} for number in range(50)]
    remembered = world.daypass.daypass.service._authenticator._opened
    for tags, more in ((long, 0), (long[:1], 1)):
        session = world.assume(role, Tags=tags)
        before = len(remembered)
        for _ in range(2):
            assert world.daypass.call("sts", "GetCallerIdentity", {}, session).status == 200
        assert len(remembered) == before + more


def test_a_trust_policy_that_is_too_long_is_not_bound(world: World) -> None:
    """Its length is refused before any of its principals is looked for: each may cost the reading of an account."""
    document = trusting(*(f"arn:aws:iam::{world.account}:user/nobody-{number}" for number in range(60)))
    answer = world.daypass.call("iam", "CreateRole", {"RoleName": "long", "AssumeRolePolicyDocument": document})
    assert answer.status == 409
    assert b"<Code>LimitExceeded</Code>" in answer.body


def test_the_member_that_occurs_twice_is_found_at_once() -> None:
    """In a document of the greatest length with 12,000 members and the last one again, within half a second."""
    members = ",".join(f'"{number}":1' for number in range(12_000))
    started = time.perf_counter()
    with pytest.raises(Malformed, match="`11999` occurs twice"):
        parse_policy(f'{{{members},"11999":1}}')
    assert time.perf_counter() - started < 0.5
