"""What is remembered of requests that come again."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.exchange import RawRequest, Response
from daypass.wire import Reading, Route, identify, read
from daypass.wire.identify import _KNOWN
from daypass.wire.recall import GENERATION, LONGEST, Recall

TYPE = (b"content-type", b"application/x-www-form-urlencoded")


def asked(*headers: tuple[bytes, bytes], **parameters: str) -> RawRequest:
    body = urlencode({"Version": "2011-06-15", **parameters}).encode()
    return RawRequest("POST", b"/", (TYPE, *headers), body)


def route_of(raw: RawRequest, service: str | None = "sts") -> Route:
    found = identify(raw, service=service, request_id="an-id")
    assert not isinstance(found, Response)
    return found


def test_a_request_that_comes_again_is_read_twice_at_most() -> None:
    """From then on its route comes back with what was read."""
    raw = asked(Action="GetAccessKeyInfo", AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    read(raw, route_of(raw), service="sts")
    assert route_of(raw).reading is None
    first = read(raw, route_of(raw), service="sts")
    again = route_of(raw.replaced(headers=(*raw.headers, (b"x-amz-date", b"20260101T000000Z"))))
    assert again.reading == first == Reading({"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, first.shown)
    assert read(raw, again, service="sts") is again.reading


def test_strangers_are_not_remembered() -> None:
    """What nobody has read as a verified caller's leaves nothing behind."""
    before = len(_KNOWN)
    for number in range(50):
        route_of(asked(Action="GetAccessKeyInfo", AccessKeyId=f"AKIA{number:016}"))
    assert len(_KNOWN) == before


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("AssumeRoleWithWebIdentity", "WebIdentityToken"),
        ("AssumeRole", "TokenCode"),
        ("AssumeRole", "ProvidedContexts.member.1.ContextAssertion"),
    ],
)
def test_a_request_with_a_sensitive_member_is_not_remembered(action: str, name: str) -> None:
    """Tokens, codes and assertions stay nowhere, however deep they stand."""
    role = {"RoleArn": "arn:aws:iam::123456789012:role/a-role", "RoleSessionName": "me"}
    raw = asked(Action=action, **role, **{name: "123456"})
    for _ in range(3):
        assert "123456" in repr(read(raw, route_of(raw), service="sts").params)
    assert route_of(raw).reading is None


PLACES = st.sampled_from(["sts.amazonaws.com", "sts.eu-west-1.amazonaws.com", "localhost:7077", "iam.amazonaws.com"])
TYPES = st.sampled_from(
    ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "text/plain"]
)
ACCEPTED = st.sampled_from(["application/json", "text/xml", "*/*"])
NAMES = st.sampled_from(["GetCallerIdentity", "GetAccessKeyInfo", "AssumeRole", "ListUsers", "Nothing"])
SCOPES = st.sampled_from([None, "sts", "iam", "s3"])


@given(st.lists(st.tuples(PLACES, TYPES, ACCEPTED, NAMES, SCOPES), min_size=2, max_size=8))
def test_memory_never_changes_a_route(requests: list[tuple[str, str, str, str, str | None]]) -> None:
    """Whatever was read before, a request gets the route that it gets alone."""
    for host, kind, accept, name, scope in requests:
        headers = ((b"host", host.encode()), (b"content-type", kind.encode()), (b"accept", accept.encode()))
        body = urlencode({"Action": name, "Version": "2011-06-15", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}).encode()
        raw = RawRequest("POST", b"/", headers, body)
        found = identify(raw, service=scope, request_id="an-id")
        assert _facts(found) == _facts(_without_memory(raw, scope))
        if isinstance(found, Route) and found.refusal is None and name == "GetAccessKeyInfo":
            read(raw, found, service=scope)
            read(raw, found, service=scope)


def _without_memory(raw: RawRequest, scope: str | None) -> Route | Response:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("daypass.wire.identify"), "_KNOWN", Recall())
        return identify(raw, service=scope, request_id="an-id")


def _facts(found: Route | Response) -> object:
    if isinstance(found, Response):
        return found
    return (*found[:5], found.refusal and (found.refusal.code, found.refusal.message))


def test_what_is_remembered_is_bounded() -> None:
    """Two generations of short requests, whatever is sent."""
    recall: Recall[int] = Recall()
    for number in range(5 * GENERATION):
        recall.keep(("sts", b"%d" % number, b"", b"", None), number)
    recall.keep(("sts", b"x" * (LONGEST + 1), b"", b"", None), -1)
    recall.keep(("sts", b"", b"", b"", b"x" * (LONGEST + 1)), -1)
    assert len(recall) <= 2 * GENERATION
    assert recall.find(("sts", b"x" * (LONGEST + 1), b"", b"", None)) is None
    newest = 5 * GENERATION - 1
    assert recall.find(("sts", b"%d" % newest, b"", b"", None)) == newest


def test_what_comes_once_is_not_kept() -> None:
    """Names that are new each time push nothing out, and what is noted of them is bounded."""
    recall: Recall[int] = Recall()
    names = [("sts", b"%d" % number, b"", b"", None) for number in range(5 * GENERATION)]
    assert not any(recall.comes_again(name) for name in names)
    assert recall.comes_again(names[-1])
    assert len(recall._seen) <= 4 * GENERATION


def test_what_is_asked_again_stays() -> None:
    """A request that comes between the generations is not forgotten."""
    recall: Recall[str] = Recall()
    mine = ("sts", b"mine", b"", b"", None)
    recall.keep(mine, "kept")
    for number in range(5 * GENERATION):
        recall.keep(("sts", b"%d" % number, b"", b"", None), "other")
        if number % 1_000 == 0:
            assert recall.find(mine) == "kept"
