"""What must hold beside a right signature. Each request here is signed with the right key, over what it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from time import perf_counter

import pytest

from daypass.errors import SignatureDoesNotMatch
from daypass.exchange import Header, RawRequest
from daypass.sigv4 import (
    JSON_PROFILE,
    QUERY_PROFILE,
    S3_PROFILE,
    Profile,
    presign_request,
    read_authorization,
    sign_request,
    signing_key,
    verify_signature,
)
from daypass.sigv4.canonical import (
    EMPTY_HASH,
    SignedHeaders,
    canonical_path,
    canonical_query,
    canonical_request,
    index_headers,
    query_pairs,
    string_to_sign,
)
from daypass.sigv4.keys import hmac_sha256
from daypass.sigv4.refusals import MISMATCH
from tests.sigv4.samples import ASSUME_ROLE, FORM, KEY_ID, NOW, SCOPE, SECRET, STAMP, TOKEN, accept, raw_request

HOST = (b"host", b"sts.us-east-1.amazonaws.com")
DATE = (b"x-amz-date", STAMP.encode())
FORM_TYPE = (b"content-type", b"application/x-www-form-urlencoded")
URL = "https://sts.us-east-1.amazonaws.com/"
KEY = signing_key(SECRET, "20150830", "us-east-1", "sts")


@dataclass(frozen=True)
class Odd:
    """A request that a signer of our own making signs rightly, however odd it is."""

    headers: tuple[Header, ...] = (HOST, DATE)
    signed: bytes = b"host;x-amz-date"
    target: bytes = b"/"
    body: bytes = b""
    payload: bytes | None = None
    profile: Profile = QUERY_PROFILE

    def request(self) -> RawRequest:
        path, _, query = self.target.partition(b"?")
        text = canonical_request(
            "POST",
            canonical_path(path, self.profile),
            canonical_query(query_pairs(query)),
            index_headers(self.headers),
            SignedHeaders(self.signed),
            self.payload or sha256(self.body).hexdigest().encode(),
        )
        signature = hmac_sha256(KEY, string_to_sign("AWS4-HMAC-SHA256", STAMP, SCOPE, text)).hex()
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{SCOPE}, SignedHeaders={self.signed.decode()}, Signature={signature}"
        )
        return RawRequest("POST", self.target, (*self.headers, (b"authorization", authorization.encode())), self.body)


def adding(raw: RawRequest, *headers: Header) -> RawRequest:
    return raw.replaced(headers=(*raw.headers, *headers))


def refusal(raw: RawRequest, profile: Profile = QUERY_PROFILE) -> str:
    """The record's detail of the one public refusal."""
    with pytest.raises(SignatureDoesNotMatch) as caught:
        accept(raw, profile=profile)
    assert caught.value.message == MISMATCH
    return caught.value.detail


def test_a_plain_request_is_accepted() -> None:
    """The signer of these tests signs as one must."""
    assert accept(Odd().request()).access_key_id == KEY_ID


