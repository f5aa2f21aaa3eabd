"""The request context: keys in any case, asked for only when needed, and asked once."""

from __future__ import annotations

from daypass.policy import Attached, PolicySet, RequestContext, evaluate, parse_policy
from tests.policy.world import ACCOUNT, ALICE, document


class Server:
    """Knows some global keys and remembers what it was asked."""

    def __init__(self, **keys: str | tuple[str, ...]) -> None:
        self.keys = keys
        self.asked: list[str] = []

    def __call__(self, key: str) -> str | tuple[str, ...] | None:
        self.asked.append(key)
        return self.keys.get(key.replace(":", "_"))


def context(server: Server, **keys: str) -> RequestContext:
    named = {key.replace("_", ":"): value for key, value in keys.items()}
    return RequestContext("s3:GetObject", "arn:aws:s3:::data/alice", ALICE, ACCOUNT, named, server)


def allows(asked: RequestContext, condition: object, resource: str = "*") -> bool:
    statement = {"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition}
    return evaluate(asked, PolicySet((Attached(parse_policy(document(statement)), "p"),))).allowed


def test_no_key_is_computed_that_no_policy_asks_for() -> None:
    """A policy without conditions and variables asks the server nothing."""
    server = Server(aws_sourceip="10.0.0.1")
    assert allows(context(server), {})
    assert server.asked == []


def test_a_key_is_computed_once_and_asked_for_in_lower_case() -> None:
    """However often conditions and variables name a key, and in whatever case, the server computes it once."""
    server = Server(aws_username="alice")
    asked = context(server)
    twice = {"StringEquals": {"aws:UserName": "alice"}, "StringLike": {"AWS:username": "${aws:username}"}}
    assert allows(asked, twice, "arn:aws:s3:::data/${aws:userName}")
    assert allows(asked, twice)
    assert server.asked == ["aws:username"]


def test_an_absent_key_is_asked_for_once() -> None:
    """That a key is absent is remembered too."""
    server = Server()
    asked = context(server)
    assert allows(asked, {"Null": {"a:b": "true"}, "StringNotEquals": {"A:B": "x"}})
    assert server.asked == ["a:b"]


def test_a_key_of_the_request_is_never_asked_of_the_server() -> None:
    """What the operation says about the request stands."""
    server = Server(aws_username="mallory")
    assert allows(context(server, aws_username="alice"), {"StringEquals": {"aws:username": "alice"}})
    assert server.asked == []


def test_the_mapping_handed_in_is_left_alone() -> None:
    """Memory of computed keys stays inside the context."""
    keys = {"a:b": "c"}
    asked = RequestContext("s3:GetObject", "*", ALICE, ACCOUNT, keys, Server(d_e="f"))
    assert allows(asked, {"StringEquals": {"d:e": "f"}})
    assert keys == {"a:b": "c"}
