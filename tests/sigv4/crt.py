"""Requests signed with SigV4a by awscrt, AWS's own signer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from urllib.parse import urlsplit

from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.io import InputStream

from daypass.exchange import RawRequest
from tests.sigv4.samples import KEY_ID, MOMENT, SECRET, raw_request


def signed_by_crt(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    token: str | None = None,
    service: str = "sts",
    region_set: str = "us-east-1",
    presigned: bool = False,
    key_id: str = KEY_ID,
    secret: str = SECRET,
    moment: datetime = MOMENT,
) -> RawRequest:
    """What awscrt sends, or what the holder of a URL presigned by it does."""
    parts = urlsplit(url)
    sent = HttpHeaders([("host", parts.netloc), *(headers or {}).items()])
    request = HttpRequest(method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), sent)
    if body:
        sent.add("content-length", str(len(body)))
        request.body_stream = InputStream(BytesIO(body))
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4_ASYMMETRIC,
        signature_type=AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS
        if presigned
        else AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=AwsCredentialsProvider.new_static(key_id, secret, token),
        region=region_set,
        service=service,
        date=moment,
        expiration_in_seconds=3600 if presigned else None,
    )
    signed = aws_sign_request(request, config).result(10)
    return raw_request(method, f"{parts.scheme}://{parts.netloc}{signed.path}", list(signed.headers), body)
