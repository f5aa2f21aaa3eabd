"""What we sign is what botocore signs."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed, SignatureDoesNotMatch
from daypass.sigv4 import (
    QUERY_PROFILE,
    S3_PROFILE,
    Profile,
    presign_request,
    sign_request,
)
from tests.sigv4.samples import (
    ASSUME_ROLE,
    FORM,
    KEY_ID,
    NOW,
    SECRET,
    TOKEN,
    accept,
    presigned_by_botocore,
    raw_request,
    signed_by_botocore,
)

URL = "https://sts.us-east-1.amazonaws.com/"
WHO = {"access_key_id": KEY_ID, "secret_access_key": SECRET, "region": "us-east-1", "service": "sts", "now": NOW}


def authorization(raw_headers: Mapping[bytes, bytes]) -> str:
    return raw_headers[b"authorization"].decode()


# ── Header form ──────────────────────────────────────────────────────────────────────────────────────

WORDS = st.text("aZ09-._~ /:@,;=!$'()*é", max_size=8)
PATHS = st.lists(st.sampled_from(["a", "b.c", "..", ".", "", "A B", "é", "%", "*", "2015-03-31"]), max_size=4).map(
    lambda parts: "/" + quote("/".join(parts), safe="/-._~")
)
QUERIES = st.lists(st.tuples(WORDS, WORDS), max_size=5, unique_by=lambda pair: pair[0]).map(
    lambda pairs: "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
)
HOSTS = st.sampled_from(
    ["sts.amazonaws.com", "STS.us-east-1.Amazonaws.com", "127.0.0.1:7177", "h:443", "h:80", "[::1]:8"]
)
NAMES = st.sampled_from(
    ["Accept", "X-Amz-Target", "X-Amz-Content-Type", "x-k8s-aws-id", "User-Agent", "amz-sdk-request", "Expect", "A-1"]
)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(
    lambda value: value.strip() or "v"
)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4)
REQUESTS = st.builds(
    lambda method, scheme, host, path, query, headers, body, token, region: {
        "method": method,
        "url": f"{scheme}://{host}{path}" + (f"?{query}" if query else ""),
        "headers": headers,
        "body": body,
        "token": token,
        "region": region,
    },
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    st.sampled_from(["http", "https"]),
    HOSTS,
    PATHS,
    QUERIES,
    HEADERS,
    st.one_of(st.just(b""), st.just(ASSUME_ROLE), st.binary(max_size=40)),
    st.sampled_from([None, TOKEN]),
    st.sampled_from(["us-east-1", "eu-central-1"]),
)


def as_ours(request: dict[str, object], **others: object) -> dict[str, object]:
    """botocore's argument names, as ours."""
    ours = {"session_token" if name == "token" else name: value for name, value in request.items()}
    return WHO | ours | others


@pytest.mark.usefixtures("botocore_time")
@pytest.mark.parametrize(
    ("signer", "service", "profile"), [(SigV4Auth, "sts", QUERY_PROFILE), (S3SigV4Auth, "s3", S3_PROFILE)]
)
@given(request=REQUESTS)
def test_we_sign_headers_as_botocore_does(
    signer: type[SigV4Auth], service: str, profile: Profile, request: dict[str, object]
) -> None:
    """Any method, host, path, query, headers and body: the same Authorization header."""
    theirs = signed_by_botocore(**request, service=service, signer=signer)
    ours = sign_request(**as_ours(request, service=service, profile=profile))
    assert ours["Authorization"] == authorization(dict(theirs.headers))
    assert ours["X-Amz-Date"].encode() == dict(theirs.headers)[b"x-amz-date"]
    assert ours.get("X-Amz-Security-Token") == request["token"]


@pytest.mark.usefixtures("botocore_time")
@pytest.mark.parametrize(
    ("signer", "service", "profile"), [(SigV4QueryAuth, "sts", QUERY_PROFILE), (S3SigV4QueryAuth, "s3", S3_PROFILE)]
)
@given(request=REQUESTS, expires=st.integers(0, 604_800))
def test_we_presign_as_botocore_does(
    signer: type[SigV4QueryAuth], service: str, profile: Profile, request: dict[str, object], expires: int
) -> None:
    """Any method, host, path, query and headers: the same URL."""
    request = {name: value for name, value in request.items() if name != "body"}
    theirs = presigned_by_botocore(**request, service=service, expires=expires, signer=signer)
    ours = presign_request(**as_ours(request, service=service, profile=profile, expires=expires))
    assert raw_request("GET", ours, []).target == theirs.target


@given(REQUESTS)
def test_what_we_sign_is_accepted(request: dict[str, object]) -> None:
    """Signer and verifier agree, in both forms."""
    ours = as_ours(request)
    region = str(request["region"])
    method, url, body = str(request["method"]), str(request["url"]), request["body"]
    assert isinstance(body, bytes)
    headers = sign_request(**ours)
    assert accept(raw_request(method, url, headers.items(), body), region=region).presigned is False
    presigned = presign_request(**ours)
    given_headers = {"Host": headers["Host"], **request["headers"]}  # type: ignore[dict-item]
    assert accept(raw_request(method, presigned, given_headers.items(), body), region=region).presigned is True


def test_stale_authentication_headers_are_replaced() -> None:
    """A retry signs anew; what an earlier attempt left in the headers is gone, in any case of letters."""
    stale = {"authorization": "old", "X-AMZ-DATE": "old", "x-amz-security-token": "old", "accept": "a", "host": "other"}
    signed = sign_request("POST", URL, stale, **WHO)
    assert {name.lower(): value for name, value in signed.items()} == {
        "accept": "a",
        "host": "other",
        "x-amz-date": "20150830T123600Z",
        "authorization": signed["Authorization"],
    }
    assert "SignedHeaders=accept;host;x-amz-date," in signed["Authorization"]
    assert stale["authorization"] == "old"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "sts.amazonaws.com",
        "ftp://h/",
        "https:///x",
        "https://user:pw@h/",
        "https://h/#f",
        "https://h/a b",
        "https://h/é",
        "https://h/\n",
        "https://h/?a=b+c",
        "https://h/?a=%zz",
        "https://h/?a=%",
        "https://h:99999/",
        "https://[::1/",
    ],
)
def test_a_url_that_cannot_be_sent_as_signed_is_refused(url: str) -> None:
    """What an HTTP client would change on the way would not verify."""
    with pytest.raises(Malformed):
        sign_request("GET", url, {}, **WHO)
    with pytest.raises(Malformed):
        presign_request("GET", url, {}, **WHO)


def test_a_header_given_twice_is_refused() -> None:
    """Names differ only in case, so which one would be sent?"""
    with pytest.raises(Malformed):
        sign_request("GET", URL, {"Accept": "a", "accept": "b"}, **WHO)


def test_a_given_payload_hash_must_be_the_bodys() -> None:
    """A signer that signs another body's hash makes a request that nobody accepts."""
    with pytest.raises(SignatureDoesNotMatch):
        sign_request("POST", URL, FORM | {"X-Amz-Content-SHA256": "0" * 64}, ASSUME_ROLE, **WHO)


@pytest.mark.parametrize("expires", [-1, 604_801])
def test_an_expiry_out_of_bounds_is_not_signed(expires: int) -> None:
    """AWS allows at most a week."""
    with pytest.raises(Malformed):
        presign_request("GET", URL, **WHO, expires=expires)
