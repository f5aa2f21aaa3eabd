"""Signing in the header form.

Signer and verifier build the canonical request with the same functions, so what is signed here verifies here.
Source: IAM User Guide, "Create a signed AWS API request", steps 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from daypass.errors import Malformed, MalformedQueryString
from daypass.sigv4.canonical import (
    QUERY_PROFILE,
    Profile,
    SignedHeaders,
    canonical_path,
    canonical_query,
    canonical_request,
    payload_hash,
    query_pairs,
    string_to_sign,
)
from daypass.sigv4.keys import signing_key
from daypass.sigv4.scope import ALGORITHM, TERMINATOR, format_timestamp

# What proxies and HTTP clients change on the way. The same list as botocore's, so that both sign alike.
NEVER_SIGNED = frozenset(
    {
        "authorization",
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
_MADE_HERE = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


# ── Signing ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, as the signature sees it."""

    host: str
    path: bytes
    query: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """One key at one moment for one service and region: all that a signature needs beside the request."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    service: str
    timestamp: str

    @property
    def scope(self) -> str:
        return f"{self.timestamp[:8]}/{self.region}/{self.service}/{TERMINATOR}"

    @property
    def credential(self) -> str:
        return f"{self.access_key_id}/{self.scope}"

    def signature(self, request: bytes) -> str:
        """The signature of a canonical request, in hexadecimal."""
        key = signing_key(self.secret_access_key, self.timestamp[:8], self.region, self.service)
        return key.mac(string_to_sign(ALGORITHM, self.timestamp, self.scope, request))


def parse_target(url: str) -> Target:
    """Take a URL apart, as it will be sent.

    Raises:
        Malformed: it is no absolute http(s) URL, or has something in it that its reader might take otherwise.
    """
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise Malformed("a URL to sign has all characters but printable ASCII percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Malformed("a URL to sign has a host and a port that exist") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc or "#" in url:
        raise Malformed("a URL to sign is http(s)://host[:port][/path][?query]")
    if "+" in parts.query:
        raise Malformed("write a space as %20 and a plus as %2B in a query to sign")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port not in (None, _DEFAULT_PORTS[parts.scheme]):
        host += f":{port}"
    return Target(host, parts.path.encode(), parts.query.encode())


def signed_query(query: bytes) -> bytes:
    """The canonical form of a query that is about to be signed.

    Raises:
        Malformed: a percent escape is broken.
    """
    try:
        return canonical_query(query_pairs(query))
    except MalformedQueryString as error:
        raise Malformed(error.message) from error


def headers_to_sign(headers: Mapping[str, str], host: str) -> dict[bytes, bytes]:
    """The headers a signature covers, by lower-case name and sorted: all that nobody changes on the way, and the host.

    Raises:
        Malformed: a name appears twice, in different case.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    if len(by_name) != len(headers):
        raise Malformed("a header name appears twice")
    by_name.setdefault("host", host)
    return {name.encode(): by_name[name].encode() for name in sorted(by_name.keys() - NEVER_SIGNED)}


def sign_request(  # noqa: PLR0913  a signature has this many facts, all but four by keyword
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
    region: str,
    service: str,
    now: float,
    profile: Profile = QUERY_PROFILE,
) -> dict[str, str]:
    """Sign a request in the header form and return all headers to send, the given ones among them.

    ``url`` is the one that will be requested, already percent-encoded. ``now`` is in epoch seconds. Authorization,
    X-Amz-Date and X-Amz-Security-Token are replaced where present; Host is added.

    Raises:
        Malformed: the URL, a header or the secret cannot be signed.
        SignatureDoesNotMatch: a given ``x-amz-content-sha256`` is not the hash of ``body``.
    """
    signer = Signer(access_key_id, secret_access_key, region, service, format_timestamp(int(now)))
    target = parse_target(url)
    sent = _headers_to_send(headers, target, signer.timestamp, session_token)
    signed = headers_to_sign(sent, target.host)
    payload = payload_hash(signed, body, profile)
    if profile.sends_payload_hash and b"x-amz-content-sha256" not in signed:
        sent["X-Amz-Content-SHA256"] = payload.decode()
        signed = headers_to_sign(sent, target.host)
    names = SignedHeaders(b";".join(signed))
    path, query = canonical_path(target.path, profile), signed_query(target.query)
    signature = signer.signature(canonical_request(method, path, query, signed, names, payload))
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={signer.credential}, SignedHeaders={names.text.decode()}, Signature={signature}"
    )
    return sent


def _headers_to_send(
    headers: Mapping[str, str], target: Target, timestamp: str, session_token: str | None
) -> dict[str, str]:
    sent = {name: value for name, value in headers.items() if name.lower() not in _MADE_HERE}
    sent["X-Amz-Date"] = timestamp
    if session_token is not None:
        sent["X-Amz-Security-Token"] = session_token
    if all(name.lower() != "host" for name in sent):
        sent["Host"] = target.host
    return sent
