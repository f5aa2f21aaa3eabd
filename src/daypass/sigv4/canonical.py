"""The canonical request: the one text that signer and verifier both make of a request.

    METHOD, path, query, one line for each signed header, an empty line, the names of the signed headers, payload hash

Everything is bytes: what is signed is what came over the wire, and no decoding can change it.
Source: IAM User Guide, "Create a signed AWS API request", steps 1 to 3.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Self

from daypass.exchange import Header
from daypass.sigv4.percent import ESCAPED, component
from daypass.sigv4.refusals import refuse

EMPTY_HASH = sha256(b"").hexdigest().encode()
UNSIGNED_PAYLOAD = b"UNSIGNED-PAYLOAD"
UNHASHED_PAYLOADS = frozenset(
    {
        UNSIGNED_PAYLOAD,
        b"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
    }
)
"""What S3 lets stand in place of the payload hash; the caller then still owes the check of the chunks."""

_ESCAPED_IN_PATH = [b"/" if n == ord("/") else ESCAPED[n] for n in range(256)]
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 4, 512  # sets of header names, and octets of one
_SPACE, _TAB = b" \t"  # as numbers: looking for a byte in bytes is three times as fast as for a text


@dataclass(frozen=True, slots=True)
class Profile:
    """How a family of services signs. The default is that of all services but S3.

    ``double_encode_path``: the path is escaped once more than it is on the wire.
    ``normalize_path``: dot segments and repeated slashes are removed before signing.
    ``allow_unsigned_payload``: ``x-amz-content-sha256`` may hold one of ``UNHASHED_PAYLOADS``, and a presigned request
    without it is signed over ``UNSIGNED-PAYLOAD``. Only for services that check the payload by other means.
    ``sends_payload_hash``: the signer adds ``x-amz-content-sha256``, which S3 demands.
    ``allow_unordered_values``: a query name may repeat with its values in any order. The signature does not cover that
    order, so only a service to which it means nothing may allow it.
    ``allow_appended_token``: a presigned request may carry its session token outside the signature, as a few services'
    clients do. The token is sealed and names its key, so it proves itself.
    ``unsigned_content_types``: the media types a body may have whose ``Content-Type`` is not signed, because they go
    without saying (the AWS SDK for PHP never signs it); None allows any.
    """

    double_encode_path: bool = True
    normalize_path: bool = True
    allow_unsigned_payload: bool = False
    sends_payload_hash: bool = False
    allow_unordered_values: bool = False
    allow_appended_token: bool = True
    unsigned_content_types: frozenset[bytes] | None = frozenset({b"application/x-www-form-urlencoded"})


QUERY_PROFILE = Profile()
JSON_PROFILE = Profile(unsigned_content_types=frozenset({b"application/x-amz-json-1.0", b"application/x-amz-json-1.1"}))
S3_PROFILE = Profile(
    double_encode_path=False,
    normalize_path=False,
    allow_unsigned_payload=True,
    sends_payload_hash=True,
    allow_unordered_values=True,
    unsigned_content_types=None,
)


# ── Path ─────────────────────────────────────────────────────────────────────────────────────────────


def canonical_path(path: bytes, profile: Profile = QUERY_PROFILE) -> bytes:
    """The path as it is signed. ``path`` is the raw one from the request target; empty means ``/``."""
    if path in (b"/", b""):
        return b"/"
    if profile.normalize_path:
        path = _normalize(path)
    if profile.double_encode_path:
        return b"".join([_ESCAPED_IN_PATH[n] for n in path])
    # Segment by segment, so that an escaped slash inside a name never becomes a separator.
    return b"/".join([component(segment) for segment in path.split(b"/")])


def _normalize(path: bytes) -> bytes:
    """Remove empty and dot segments (RFC 3986 section 5.2.4, and AWS's rule for repeated slashes)."""
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    return b"/" + b"/".join(kept) + (b"/" if kept and not segments[-1] else b"")


# ── Query ────────────────────────────────────────────────────────────────────────────────────────────


def query_pairs(query: bytes, leave_out: Sequence[bytes] = ()) -> list[tuple[bytes, bytes]]:
    """Names and values of a raw query in wire order, each in its only signed spelling.

    ``leave_out`` holds raw names. A name without value has an empty one.

    Raises:
        MalformedQueryString: an escape is cut off or not hexadecimal.
    """
    if not query:
        return []
    parts = [item.partition(b"=") for item in query.split(b"&")]
    if _IN_SIGNED_SPELLING(query):
        return [(name, value) for name, _, value in parts if name not in leave_out]
    return [(component(name), component(value)) for name, _, value in parts if name not in leave_out]


# What nearly every signer sends: letters that need no escape, and escapes of those that do, as the general way makes
# them. tests/sigv4/test_canonical.py::test_the_short_way_of_reading_a_query_finds_what_the_long_way_finds
_SIGNED = rb"[A-Za-z0-9\-._~]*+(?:%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])[A-Za-z0-9\-._~]*+)*+"
_IN_SIGNED_SPELLING = re.compile(b"%b(?:=%b)?+(?:&%b(?:=%b)?+)*+" % ((_SIGNED,) * 4)).fullmatch


def canonical_query(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The query as it is signed: sorted as pairs, because ``Param`` precedes ``Param-3`` but ``Param=`` does not."""
    return b"&".join(map(b"=".join, sorted(pairs)))


# ── Headers ──────────────────────────────────────────────────────────────────────────────────────────


class SignedHeaders(tuple[bytes, ...]):  # noqa: SLOT001  a tuple cannot have slots and facts of its own
    """The names of the signed headers, as claimed. All requests of a client have the same: see ``of``.

    ``text``: as they stand in the canonical request. ``every``: the same as a set.
    ``well_formed``: lower case, sorted, each once and none empty, as the signer must write them.
    ``values``: takes their values out of headers by name, in order; KeyError when one is absent.
    ``form``: the canonical request with a gap for method, path, query, each value and payload hash.
    ``covered``: names of headers, in wire order, that were found to need no other signed name; see ``remember``.
    """

    text: bytes
    every: frozenset[bytes]
    well_formed: bool
    values: Callable[[Mapping[bytes, bytes]], tuple[bytes, ...]]
    form: bytes
    covered: set[tuple[bytes, ...]]

    def __new__(cls, text: bytes) -> Self:
        names = super().__new__(cls, text.split(b";"))
        names.text = text
        names.every = frozenset(names)
        names.well_formed = names[0] != b"" and text == text.lower() and list(names) == sorted(names.every)
        names.values = itemgetter(*names) if len(names) > 1 else lambda headers: (headers[text],)
        lines = [name.replace(b"%", b"%%") + b":%b\n" for name in names]
        names.form = b"".join([b"%b\n%b\n%b\n", *lines, b"\n", text.replace(b"%", b"%%"), b"\n%b"])
        names.covered = set()
        return names

    def remember(self, present: tuple[bytes, ...]) -> None:
        """Note that requests with exactly these headers are covered. A client sends few sets of them."""
        # INVARIANT: 9. few and short ones only: whoever may sign can send any names.
        # tests/sigv4/test_verify.py::test_what_is_remembered_of_header_names_is_bounded
        if len(self.covered) < _MOST_REMEMBERED and sum(map(len, present)) <= _LONGEST_REMEMBERED:
            self.covered.add(present)

    @staticmethod
    def of(text: str) -> SignedHeaders:
        """The names in ``text``, remembered unless it is unusually long: memory stays bounded, whoever asks."""
        return _remembered_names(text) if len(text) <= 512 else SignedHeaders(text.encode("latin-1"))


@lru_cache(maxsize=1024)
def _remembered_names(text: str) -> SignedHeaders:
    return SignedHeaders(text.encode("latin-1"))


def tidy(value: bytes) -> bytes:
    """A header value trimmed, with each inner run of white space folded to one space."""
    return b" ".join(value.split()) if _SPACE in value or _TAB in value else value


def index_headers(headers: Sequence[Header]) -> dict[bytes, bytes]:
    """Headers by name. Values of a repeated name are tidied and joined with ``,`` in wire order, as they are signed."""
    index = dict(headers)
    if len(index) == len(headers):
        return index
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(tidy(value))
    return {name: b",".join(several) for name, several in values.items()}


# ── Payload ──────────────────────────────────────────────────────────────────────────────────────────


def payload_hash(
    headers: Mapping[bytes, bytes], body: bytes, profile: Profile = QUERY_PROFILE, *, presigned: bool = False
) -> bytes:
    """The payload hash as it is signed: hexadecimal SHA-256 of the body, or what the profile lets stand for it.

    Raises:
        SignatureDoesNotMatch: ``x-amz-content-sha256`` is not the hash of this body.
    """
    claimed = headers.get(b"x-amz-content-sha256")
    if claimed is None and body and not profile.allow_unsigned_payload:
        return sha256(body).hexdigest().encode()
    if profile.allow_unsigned_payload:
        if claimed is None and presigned:
            return UNSIGNED_PAYLOAD
        if claimed is not None and tidy(claimed) in UNHASHED_PAYLOADS:
            return tidy(claimed)
    actual = sha256(body).hexdigest().encode() if body else EMPTY_HASH
    if claimed is not None and not hmac.compare_digest(tidy(claimed), actual):
        refuse("x-amz-content-sha256 is not the hash of the body")
    return actual


# ── Together ─────────────────────────────────────────────────────────────────────────────────────────


def canonical_request(
    method: str,
    path: bytes,
    query: bytes,
    headers: Mapping[bytes, bytes],
    signed_headers: SignedHeaders,
    payload: bytes,
) -> bytes:
    """The canonical request of canonical parts. ``headers`` come from ``index_headers``.

    Raises:
        SignatureDoesNotMatch: a header that is said to be signed is not there.
    """
    try:
        values = signed_headers.values(headers)
    except KeyError as absent:
        refuse(f"signed header is absent: {absent.args[0]!r}")
    joined = b" ".join(values)
    if b" ".join(joined.split()) != joined:  # when all of it is tidy, each of them is
        values = tuple([tidy(value) for value in values])
    return signed_headers.form % (method.encode("ascii", "replace"), path, query, *values, payload)


def string_to_sign(algorithm: str, timestamp: str, scope: str, request: bytes) -> bytes:
    """What the signature is made of: algorithm, time (basic ISO 8601), credential scope, hash of ``request``."""
    return f"{algorithm}\n{timestamp}\n{scope}\n{sha256(request).hexdigest()}".encode("latin-1")
