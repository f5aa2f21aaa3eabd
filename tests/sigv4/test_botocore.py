"""What botocore signs, we accept; and nothing that was changed on the way."""

from __future__ import annotations

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from hypothesis import given

from daypass.errors import SignatureDoesNotMatch
from daypass.exchange import RawRequest
from daypass.sigv4 import S3_PROFILE
from tests.sigv4.samples import (
    ASSUME_ROLE,
    FORM,
    TOKEN,
    accept,
    presigned_by_botocore,
    signed_by_botocore,
)
from tests.sigv4.test_sign import REQUESTS

pytestmark = pytest.mark.usefixtures("botocore_time")

URL = "https://sts.us-east-1.amazonaws.com/"
WHO_AM_I = f"{URL}?Action=GetCallerIdentity&Version=2011-06-15"


@given(REQUESTS)
def test_what_botocore_signs_is_accepted(request: dict[str, object]) -> None:
    """Any method, host, path, query, headers, body and token, in the header form."""
    raw = signed_by_botocore(**request)
    assert accept(raw, region=str(request["region"])).session_token == request["token"]


@given(REQUESTS)
def test_what_botocore_presigns_is_accepted(request: dict[str, object]) -> None:
    """Any method, host, path, query, headers and token, in the query form."""
    raw = presigned_by_botocore(**{name: value for name, value in request.items() if name != "body"})
    assert accept(raw, region=str(request["region"])).session_token == request["token"]


@given(REQUESTS)
def test_what_botocore_signs_for_s3_is_accepted_under_s3s_profile(request: dict[str, object]) -> None:
    """Paths as sent, escaped once; payload hash in a header, or none in a presigned URL."""
    region = str(request["region"])
    raw = signed_by_botocore(**request, service="s3", signer=S3SigV4Auth)
    assert accept(raw, region=region, service="s3", profile=S3_PROFILE).service == "s3"
    request = {name: value for name, value in request.items() if name != "body"}
    raw = presigned_by_botocore(**request, service="s3", signer=S3SigV4QueryAuth)
    assert accept(raw.replaced(body=b"any"), region=region, service="s3", profile=S3_PROFILE).presigned


def changes(raw: RawRequest) -> dict[str, RawRequest]:
    """One request changed in each of its parts."""
    headers = dict(raw.headers)
    return {
        "method": raw.replaced(method="PUT"),
        "path": raw.replaced(target=b"/x" + raw.target.removeprefix(b"/")),
        "query": raw.replaced(target=raw.target + (b"&" if b"?" in raw.target else b"?") + b"x=1"),
        "body": raw.replaced(body=raw.body + b"&x=1"),
        "host": raw.replaced(headers=tuple((headers | {b"host": b"sts.amazonaws.com.example"}).items())),
    }


@pytest.mark.parametrize("part", ["method", "path", "query", "body", "host"])
@pytest.mark.parametrize("form", ["header", "query"])
def test_a_change_on_the_way_is_refused(part: str, form: str) -> None:
    """Method, path, query, body and host are all under the signature."""
    raw = (
        signed_by_botocore("POST", URL, FORM, ASSUME_ROLE, token=TOKEN)
        if form == "header"
        else presigned_by_botocore("GET", WHO_AM_I, token=TOKEN)
    )
    accept(raw)
    with pytest.raises(SignatureDoesNotMatch):
        accept(changes(raw)[part])


# ── The presigned GetCallerIdentity that Kubernetes clusters take for a proof of identity ────────────


def eks_token_request(cluster: str = "blue") -> RawRequest:
    """What a cluster's authenticator replays: the URL of the token and the cluster's own name."""
    return presigned_by_botocore("GET", WHO_AM_I, {"x-k8s-aws-id": cluster}, token=TOKEN, expires=60)


def with_cluster(raw: RawRequest, *clusters: bytes) -> RawRequest:
    others = tuple(header for header in raw.headers if header[0] != b"x-k8s-aws-id")
    return raw.replaced(headers=(*others, *[(b"x-k8s-aws-id", name) for name in clusters]))


def test_a_cluster_token_is_accepted_with_any_accept_header() -> None:
    """The authenticator adds an unsigned Accept, which changes only the form of the answer."""
    raw = eks_token_request()
    assert accept(raw.replaced(headers=(*raw.headers, (b"accept", b"application/json")))).presigned


@pytest.mark.parametrize("clusters", [(), (b"red",), (b"blue", b"red"), (b"blue", b"blue"), (b"blu",), (b"Blue",)])
def test_a_cluster_token_is_of_no_use_to_another_cluster(clusters: tuple[bytes, ...]) -> None:
    """The signed header must come with the signed value, once."""
    with pytest.raises(SignatureDoesNotMatch):
        accept(with_cluster(eks_token_request(), *clusters))


@pytest.mark.parametrize(
    "name",
    ["Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"],
)
def test_a_parameter_of_a_cluster_token_cannot_be_added_again_in_other_letters(name: str) -> None:
    """Readers that ignore case would take one or the other."""
    raw = eks_token_request()
    for variant in (name.lower(), name.upper(), name.swapcase()):
        for target in (raw.target + f"&{variant}=1".encode(), raw.target.replace(b"?", f"?{variant}=1&".encode())):
            with pytest.raises(SignatureDoesNotMatch):
                accept(raw.replaced(target=target))
