"""What is read from a request, before any of it is believed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daypass.errors import ServiceError
from daypass.exchange import RawRequest
from daypass.sigv4 import UnverifiedSignature, read_authorization
from daypass.sigv4 import authorization as module
from tests.sigv4.samples import KEY_ID, NOW, SCOPE, STAMP, TOKEN

SIGNATURE = "0123456789abcdef" * 4
USUAL = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{SCOPE}, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
QUERY = (
    b"/?Action=GetCallerIdentity&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    b"&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z"
    b"&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=" + SIGNATURE.encode()
)


def with_header(authorization: str = USUAL, date: str = STAMP, name: str = "x-amz-date", **others: str) -> RawRequest:
    headers = {"host": "sts.amazonaws.com", name: date, "authorization": authorization}
    headers |= {name.replace("_", "-"): value for name, value in others.items()}
    return RawRequest("POST", b"/", tuple((n.encode(), v.encode("latin-1")) for n, v in headers.items()))


def with_query(target: bytes = QUERY, *headers: tuple[bytes, bytes]) -> RawRequest:
    return RawRequest("GET", target, ((b"host", b"sts.amazonaws.com"), *headers))


def read(raw: RawRequest) -> UnverifiedSignature:
    unverified = read_authorization(raw)
    assert unverified is not None
    return unverified


def test_all_parts_of_a_header_are_read() -> None:
    """The header form, as SDKs write it."""
    assert read(with_header(x_amz_security_token=TOKEN))._asdict() == {
        "algorithm": "AWS4-HMAC-SHA256",
        "credential": f"{KEY_ID}/{SCOPE}",
        "access_key_id": KEY_ID,
        "scope": SCOPE,
        "date": "20150830",
        "region": "us-east-1",
        "service": "sts",
        "terminator": "aws4_request",
        "signed_headers": (b"host", b"x-amz-date"),
        "signature": SIGNATURE,
        "timestamp": NOW,
        "timestamp_text": STAMP,
        "session_token": TOKEN,
        "presigned": False,
        "expires": None,
    }


def test_all_parts_of_a_query_are_read() -> None:
    """The query form, as presigners write it."""
    assert read(with_query(QUERY + b"&X-Amz-Security-Token=a%2Bb%2Fc%3D"))._asdict() == {
        "algorithm": "AWS4-HMAC-SHA256",
        "credential": f"{KEY_ID}/{SCOPE}",
        "access_key_id": KEY_ID,
        "scope": SCOPE,
        "date": "20150830",
        "region": "us-east-1",
        "service": "sts",
        "terminator": "aws4_request",
        "signed_headers": (b"host", b"x-k8s-aws-id"),
        "signature": SIGNATURE,
        "timestamp": NOW,
        "timestamp_text": STAMP,
        "session_token": "a+b/c=",
        "presigned": True,
        "expires": "60",
    }


@pytest.mark.parametrize(
    "raw",
    [
        with_query(b"/"),
        with_query(b"/?Action=AssumeRoleWithSAML"),
        with_query(b"/?x=X-Amz-Algorithm"),
        with_query(b"/X-Amz-Algorithm=AWS4-HMAC-SHA256"),
        with_query(QUERY.replace(b"X-Amz-Algorithm", b"X%2DAmz-Algorithm")),
        with_query(b"/", (b"x-amz-user-agent", b"aws-sdk-js"), (b"x-amz-date", b"no"), (b"x-amz-date", b"twice")),
    ],
)
def test_a_request_without_a_signature_claims_nothing(raw: RawRequest) -> None:
    """Without a signature there is None, and x-amz-* headers are none of our business."""
    assert read_authorization(raw) is None


@pytest.mark.parametrize(
    "authorization",
    [
        USUAL,
        USUAL.replace(", ", ","),
        USUAL.replace(", ", " ,   "),
        USUAL.replace(", ", ",\t"),
        f"  {USUAL}  ",
        f"AWS4-HMAC-SHA256 Signature={SIGNATURE},SignedHeaders=host;x-amz-date,Credential={KEY_ID}/{SCOPE}",
    ],
)
def test_space_and_order_of_the_parameters_do_not_matter(authorization: str) -> None:
    """Signers differ in both, and neither changes what is claimed."""
    assert read(with_header(authorization)) == read(with_header())


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("date", STAMP),
        ("date", "2015-08-30T12:36:00Z"),
        ("x-amz-date", "2015-08-30T12:36:00Z"),
        ("x-amz-date", f" {STAMP}\t"),
    ],
)
def test_the_date_may_stand_in_either_header_and_either_form(name: str, date: str) -> None:
    """The string to sign holds the basic form in any case."""
    unverified = read(with_header(date=date, name=name))
    assert (unverified.timestamp, unverified.timestamp_text) == (NOW, STAMP)


def test_the_token_of_a_presigned_request_may_be_a_header() -> None:
    """It is then an x-amz-* header, which verification wants signed."""
    assert read(with_query(QUERY, (b"x-amz-security-token", b" abc "))).session_token == "abc"


def test_a_header_form_takes_no_token_from_the_query() -> None:
    """Each form brings its own token."""
    raw = with_header().replaced(target=b"/?X-Amz-Security-Token=abc")
    assert read(raw).session_token is None


def test_a_claim_never_shows_its_token() -> None:
    """Neither in repr nor when formatted."""
    unverified = read(with_header(x_amz_security_token=TOKEN))
    assert TOKEN not in f"{unverified} {unverified!r} {[unverified]}"
    assert KEY_ID in repr(unverified)


def test_long_lists_of_signed_headers_are_not_remembered() -> None:
    """What strangers send cannot fill the memory: only texts of a usual length are kept."""
    names = ";".join(["host", *[f"x-{n:04}" for n in range(1000)]])
    before = module._usual_claims.cache_info().currsize
    first = read(with_header(USUAL.replace("host;x-amz-date", names)))
    assert len(first.signed_headers) == 1001
    assert first.signed_headers.well_formed
    assert module._usual_claims.cache_info().currsize == before


PART = st.text("aB1/=,; -\xe9", max_size=6)
HEADERS = st.builds(
    "AWS4-HMAC-SHA256 Credential={}, {}SignedHeaders={};host,{}Signature={}{}".format,
    st.one_of(st.just(f"{KEY_ID}/{SCOPE}"), PART),
    st.sampled_from(["", " ", "x"]),
    PART,
    st.sampled_from(["", " ", ", ", "Signature="]),
    st.one_of(st.just(SIGNATURE), PART),
    st.sampled_from(["", " ", ",", "Signature=", ", X=1"]),
)


@given(HEADERS)
@example(USUAL)
@example(USUAL + "Signature=")
@example("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, X-Signature=f")
def test_the_short_way_of_reading_finds_what_the_long_way_finds(authorization: str) -> None:
    """Where the usual form is recognised, the general reader reads the same out of the header."""
    head, signature = authorization[:-64], authorization[-64:]
    usual = module._usual_claims(head.encode("latin-1")) if signature.isalnum() else None
    if usual is not None:
        claims, names, read_signature = module._header_claims(authorization, b"")
        assert (*claims, names, read_signature) == (*usual, signature)


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=40))
@example(b"\xff", b"X-Amz-Algorithm=%FF", b"")
@example(USUAL.encode(), b"X-Amz-Algorithm", b"\xb2" * 16)
def test_whatever_is_sent_is_read_or_refused(authorization: bytes, query: bytes, date: bytes) -> None:
    """Nothing but the public refusals ever comes out of reading."""
    for raw in (
        with_query(b"/", (b"authorization", authorization), (b"x-amz-date", date)),
        with_query(b"/", (b"authorization", USUAL.encode() + authorization), (b"x-amz-date", STAMP.encode() + date)),
        with_query(b"/?" + query),
        with_query(QUERY + b"&" + query),
    ):
        code, text = outcome(raw)
        assert code in {
            "read",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "SignatureDoesNotMatch",
            "MalformedQueryString",
        }
        assert text.isprintable()


def outcome(raw: RawRequest) -> tuple[str, str]:
    try:
        return ("read", repr(read_authorization(raw)))
    except ServiceError as refusal:
        return (refusal.code, refusal.message)