@pytest.mark.parametrize(
    ("odd", "detail"),
    [
        (Odd(signed=b"x-amz-date;host"), "header names are not lower-case, or signed ones not sorted and unique"),
        (Odd(signed=b"host;host;x-amz-date"), "header names are not lower-case, or signed ones not sorted and unique"),
        (
            Odd(headers=(HOST, DATE, (b"", b"")), signed=b";host;x-amz-date"),
            "header names are not lower-case, or signed ones not sorted and unique",
        ),
        (
            Odd(headers=(HOST, DATE, (b"X-Amz-Evil", b"1"))),
            "header names are not lower-case, or signed ones not sorted and unique",
        ),
        (
            Odd(headers=(HOST, DATE, (b"X-Good", b"1")), signed=b"X-Good;host;x-amz-date"),
            "header names are not lower-case, or signed ones not sorted and unique",
        ),
        (Odd(headers=(*Odd().headers, (b":authority", b"x")), signed=b":authority;x-amz-date"), "host is not signed"),
        (Odd(signed=b"host"), "header is present but not signed: b'x-amz-date'"),
        (Odd(headers=(HOST, DATE, (b"x-amz-x", b""))), "header is present but not signed: b'x-amz-x'"),
        (Odd(target=b"/?a=b+c"), "raw + in the query"),
        (Odd(target=b"/?a=2&a=1"), "a query name repeats with its values out of order"),
        (Odd(target=b"/?a=2&%61=1"), "a query name repeats with its values out of order"),
        (Odd(target=b"*"), "the target is no path"),
        (Odd(target=b"http://sts.us-east-1.amazonaws.com/"), "the target is no path"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_right_signature_over_something_ambiguous_is_refused(odd: Odd, detail: str) -> None:
    """The signature is right, and the request is refused all the same."""
    assert refusal(odd.request()) == detail


@pytest.mark.parametrize("line", [b"", b"absent:\n"])
def test_a_signed_header_that_is_absent_is_refused(line: bytes) -> None:
    """Neither leaving its line out nor taking it for empty makes up for a header that is not there."""
    text = b"POST\n/\n\n%bhost:%b\nx-amz-date:%b\n\nabsent;host;x-amz-date\n%b" % (line, HOST[1], DATE[1], EMPTY_HASH)
    signature = hmac_sha256(KEY, string_to_sign("AWS4-HMAC-SHA256", STAMP, SCOPE, text)).hex()
    claims = f"Credential={KEY_ID}/{SCOPE}, SignedHeaders=absent;host;x-amz-date, Signature={signature}"
    raw = RawRequest("POST", b"/", (HOST, DATE, (b"authorization", f"AWS4-HMAC-SHA256 {claims}".encode())))
    assert refusal(raw) == "signed header is absent: b'absent'"


@pytest.mark.parametrize(
    "target", [b"/?a=1&a=2", b"/?a=1&a=1", b"/?a=&a=1&b=0", b"/?a", b"/?", b"/?b=2&a=1", b"/x/../y?c=%20%2B"]
)
def test_queries_with_one_meaning_are_accepted(target: bytes) -> None:
    """Repeated names in signed order, names without value and any order of different names are fine."""
    assert accept(Odd(target=target).request()).service == "sts"


def test_the_order_of_values_may_be_left_open_by_a_profile() -> None:
    """A service to which the order of repeated values means nothing may allow any."""
    profile = Profile(allow_unordered_values=True)
    assert accept(Odd(target=b"/?a=2&a=1").request(), profile=profile).service == "sts"


def test_only_a_presigned_request_leaves_a_signature_out_of_its_query() -> None:
    """X-Amz-Signature beside an Authorization header is a parameter like any other, so it cannot be added."""
    raw = Odd().request()
    assert refusal(raw.replaced(target=b"/?X-Amz-Signature=00")).startswith("the signature is not the one")
    assert accept(Odd(target=b"/?X-Amz-Signature=00").request()).service == "sts"


def test_work_grows_with_the_size_of_the_request_and_not_faster() -> None:
    """Twenty thousand headers, all signed, and as many parameters take no minutes, as squares of them would."""
    names = [b"x-amz-%05d" % number for number in range(20_000)]
    odd = Odd(
        headers=(HOST, DATE, *[(name, b"1") for name in names]),
        signed=b";".join([b"host", *names, b"x-amz-date"]),
        target=b"/?" + b"&".join(b"%s=%%41&%s=%%42" % (name, name) for name in names),
    )
    raw = odd.request()
    started = perf_counter()
    assert accept(raw).service == "sts"
    assert refusal(raw.replaced(method="PUT")).startswith("the signature")
    assert perf_counter() - started < 5


# ── Headers that need not be signed ──────────────────────────────────────────────────────────────────


def test_headers_that_mean_nothing_to_us_need_no_signature() -> None:
    """User agents, SDK bookkeeping and what proxies add are ignored."""
    others = [b"user-agent", b"accept", b"accept-encoding", b"amz-sdk-request", b"x-amzn-trace-id", b"x-forwarded-for"]
    assert accept(adding(Odd().request(), *[(name, b"anything") for name in others])).access_key_id == KEY_ID


@pytest.mark.parametrize(
    "media_type",
    [
        b"application/x-www-form-urlencoded",
        b"application/x-www-form-urlencoded; charset=utf-8",
        b" Application/X-WWW-Form-Urlencoded ;charset=utf-8",
    ],
)
def test_an_unsigned_content_type_may_say_what_goes_without_saying(media_type: bytes) -> None:
    """The AWS SDK for PHP never signs it, and for a query service a form adds nothing."""
    raw = adding(Odd(body=ASSUME_ROLE).request(), (b"content-type", media_type))
    assert accept(raw).access_key_id == KEY_ID
    assert refusal(raw, JSON_PROFILE) == "content-type is not signed"
    json = adding(Odd(body=b"{}").request(), (b"content-type", b"application/x-amz-json-1.1"))
    assert accept(json, profile=JSON_PROFILE).access_key_id == KEY_ID


@pytest.mark.parametrize(
    "media_type", [b"text/plain", b"", b"multipart/form-data; boundary=x", b"application/x-amz-json-1.1"]
)
def test_an_unsigned_content_type_may_say_nothing_else(media_type: bytes) -> None:
    """A type that would change how the body is read must be signed."""
    raw = adding(Odd(body=ASSUME_ROLE).request(), (b"content-type", media_type))
    assert refusal(raw) == "content-type is not signed"


def test_a_second_unsigned_content_type_is_refused() -> None:
    """Two of them are one value that is no media type."""
    assert refusal(adding(Odd(body=b"a").request(), FORM_TYPE, FORM_TYPE)) == "content-type is not signed"


def test_without_a_body_its_type_means_nothing() -> None:
    """Clients that put a content type on everything may."""
    assert accept(adding(Odd().request(), (b"content-type", b"text/plain"))).access_key_id == KEY_ID


def test_a_signed_content_type_may_be_any() -> None:
    """What is signed is the signer's own word."""
    headers = (HOST, DATE, (b"content-type", b"text/plain"))
    raw = Odd(headers=headers, signed=b"content-type;host;x-amz-date", body=b"x").request()
    assert accept(raw).access_key_id == KEY_ID


# ── Payload ──────────────────────────────────────────────────────────────────────────────────────────


def claiming(value: bytes, body: bytes = b"") -> Odd:
    headers = (HOST, (b"x-amz-content-sha256", value), DATE)
    return Odd(headers=headers, signed=b"host;x-amz-content-sha256;x-amz-date", body=body, payload=value.strip())


@pytest.mark.parametrize("body", [b"", ASSUME_ROLE])
def test_a_claimed_payload_hash_that_is_right_is_accepted(body: bytes) -> None:
    """The header repeats what is signed anyway."""
    assert accept(claiming(sha256(body).hexdigest().encode(), body).request()).service == "sts"
    assert accept(claiming(f" {sha256(body).hexdigest()} ".encode(), body).request()).service == "sts"


@pytest.mark.parametrize(
    "claimed",
    [
        sha256(b"other").hexdigest().encode(),
        sha256(ASSUME_ROLE).hexdigest().upper().encode(),
        b"",
        b"UNSIGNED-PAYLOAD",
        b"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    ],
)
def test_a_claimed_payload_hash_that_is_not_the_bodys_is_refused(claimed: bytes) -> None:
    """Even rightly signed: the body is what was signed, or nothing is."""
    assert refusal(claiming(claimed, ASSUME_ROLE).request()) == "x-amz-content-sha256 is not the hash of the body"


def test_two_claimed_payload_hashes_are_refused() -> None:
    """Both right and both signed is still not one hash."""
    value = sha256(b"").hexdigest().encode()
    odd = claiming(value)
    twice = replace(odd, headers=(*odd.headers, (b"x-amz-content-sha256", value)), payload=value + b"," + value)
    assert refusal(twice.request()) == "x-amz-content-sha256 is not the hash of the body"


def test_a_service_that_checks_payloads_otherwise_may_take_them_unsigned() -> None:
    """Under S3's profile the listed words stand for the hash, and no other does."""
    assert accept(claiming(b"UNSIGNED-PAYLOAD", b"any").request(), profile=S3_PROFILE).service == "sts"
    assert accept(claiming(b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"x").request(), profile=S3_PROFILE).service == "sts"
    assert refusal(claiming(b"STREAMING-ANYTHING", b"x").request(), S3_PROFILE).startswith("x-amz-content-sha256")


# ── Session tokens outside the signature ─────────────────────────────────────────────────────────────


def presigned(session_token: str | None = None) -> RawRequest:
    url = presign_request(
        "GET",
        f"{URL}?Action=GetCallerIdentity&Version=2011-06-15",
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
        session_token=session_token,
        region="us-east-1",
        service="sts",
        now=NOW,
    )
    return raw_request("GET", url, [])


def test_a_token_appended_to_a_presigned_request_is_read() -> None:
    """The clients of a few services append it unsigned; it is sealed and proves itself."""
    raw = presigned()
    appended = raw.replaced(target=raw.target + b"&X-Amz-Security-Token=abc%2Fdef")
    assert accept(appended).session_token == "abc/def"
    assert refusal(appended, replace(QUERY_PROFILE, allow_appended_token=False)).startswith("the signature")


def test_a_signed_token_cannot_be_exchanged_or_taken_away() -> None:
    """What the signature covers stays covered."""
    raw = presigned("signed-token")
    assert accept(raw).session_token == "signed-token"
    for other in (b"", b"&X-Amz-Security-Token=another"):
        changed = raw.target.replace(b"&X-Amz-Security-Token=signed-token", other)
        assert changed != raw.target
        assert refusal(raw.replaced(target=changed)).startswith("the signature is not the one")


def test_a_token_header_must_be_signed() -> None:
    """In the header form the token is an x-amz-* header like any other."""
    raw = adding(Odd().request(), (b"x-amz-security-token", TOKEN.encode()))
    assert refusal(raw) == "header is present but not signed: b'x-amz-security-token'"


# ── The key ──────────────────────────────────────────────────────────────────────────────────────────


def signed_by_us(body: bytes = ASSUME_ROLE) -> RawRequest:
    headers = sign_request(
        "POST",
        URL,
        FORM,
        body,
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
        region="us-east-1",
        service="sts",
        now=NOW,
    )
    return raw_request("POST", URL, headers.items(), body)


@pytest.mark.parametrize(
    "scope", [("20150831", "us-east-1", "sts"), ("20150830", "eu-west-1", "sts"), ("20150830", "us-east-1", "iam")]
)
def test_a_key_of_another_scope_proves_nothing(scope: tuple[str, str, str]) -> None:
    """Date, region and service are in the key itself."""
    raw = signed_by_us()
    unverified = read_authorization(raw)
    assert unverified is not None
    with pytest.raises(SignatureDoesNotMatch):
        verify_signature(raw, unverified, signing_key(SECRET, *scope))


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 33, SECRET.encode()])
def test_a_key_that_is_none_is_a_defect_and_not_a_pass(key: bytes) -> None:
    """An empty or cut key must never reach the comparison."""
    raw = signed_by_us()
    unverified = read_authorization(raw)
    assert unverified is not None
    with pytest.raises(ValueError, match="32 bytes"):
        verify_signature(raw, unverified, key)


def test_another_secret_is_refused() -> None:
    """The one thing that everything else is for."""
    with pytest.raises(SignatureDoesNotMatch):
        accept(signed_by_us(), secret=SECRET[:-1] + "Z")


def test_what_is_remembered_of_header_names_is_bounded() -> None:
    """A client that changes its unsigned headers all the time does not fill the memory, and is answered."""
    raw = Odd().request()
    unverified = accept(raw)
    for number in range(20):
        name = f"x-other-{number}".encode() * (100 if number == 0 else 1)
        verify_signature(adding(raw, (name, b"")), unverified, KEY)
    covered = unverified.signed_headers.covered
    assert 0 < len(covered) <= 4
    assert max(sum(map(len, names)) for names in covered) <= 512
