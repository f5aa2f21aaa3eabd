"""Requests, keys and the whole chain of checks that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from daypass.errors import InvalidClientTokenId, MissingAuthenticationToken
from daypass.exchange import RawRequest
from daypass.sigv4 import (
    MISSING_TOKEN,
    QUERY_PROFILE,
    Profile,
    UnverifiedSignature,
    check_scope,
    check_time,
    proving_key,
    read_authorization,
    settle_region,
    verify_signature,
)

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MOMENT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
NOW = int(MOMENT.timestamp())
STAMP = "20150830T123600Z"
SCOPE = "20150830/us-east-1/sts/aws4_request"
TOKEN = "FwoGZXIvYXdzE" + "Zx0/+a=" * 40
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
ASSUME_ROLE = (
    b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=s"
)


def raw_request(method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> RawRequest:
    """The request as a server gets it: target of ``url``, names in lower case, a Host."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    if all(name != b"host" for name, _ in pairs):
        # As HTTP clients write it: the host in lower case, and no port where it goes without saying.
        default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
        pairs.insert(0, (b"host", parts.netloc.lower().removesuffix(default).encode()))
    return RawRequest(method, target.encode(), tuple(pairs), body)


def accept(
    raw: RawRequest,
    *,
    secret: str = SECRET,
    now: float = NOW,
    service: str = "sts",
    region: str = "us-east-1",
    profile: Profile = QUERY_PROFILE,
) -> UnverifiedSignature:
    """All checks in their order, as the pipeline makes them; raises what refuses the request. Only one key is known."""
    unverified = read_authorization(raw)
    if unverified is None:
        raise MissingAuthenticationToken(MISSING_TOKEN)
    unverified = settle_region(raw, unverified, (region,))
    check_time(unverified, now)
    check_scope(unverified, service=service, regions={region})
    if unverified.access_key_id != KEY_ID:  # the signature does not cover the id: finding the key by it does
        raise InvalidClientTokenId("The security token included in the request is invalid.")
    verify_signature(raw, unverified, proving_key(secret, unverified), profile=profile)
    return unverified


def signed_by_botocore(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    token: str | None = None,
    service: str = "sts",
    region: str = "us-east-1",
    signer: type[SigV4Auth] = SigV4Auth,
) -> RawRequest:
    """What botocore sends, signed in the header form (``NOW`` must be botocore's time: fixture ``botocore_time``)."""
    request = AWSRequest(method=method, url=url, headers=dict(headers or {}), data=body)
    signer(Credentials(KEY_ID, SECRET, token), service, region).add_auth(request)
    return raw_request(method, url, request.headers.items(), body)


def presigned_by_botocore(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    token: str | None = None,
    service: str = "sts",
    region: str = "us-east-1",
    expires: int = 3600,
    signer: type[SigV4QueryAuth] = SigV4QueryAuth,
) -> RawRequest:
    """What the holder of a URL presigned by botocore sends."""
    request = AWSRequest(method=method, url=url, headers=dict(headers or {}))
    signer(Credentials(KEY_ID, SECRET, token), service, region, expires=expires).add_auth(request)
    return raw_request(method, request.url, request.headers.items())
