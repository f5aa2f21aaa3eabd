"""Which region a SigV4a request is for."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import IncompleteSignature, ServiceError, SignatureDoesNotMatch
from daypass.exchange import RawRequest
from daypass.regions import REGIONS
from daypass.sigv4 import check_scope, settle_region
from daypass.sigv4.region_set import LONGEST
from tests.sigv4.crt import signed_by_crt
from tests.sigv4.samples import ASSUME_ROLE, FORM, accept, signed_by_botocore
from tests.sigv4.test_vectors import claim

URL = "https://sts.us-east-1.amazonaws.com/"
WHO_AM_I = f"{URL}?Action=GetCallerIdentity&Version=2011-06-15"
PRESIGNED = pytest.mark.parametrize("presigned", [False, True], ids=["header", "query"])


def signed(region_set: str, *, presigned: bool) -> RawRequest:
    if presigned:
        return signed_by_crt("GET", WHO_AM_I, region_set=region_set, presigned=True)
    return signed_by_crt("POST", URL, FORM, ASSUME_ROLE, region_set=region_set)


@PRESIGNED
@pytest.mark.parametrize(
    "region_set", ["*", "eu-west-1", "us-east-1,eu-west-1", "eu-*", "us-*,eu-west-*", "us-east-1, eu-west-1", "e*"]
)
def test_a_set_opens_the_regions_that_it_names(region_set: str, presigned: bool) -> None:
    """A name, one of several, or one that begins so."""
    assert accept(signed(region_set, presigned=presigned), region="eu-west-1").region == "eu-west-1"


@PRESIGNED
@pytest.mark.parametrize("region_set", ["eu-west-2", "us-east-1,us-west-2", "us-*", "eu-west-1x*", "eu-west-11"])
def test_a_set_opens_no_other_region(region_set: str, presigned: bool) -> None:
    """A signature for elsewhere opens nothing here."""
    with pytest.raises(SignatureDoesNotMatch, match=r"Credential should be scoped to a valid region\. "):
        accept(signed(region_set, presigned=presigned), region="eu-west-1")


NONE = ["", ",", "us-east-1,", ",us-east-1", "us-east-1,,eu-west-1", "us-*-1", "**", "*us", "us-east-1;eu-west-1"]
NONE += ["US-EAST-1", "us east 1", "us-east-1\xe9", "a" * 33, "-east", "a," * (LONGEST // 2) + "a"]


@PRESIGNED
@pytest.mark.parametrize("region_set", NONE)
def test_a_set_that_is_none_is_refused(region_set: str, presigned: bool) -> None:
    """Whatever is not a short list of names and beginnings of names, before anything else is looked at."""
    raw = signed("*", presigned=presigned)
    if presigned:
        raw = raw.replaced(target=raw.target.replace(b"Region-Set=%2A", b"Region-Set=" + quote(region_set).encode()))
    else:
        headers = dict(raw.headers) | {b"x-amz-region-set": region_set.encode("latin-1")}
        raw = raw.replaced(headers=tuple(headers.items()))
    with pytest.raises(IncompleteSignature, match="must be a list of regions"):
        accept(raw)


def test_all_regions_there_are_fit_into_a_set() -> None:
    """The bound is no limit for who lists them one by one."""
    every = ",".join(REGIONS["aws"])
    assert len(every) <= LONGEST
    assert accept(signed(every, presigned=False), region="ap-south-1").region == "ap-south-1"


@PRESIGNED
def test_a_signature_without_a_set_is_incomplete(presigned: bool) -> None:
    """It is no way to say `everywhere`."""
    raw = signed("*", presigned=presigned)
    raw = raw.replaced(
        target=raw.target.replace(b"&X-Amz-Region-Set=%2A", b""),
        headers=tuple(header for header in raw.headers if header[0] != b"x-amz-region-set"),
    )
    with pytest.raises(IncompleteSignature, match="X-Amz-Region-Set"):
        accept(raw)


def test_a_set_must_be_signed() -> None:
    """As a header it is one of those that count only when they are."""
    raw = signed("us-east-1", presigned=False)
    headers = dict(raw.headers)
    text = headers[b"authorization"].replace(b";x-amz-region-set", b"")
    with pytest.raises(SignatureDoesNotMatch, match="does not match"):
        accept(raw.replaced(headers=tuple((headers | {b"authorization": text}).items())))


@PRESIGNED
@pytest.mark.parametrize("region_set", [b"us-east-1", b"*"])
def test_a_set_stands_in_one_place_only(region_set: bytes, presigned: bool) -> None:
    """A second one, in the same place or in the other, could be the one that somebody else believes."""
    raw = signed("us-east-1", presigned=presigned)
    twice = raw.replaced(headers=(*raw.headers, (b"x-amz-region-set", region_set)))
    with pytest.raises(IncompleteSignature):
        accept(twice)
    if presigned:
        with pytest.raises(IncompleteSignature, match="must not repeat 'X-Amz-Region-Set'"):
            accept(raw.replaced(target=raw.target + b"&X-Amz-Region-Set=" + region_set))


def test_a_presigned_set_is_no_header() -> None:
    """One that only stands in a header does not count for a presigned request."""
    raw = signed("us-east-1", presigned=True)
    moved = raw.replaced(
        target=raw.target.replace(b"&X-Amz-Region-Set=us-east-1", b""),
        headers=(*raw.headers, (b"x-amz-region-set", b"us-east-1")),
    )
    with pytest.raises(IncompleteSignature, match="must include 'X-Amz-Region-Set'"):
        accept(moved)


@pytest.mark.usefixtures("botocore_time")
def test_a_set_beside_sigv4_has_no_effect() -> None:
    """Signed, it may stand there; the scope says the region."""
    raw = signed_by_botocore("POST", URL, FORM | {"X-Amz-Region-Set": "eu-west-1"}, ASSUME_ROLE)
    assert accept(raw).region == "us-east-1"
    assert settle_region(raw, claim(raw), ("eu-west-1",)) == claim(raw)


# ── Which of several ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("region_set", "served", "region"),
    [
        ("*", ("us-east-1", "eu-west-1"), "us-east-1"),
        ("eu-*", ("us-east-1", "eu-west-1"), "eu-west-1"),
        ("eu-west-1", ("us-east-1",), "eu-west-1"),  # whether it is served, the check of the scope says
        ("eu-west-1,eu-west-2", ("us-east-1",), ""),  # which of the two nobody can tell
        ("eu-*", ("us-east-1",), ""),
        ("*", (), ""),
    ],
)
def test_one_region_is_settled(region_set: str, served: tuple[str, ...], region: str) -> None:
    """The first that is meant here, else the only one named, else none; and then the scope is refused."""
    raw = signed(region_set, presigned=False)
    settled = settle_region(raw, claim(raw), served)
    assert settled == claim(raw)._replace(region=region)


def test_an_unsettled_claim_opens_nothing() -> None:
    """Who forgets to settle refuses everything."""
    with pytest.raises(SignatureDoesNotMatch, match="valid region"):
        check_scope(claim(signed("*", presigned=False)), service="sts", regions=None)


@given(st.binary(max_size=60), st.booleans())
def test_whatever_is_sent_as_a_set_is_read_or_refused(region_set: bytes, presigned: bool) -> None:
    """Nothing but the public refusals ever comes out of settling."""
    raw = ORIGINALS[presigned]
    if presigned:
        raw = raw.replaced(target=raw.target.replace(b"Region-Set=us", b"Region-Set=" + region_set))
    else:
        raw = raw.replaced(headers=tuple((dict(raw.headers) | {b"x-amz-region-set": region_set}).items()))
    try:
        settle_region(raw, claim(raw), ("us-east-1",))
    except ServiceError as refusal:
        assert refusal.code in {"IncompleteSignature", "MalformedQueryString"}  # noqa: PT017


ORIGINALS = [signed("us-east-1", presigned=False), signed("us-east-1", presigned=True)]
