"""Routing: which operation a request means, and every answer that is given before anybody is authenticated."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.exchange import RawRequest, Response
from daypass.wire import BAD_REQUEST, BODY_LIMIT, TARGET_LIMIT, TOO_LARGE, Endpoint, Route, identify
from daypass.wire.identify import accepts_json

from .conftest import cases

FORM = "application/x-www-form-urlencoded"


def request(
    method: str = "POST", target: str = "/", body: bytes = b"", content_type: str | None = FORM, **headers: str
) -> RawRequest:
    sent = {"host": "127.0.0.1:7177", **headers} | ({"content-type": content_type} if content_type else {})
    pairs = tuple((name.encode(), value.encode()) for name, value in sent.items())
    return RawRequest(method, target.encode(), pairs, body)


@pytest.mark.parametrize("case", cases("routing"))
def test_routing_cases(case: dict[str, Any]) -> None:
    """Each case of ``cases/routing.json``: the operation, the refusal, or the final answer."""
    headers = {"host": case["host"]} if "host" in case else {}
    body, content_type = case.get("body", "").encode(), case.get("content-type", FORM)
    raw = request(case.get("method", "POST"), case.get("target", "/"), body, content_type, **headers)
    found = identify(raw, service=case.get("scope"), request_id="an-id")
    if "status" in case:
        assert isinstance(found, Response)
        sent = dict(found.headers)
        assert (found.status, found.body) == (case["status"], case.get("text", "").encode())
        assert sent.get(b"Location") == (case["location"].encode() if "location" in case else None)
        assert (b"x-amzn-RequestId" in sent) == (found.status != 400)
        return
    assert isinstance(found, Route)
    if "operation" in case:
        assert found.operation is not None
        assert found.operation.qualified_name == case["operation"]
        assert (found.service, found.refusal) == (case["operation"].partition(":")[0], None)
        return
    assert found.operation is None
    assert found.refusal is not None
    assert (found.service, found.refusal.code, found.refusal.message) == (
        case["service"],
        case["code"],
        case["message"],
    )


def test_sizes_are_refused_before_anything_is_parsed() -> None:
    """A body of exactly the limit is read, one octet more is 413; a long target is 400; both without a look inside."""
    head = b"Action=GetCallerIdentity&Version=2011-06-15&x="
    full = head + b"a" * (BODY_LIMIT - len(head))
    accepted = identify(request(body=full), service="sts", request_id="an-id")
    assert isinstance(accepted, Route)
    assert accepted.operation is not None

    began = process_time()
    assert identify(request(body=full + b"%"), service="sts", request_id="an-id") is TOO_LARGE
    assert identify(request("GET", "/?" + "a" * TARGET_LIMIT), service="sts", request_id="an-id") is BAD_REQUEST
    assert process_time() - began < 0.5


def test_too_many_parameters_are_answered_like_too_large_a_body() -> None:
    """Ten million ampersands cost a count, not a split."""
    began = process_time()

    assert identify(request(body=b"&" * BODY_LIMIT), service="sts", request_id="an-id") is TOO_LARGE
    assert process_time() - began < 0.5


def test_a_browser_is_told_that_it_may_call() -> None:
    """OPTIONS with an origin is answered for any origin, for two days."""
    answer = identify(request("OPTIONS", origin="https://example.com"), service=None, request_id="an-id")

    assert isinstance(answer, Response)
    sent = {name.lower(): value for name, value in answer.headers}
    assert (answer.status, answer.body) == (200, b"")
    assert (sent[b"access-control-allow-origin"], sent[b"access-control-max-age"]) == (b"*", b"172800")
    assert b"x-amzn-RequestId" in sent[b"access-control-expose-headers"]


def test_the_endpoint_comes_from_host() -> None:
    """The route carries what Host says, and None where it is no AWS name."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    regional = identify(request(body=body, host="sts.eu-west-1.amazonaws.com"), service="sts", request_id="an-id")
    private = identify(request(body=body, host="sts.internal"), service="sts", request_id="an-id")

    assert isinstance(regional, Route)
    assert isinstance(private, Route)
    assert regional.endpoint == Endpoint("sts", "eu-west-1", is_global=False, partition="aws")
    assert private.endpoint is None


def test_a_route_does_not_show_what_was_sent() -> None:
    """The representation of a route names the operation and no parameter."""
    body = b"Action=GetSessionToken&Version=2011-06-15&TokenCode=654321"
    route = identify(request(body=body), service="sts", request_id="an-id")

    assert isinstance(route, Route)
    assert route.form["TokenCode"] == "654321"
    assert "GetSessionToken" in repr(route)
    assert "654321" not in repr(route)


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        (b"application/json", True),
        (b"APPLICATION/JSON; charset=utf-8", True),
        (b"text/plain, application/json", True),
        (b"application/json, text/xml", True),
        (b"text/xml, application/json", False),
        (b"application/xml;q=0.1,application/json", False),
        (b"*/*", False),
        (b"application/*", False),
        (b"application/jsonx", False),
        (b"", False),
        (b"," * 10_000 + b"application/json", False),
    ],
)
def test_json_is_for_those_who_name_it(accept: bytes, json: bool) -> None:
    """JSON answers need application/json in Accept, named before any XML type."""
    assert accepts_json(accept) is json


def test_the_route_says_whether_json_is_wanted() -> None:
    """Accept reaches the route, and its absence means XML."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    routes = [
        identify(request(body=body, **headers), service="sts", request_id="an-id")
        for headers in ({"accept": "application/json"}, {})
    ]

    assert [isinstance(route, Route) and route.accept_json for route in routes] == [True, False]


@given(
    st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
    st.text("/?&=%+aActionVersion20110615-.;", max_size=30),
    st.binary(max_size=60),
    st.sampled_from([None, "", "sts", "iam", "s3"]),
)
def test_any_request_is_routed_refused_or_answered(method: str, target: str, body: bytes, scope: str | None) -> None:
    """Whatever comes in, there is a route with an operation or a refusal, or a final answer; never an exception."""
    found = identify(request(method, target, body), service=scope, request_id="an-id")

    assert isinstance(found, Response) or (found.operation is None) != (found.refusal is None)
