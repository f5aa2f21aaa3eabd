"""Finding the signature in a request: the ``Authorization`` header or the query parameters of a presigned URL.

What is ambiguous is refused where AWS takes the first or the last: a repeated Authorization header, parameter of it,
or ``X-Amz-…`` authentication parameter. Nothing read here is believed; see ``verify``.
Source: IAM User Guide, "Elements of an AWS API request signature"; texts as AWS's query services send them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import NoReturn

from daypass.errors import IncompleteSignature, MissingAuthenticationToken, SignatureDoesNotMatch
from daypass.exchange import Header, RawRequest
from daypass.sigv4.canonical import SignedHeaders, index_headers, tidy
from daypass.sigv4.percent import unescape
from daypass.sigv4.refusals import shown
from daypass.sigv4.scope import (
    ALGORITHM,
    FORMS,
    Split,
    UnverifiedSignature,
    compact_timestamp,
    parse_timestamp,
    read_timestamp,
)

MISSING_TOKEN = "Request is missing Authentication Token"
TOKEN_HEADER = b"x-amz-security-token"
REGION_SET_HEADER = b"x-amz-region-set"

# What practically every signer of SigV4 writes before the signature.
_USUAL = re.compile(
    rf"({ALGORITHM}) Credential=(([^/,= ]+)/(([^/,= ]+)/([^/,= ]+)/([^/,= ]+)/([^/,= ]+))), ?"
    r"SignedHeaders=([^,= ]+), ?Signature="
).fullmatch
Claims = tuple[str, str, str, str, str, str, str, str]
"""Algorithm, credential, and what the credential splits into."""

_make = partial(tuple.__new__, UnverifiedSignature)  # namedtuple's own also counts, which here is known
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_NEVER_TWICE = (b"authorization", b"host", b"content-length")
_NEVER_TWICE_WHEN_SIGNED = (b"x-amz-date", TOKEN_HEADER, REGION_SET_HEADER)
_DIGITS = 64  # of a SigV4 signature
_USUAL_LENGTH = 640  # of what is remembered, so that strangers cannot fill the memory


def read_authorization(raw: RawRequest) -> UnverifiedSignature | None:
    """The signature a request carries, or None when it carries none at all.

    Raises:
        IncompleteSignature: parts are missing, repeated or unreadable.
        MissingAuthenticationToken: the query names an algorithm that is none.
        SignatureDoesNotMatch: two kinds of signature at once (empty message), or the host is not signed.
        MalformedQueryString: an authentication parameter has a broken escape.
    """
    headers = raw.by_name
    authorization = headers.get(b"authorization")
    if raw.target == b"/" and authorization is not None and len(headers) == len(raw.headers):
        return _read_header(authorization, headers)  # nothing is repeated, and there is no query
    return _read_either(raw)


def _read_either(raw: RawRequest) -> UnverifiedSignature | None:
    """The signature of any request, wherever it stands."""
    headers = index_headers(raw.headers)
    if len(headers) != len(raw.headers):
        _refuse_repeated(raw.headers, _NEVER_TWICE)
    authorization = headers.get(b"authorization")
    target = raw.target
    query = query_parameters(raw.query) if target != b"/" and b"X-Amz-Algorithm" in target else None
    if authorization is None and query is None:
        return None
    if len(headers) != len(raw.headers):
        _refuse_repeated(raw.headers, _NEVER_TWICE_WHEN_SIGNED)
    if authorization is None:
        return _read_query(query or {}, headers)
    if query is not None:
        raise SignatureDoesNotMatch("", detail="Authorization header and X-Amz-Algorithm at once")
    return _read_header(authorization, headers)


def _refuse_repeated(headers: tuple[Header, ...], once: tuple[bytes, ...]) -> None:
    """Two readers of one request could each believe another of the two values."""
    names = [name for name, _ in headers]
    for name in once:
        if names.count(name) > 1:
            raise IncompleteSignature(f"Request must not have more than one '{name.decode()}' header.")


# ── Header form ──────────────────────────────────────────────────────────────────────────────────────


def _read_header(authorization: bytes, headers: Mapping[bytes, bytes]) -> UnverifiedSignature:
    date = headers.get(b"x-amz-date")
    if date is None:
        date = headers.get(b"date")
    sent = headers.get(TOKEN_HEADER)
    token = sent.strip().decode("latin-1") if sent is not None else None
    if date is not None and len(authorization) + len(date) <= _USUAL_LENGTH:
        digits = authorization[-_DIGITS:]
        if digits.isalnum() and (usual := _usual(authorization[:-_DIGITS], date)) is not None:
            claims, moment = usual
            return _make((*claims, digits.decode("ascii"), *moment, token, False, None))
    text = authorization.decode("latin-1")
    claims, names, signature = _header_claims(text.strip(), date)
    return _unverified(claims, names, signature, compact_timestamp(date.strip()) if date is not None else b"", token)


@lru_cache(maxsize=4096)
def _usual(head: bytes, date: bytes) -> tuple[tuple[object, ...], tuple[int, str]] | None:
    """What a usual header says before its signature, and its date; many requests of one client share both.

    It only saves time: the general reader finds the same in it
    (tests/sigv4/test_authorization.py::test_the_short_way_of_reading_finds_what_the_long_way_finds).
    """
    claims, moment = _usual_claims(head), read_timestamp(date)
    return (claims, moment) if claims is not None and moment is not None else None


@lru_cache(maxsize=1024)
def _usual_claims(head: bytes) -> tuple[object, ...] | None:
    """The claims and the signed headers: the same in all requests of one client on one day."""
    match = _USUAL(head.decode("latin-1"))
    if match is None:
        return None
    *claims, names = match.groups()
    signed = SignedHeaders.of(names)
    return (*claims, signed) if b"host" in signed.every else None


def _header_claims(text: str, date: bytes | None) -> tuple[Claims, SignedHeaders, str]:
    """Claims, signed headers and signature of any header. Without a date, only a refusal."""
    algorithm, _, parameters = text.partition(" ")
    if algorithm not in FORMS:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{shown(algorithm)}'.")
    found = _header_parameters(parameters, text)
    if date is None or len(found) != len(_PARAMETERS):
        _refuse_missing_in_header(algorithm, found, date)
    credential = found["Credential"]
    claims = (algorithm, credential, *_split(algorithm, credential))
    return claims, SignedHeaders.of(found["SignedHeaders"]), found["Signature"]


def _header_parameters(parameters: str, authorization: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if not parameters.strip():
        return found
    for parameter in parameters.split(","):
        name, equals, value = parameter.strip().partition("=")
        if not equals:
            reason = "not a valid key=value pair (missing equal-sign) in Authorization header"
            raise IncompleteSignature(f"'{shown(name)}' {reason}: '{shown(authorization)}'")
        if name in found or name not in _PARAMETERS:
            raise IncompleteSignature(f"'{shown(name)}' is unknown or repeated in Authorization header.")
        found[name] = value
    return found


def _refuse_missing_in_header(algorithm: str, found: Mapping[str, str], date: bytes | None) -> NoReturn:
    findings = [f"Authorization header requires '{name}' parameter." for name in _PARAMETERS if name not in found]
    if date is None:
        findings.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    raise IncompleteSignature(" ".join([*findings, f"Authorization={algorithm}"]))


# ── Query form ───────────────────────────────────────────────────────────────────────────────────────


def query_parameters(query: bytes) -> dict[bytes, bytes] | None:
    """The raw ``X-Amz-…`` parameters of a query; None when ``X-Amz-Algorithm`` is not one of them."""
    parts = [item.partition(b"=") for item in query.split(b"&") if item.startswith(b"X-Amz-")]
    found = {name: value for name, _, value in parts}
    if len(found) < len(parts):
        names = [name for name, _, _ in parts]
        name = next(name for number, name in enumerate(names) if name in names[:number])
        raise IncompleteSignature(f"Query string must not repeat '{shown(name)}'.")
    return found if b"X-Amz-Algorithm" in found else None


def _read_query(query: Mapping[bytes, bytes], headers: Mapping[bytes, bytes]) -> UnverifiedSignature:
    values = {name: unescape(value) for name, value in query.items()}
    algorithm = values[b"X-Amz-Algorithm"].decode("latin-1")
    if algorithm not in FORMS:
        raise MissingAuthenticationToken(MISSING_TOKEN, detail=f"X-Amz-Algorithm is {shown(algorithm)}")
    try:
        credential, signature = values[b"X-Amz-Credential"], values[b"X-Amz-Signature"]
        signed, date = values[b"X-Amz-SignedHeaders"], values[b"X-Amz-Date"]
    except KeyError:
        _refuse_missing_in_query(values)
    expires = values.get(b"X-Amz-Expires")
    claimed = credential.decode("latin-1")
    return _unverified(
        (algorithm, claimed, *_split(algorithm, claimed)),
        SignedHeaders.of(signed.decode("latin-1")),
        signature.decode("latin-1"),
        date,
        _token_beside_query(values.get(b"X-Amz-Security-Token"), headers.get(TOKEN_HEADER)),
        presigned=True,
        expires=expires.decode("latin-1") if expires is not None else None,
    )


def _refuse_missing_in_query(values: Mapping[bytes, bytes]) -> NoReturn:
    findings = [
        f"AWS query-string parameters must include '{name}'."
        for name in ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
        if name.encode() not in values
    ]
    raise IncompleteSignature(" ".join([*findings, "Re-examine the query-string parameters."]))


def _token_beside_query(in_query: bytes | None, in_header: bytes | None) -> str | None:
    if in_query is not None and in_header is not None:
        raise IncompleteSignature("Request must not have a security token in both header and query string.")
    token = in_query if in_header is None else tidy(in_header)
    return token.decode("latin-1") if token is not None else None


# ── Both ─────────────────────────────────────────────────────────────────────────────────────────────


def _split(algorithm: str, credential: str) -> Split:
    _, split = FORMS[algorithm]
    return split(credential)


def _unverified(
    claims: Claims,
    names: SignedHeaders,
    signature: str,
    date: bytes,
    token: str | None,
    *,
    presigned: bool = False,
    expires: str | None = None,
) -> UnverifiedSignature:
    """Put the parts together, once the host is among the signed headers and the date is one."""
    if b"host" not in names.every and b":authority" not in names.every:
        raise SignatureDoesNotMatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    timestamp = parse_timestamp(date)
    if timestamp is None:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{shown(date)}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    text = date.decode("ascii")
    return UnverifiedSignature._make((*claims, names, signature, timestamp, text, token, presigned, expires))
