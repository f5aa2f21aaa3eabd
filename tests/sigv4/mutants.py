"""A mutator of signed requests, and a judge, written apart from the engine, of what a request means.

A mutant that means the same as its original may be accepted; any other must not be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from random import Random
from urllib.parse import unquote_to_bytes

from botocore.utils import normalize_url_path

from daypass.exchange import Header, RawRequest
from daypass.sigv4 import sign_request
from tests.sigv4.samples import (
    ASSUME_ROLE,
    FORM,
    KEY_ID,
    NOW,
    SECRET,
    TOKEN,
    presigned_by_botocore,
    raw_request,
    signed_by_botocore,
)

Mutants = Iterator[tuple[str, RawRequest]]

URL = "https://sts.us-east-1.amazonaws.com/"
WHO_AM_I = f"{URL}?Action=GetCallerIdentity&Version=2011-06-15"
UNSIGNED = {"User-Agent": "Boto3/1.44", "Accept-Encoding": "identity", "Content-Length": str(len(ASSUME_ROLE))}
WIRE = b"abcXYZ019-._~%&=+/;:, \t?#\"'<>\\{}|^`@!$()*\x00\x7f\x80\xe9\xff"


def corpus() -> list[RawRequest]:
    """Signed requests of each form that clients send. botocore's time must be ``NOW``."""
    hashed = sign_request(
        "PUT",
        f"{URL}a%20b/c?x=%2F&x=2&y",
        {
            "X-Amz-Target": "T.Get",
            "X-Amz-Content-SHA256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        },
        b"{}",
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
        region="us-east-1",
        service="sts",
        now=NOW,
    )
    plain = signed_by_botocore("POST", URL, FORM, ASSUME_ROLE)
    unsigned = tuple((name.lower().encode(), value.encode()) for name, value in UNSIGNED.items())
    return [
        plain.replaced(headers=(*plain.headers, *unsigned)),
        signed_by_botocore("POST", URL, FORM | {"amz-sdk-request": "attempt=1; max=3"}, ASSUME_ROLE, token=TOKEN),
        signed_by_botocore("GET", f"{WHO_AM_I}&Name=a%20b%2Bc~", token=TOKEN),
        presigned_by_botocore("GET", WHO_AM_I, {"x-k8s-aws-id": "blue"}, token=TOKEN, expires=60),
        presigned_by_botocore("GET", f"{WHO_AM_I}&Name=a%20b%2Bc~"),
        raw_request("PUT", f"{URL}a%20b/c?x=%2F&x=2&y", hashed.items(), b"{}"),
    ]


# Adding this to a body of a query service tells nothing new.
FORM_TYPE = b"application/x-www-form-urlencoded"
GOES_WITHOUT_SAYING = (None, [FORM_TYPE], [FORM_TYPE + b"; charset=utf-8"])

# ── The judge ────────────────────────────────────────────────────────────────────────────────────────


def meaning(raw: RawRequest) -> object:
    """Everything in a request that a server may act on, in one form."""
    headers: dict[bytes, list[bytes]] = {}
    for name, value in raw.headers:
        headers.setdefault(name, []).append(b" ".join(value.split()))
    path, _, query = raw.target.partition(b"?")
    pairs = [tuple(unquote_to_bytes(part) for part in item.partition(b"=")[::2]) for item in query.split(b"&")]
    claims = [claim for text in headers.pop(b"authorization", []) for claim in authorization_claims(text)]
    signed = dict(claims).get(b"SignedHeaders") or dict(pairs).get(b"X-Amz-SignedHeaders") or b""
    acted_on = {b"host", *signed.split(b";")}
    if raw.body and headers.get(b"content-type") not in GOES_WITHOUT_SAYING:
        acted_on.add(b"content-type")
    return (
        raw.method,
        normalize_url_path(path.decode("latin-1")),
        sorted(pairs, key=lambda pair: pair[0]),
        {name: values for name, values in headers.items() if name in acted_on or name.lower().startswith(b"x-amz-")},
        sorted(claims),
        raw.body,
    )


def authorization_claims(text: bytes) -> list[tuple[bytes, bytes]]:
    algorithm, _, rest = text.partition(b" ")
    pairs = [item.strip().partition(b"=")[::2] for item in rest.split(b",")]
    return [(b"algorithm", algorithm), *[(name, value) for name, value in pairs]]


# ── The mutator ──────────────────────────────────────────────────────────────────────────────────────


def byte_mutants(text: bytes, random: Random) -> Iterator[bytes]:
    """Each byte changed, dropped, doubled, escaped, put in other case, and something put before it; and cut texts."""
    for at, byte in enumerate(text):
        before, after = text[:at], text[at + 1 :]
        for put in (
            bytes([byte ^ 1]),
            bytes([byte ^ 32]),
            b"",
            bytes([byte, byte]),
            b"%%%02X" % byte,
            b"%%%02x" % byte,
            bytes([random.choice(WIRE)]),
            bytes([random.choice(WIRE), byte]),
        ):
            yield before + put + after
    yield b""
    yield text + b"\x00"
    yield text + b" "
    yield text[len(text) // 2 :] + text[: len(text) // 2]


def with_header_at(raw: RawRequest, at: int, *headers: Header) -> RawRequest:
    return raw.replaced(headers=(*raw.headers[:at], *headers, *raw.headers[at + 1 :]))


def changed_bytes(raw: RawRequest, random: Random) -> Mutants:
    """Every byte of target, body, method, header names and values."""
    for target in byte_mutants(raw.target, random):
        yield "target", raw.replaced(target=target)
    for body in byte_mutants(raw.body, random):
        yield "body", raw.replaced(body=body)
    for method in ("PUT", "HEAD", "post", "get", raw.method + "X", "", raw.method[:-1]):
        yield "method", raw.replaced(method=method)
    for at, (name, value) in enumerate(raw.headers):
        for changed in byte_mutants(value, random):
            yield "header value", with_header_at(raw, at, (name, changed))
        for changed in byte_mutants(name, random):
            yield "header name", with_header_at(raw, at, (changed, value))


def moved_headers(raw: RawRequest) -> Mutants:
    """Every header dropped, doubled, doubled with another value on either side, and written in capitals."""
    for at, (name, value) in enumerate(raw.headers):
        yield "header dropped", with_header_at(raw, at)
        yield "header doubled", with_header_at(raw, at, (name, value), (name, value))
        yield "header doubled", with_header_at(raw, at, (name, b"x"), (name, value))
        yield "header doubled", with_header_at(raw, at, (name, value), (name, b"x"))
        yield "header doubled", with_header_at(raw, at, (name, value), (name, b""))
        yield "header in capitals", with_header_at(raw, at, (name.title(), value))
        yield "header in capitals", with_header_at(raw, at, (name.upper(), value), (name, value))
    for order in list(permutations(raw.headers))[1:120]:
        yield "headers in another order", raw.replaced(headers=order)


def claims_of(raw: RawRequest) -> tuple[bytes, Callable[[bytes], RawRequest]]:
    """Where the signature stands in the request, and how to put something else there."""
    for at, (name, value) in enumerate(raw.headers):
        if name == b"authorization":
            return value, lambda text, at=at: with_header_at(raw, at, (b"authorization", text))
    return raw.target, lambda text: raw.replaced(target=text)


def changed_claims(raw: RawRequest) -> Mutants:
    """Other signatures, scopes, keys and lists of signed headers, well formed all of them."""
    text, put = claims_of(raw)
    separator, slash = (b";", b"/") if text is not raw.target else (b"%3B", b"%2F")
    start = text.index(b"Signature=") + len(b"Signature=")
    signature = text[start : start + 64]
    for at in range(64):
        for digit in b"0123456789abcdef":
            if digit != signature[at]:
                yield "signature", put(text[: start + at] + bytes([digit]) + text[start + at + 1 :])
    for other in (signature.upper(), signature[:-1], signature + b"0", b"", b"0" * 64, signature[::-1], signature * 2):
        yield "signature", put(text.replace(signature, other))
    scope = slash.join([b"20150830", b"us-east-1", b"sts", b"aws4_request"])
    for old, new in SCOPES:
        yield "scope", put(text.replace(scope, scope.replace(old, new)))
        yield "scope", put(text.replace(scope, scope.replace(old, new) + slash + new))
    signed = text.partition(b"SignedHeaders=")[2].partition(b"," if text is not raw.target else b"&")[0]
    for names in other_names(signed.split(separator)):
        yield "signed headers", put(text.replace(signed, separator.join(names)))


SCOPES = [
    (old, new)
    for old, values in {
        b"20150830": (b"20150829", b"20150831", b"20150830T", b"", b"00000000"),
        b"us-east-1": (b"us-east-2", b"eu-west-1", b"*", b"", b"US-EAST-1", b"us-east-1 ", b"aws-global"),
        b"sts": (b"iam", b"s3", b"*", b"", b"STS", b"sts.amazonaws.com"),
        b"aws4_request": (b"aws5_request", b"", b"AWS4_REQUEST", b"aws4_request "),
    }.items()
    for new in values
]


def other_names(names: list[bytes]) -> Iterator[list[bytes]]:
    yield from (list(order) for order in list(permutations(names))[1:24])
    for at, name in enumerate(names):
        yield names[:at] + names[at + 1 :]
        yield [*names[:at], name, *names[at:]]
        yield [*names[:at], name.upper(), *names[at + 1 :]]
        yield [*names[:at], name + b" ", *names[at + 1 :]]
        yield [*names[:at], b"", *names[at:]]
    for extra in (
        b"accept",
        b"absent",
        b"user-agent",
        b"authorization",
        b"content-length",
        b"zzz",
        b":authority",
        b"*",
    ):
        yield sorted([*names, extra])
        yield [*names, extra]


def both_kinds(raw: RawRequest, others: list[RawRequest]) -> Mutants:
    """Parts of other, equally well signed requests, and the two kinds of signature at once."""
    for other in others:
        yield "spliced", raw.replaced(target=other.target)
        yield "spliced", raw.replaced(body=other.body)
        yield "spliced", raw.replaced(headers=other.headers)
        yield "spliced", raw.replaced(headers=raw.headers + other.headers)
        yield "spliced", raw.replaced(target=raw.target + b"?" + other.target.partition(b"?")[2])
        for header in other.headers:
            yield "spliced", raw.replaced(headers=(*[h for h in raw.headers if h[0] != header[0]], header))
            yield "spliced", raw.replaced(headers=(*raw.headers, header))


def random_mutant(raw: RawRequest, random: Random) -> RawRequest:
    """Two or three random bytes changed, anywhere."""
    for _ in range(random.randint(2, 3)):
        at = random.randint(-2, len(raw.headers) - 1)
        if at == -2:
            raw = raw.replaced(target=random_change(raw.target, random))
        elif at == -1:
            raw = raw.replaced(body=random_change(raw.body, random))
        else:
            raw = with_header_at(raw, at, (raw.headers[at][0], random_change(raw.headers[at][1], random)))
    return raw


def random_change(text: bytes, random: Random) -> bytes:
    at = random.randint(0, len(text))
    put = random.choice((b"", bytes([random.choice(WIRE)]), text[at : at + 1] * 2, b"%%%02x" % random.randint(0, 255)))
    return text[:at] + put + text[at + random.randint(0, 1) :]
