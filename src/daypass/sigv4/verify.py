"""Whether a request really was signed with the key it names. The last check, and the only one that proves anything.

Steps, each marked below:
    1. what the signature covers is stated unambiguously (signed headers, path, query)
    2. every header that may have an effect is covered
    3. the body is the one that was signed
    4. the signature is the right one: compared in constant time, or proved by the public key
What the caller still owes: the time, the scope, and that the key may be used (``check_time``, ``check_scope``).
Every refusal has the same public text; the record's detail says which step it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest

from daypass.exchange import RawRequest
from daypass.sigv4.canonical import (
    QUERY_PROFILE,
    Profile,
    SignedHeaders,
    canonical_path,
    canonical_query,
    canonical_request,
    index_headers,
    payload_hash,
    query_pairs,
    string_to_sign,
)
from daypass.sigv4.keys import SigningKey, VerifyingKey
from daypass.sigv4.refusals import refuse
from daypass.sigv4.scope import ALGORITHM, ASYMMETRIC, UnverifiedSignature

Proof = Callable[[UnverifiedSignature, bytes | VerifyingKey, bytes], bool]
Pairs = Sequence[tuple[bytes, bytes]]

_USUAL_TARGET: tuple[Pairs, bytes, bytes] = ((), b"/", b"")
"""What ``_read_target`` makes of ``/``."""


def verify_signature(
    raw: RawRequest, unverified: UnverifiedSignature, key: bytes | VerifyingKey, *, profile: Profile = QUERY_PROFILE
) -> None:
    """Return when ``key`` (the one of ``unverified``'s scope) proves that the request was signed, else raise.

    Raises:
        SignatureDoesNotMatch: another key, a changed request, or something in it that is not signed and must be.
        MalformedQueryString: the query has a broken percent escape.
    """
    names = unverified.signed_headers
    headers = raw.by_name if len(raw.by_name) == len(raw.headers) else index_headers(raw.headers)
    pairs, path, query = _USUAL_TARGET if raw.target == b"/" else _read_target(raw, unverified, profile)  # 1
    _require_signed(raw, headers, names, profile)  # 2
    payload = payload_hash(headers, raw.body, profile, presigned=unverified.presigned)  # 3
    proves = PROOFS[unverified.algorithm]
    if proves(unverified, key, canonical_request(raw.method, path, query, headers, names, payload)):  # 4
        return
    before = [pair for pair in pairs if pair[0] != b"X-Amz-Security-Token"]
    if profile.allow_appended_token and unverified.presigned and len(before) < len(pairs):
        query = canonical_query(before)
        if proves(unverified, key, canonical_request(raw.method, path, query, headers, names, payload)):
            return
    refuse("the signature is not the one of this request under this key")


# ── 1. Unambiguous ───────────────────────────────────────────────────────────────────────────────────


def _read_target(raw: RawRequest, unverified: UnverifiedSignature, profile: Profile) -> tuple[Pairs, bytes, bytes]:
    """The query's pairs, and path and query as they are signed."""
    path, _, query = raw.target.partition(b"?")
    if path[:1] != b"/":
        refuse("the target is no path")
    pairs = _query(query, profile, presigned=unverified.presigned) if query else ()
    return pairs, canonical_path(path, profile), canonical_query(pairs)


def _query(query: bytes, profile: Profile, *, presigned: bool) -> Pairs:
    """The signed query: all of it, but for the signature itself in a presigned one."""
    if b"+" in query:
        # Signed as %2B by some and as %20 by others, and read as a space by form parsers: no telling what was meant.
        refuse("raw + in the query")
    pairs = query_pairs(query, leave_out=(b"X-Amz-Signature",) if presigned else ())
    if not profile.allow_unordered_values and _order_matters(pairs):
        refuse("a query name repeats with its values out of order")
    return pairs


def _order_matters(pairs: Pairs) -> bool:
    """Whether a name repeats with values in another order than they are signed.

    Canonical queries are sorted, so ``a=1&a=2`` and ``a=2&a=1`` have the same signature, but the first value counts.
    """
    if len(dict(pairs)) == len(pairs):
        return False
    return sorted(pairs, key=lambda pair: pair[0]) != sorted(pairs)


# ── 2. Covered ───────────────────────────────────────────────────────────────────────────────────────


def _require_signed(raw: RawRequest, headers: Mapping[bytes, bytes], names: SignedHeaders, profile: Profile) -> None:
    present = tuple(headers)
    if present not in names.covered and _cover(raw, headers, names, profile):
        names.remember(present)


def _cover(raw: RawRequest, headers: Mapping[bytes, bytes], names: SignedHeaders, profile: Profile) -> bool:
    """Refuse what is not covered. Whether the names alone, without a value or a profile, tell that all is well."""
    if not names.well_formed or not b"".join(headers).islower():
        refuse("header names are not lower-case, or signed ones not sorted and unique")
    if b"host" not in names.every:
        refuse("host is not signed")
    unsigned = headers.keys() - names.every
    # INVARIANT: 1. what is not signed has no effect: an x-amz-* header that is present must be signed.
    # tests/sigv4/test_mutations.py::test_no_unsigned_amz_header_is_accepted
    if b"x-amz-" in b"\n".join(unsigned):  # one search tells nearly always that there is none
        for name in headers:
            if name.startswith(b"x-amz-") and name in unsigned:
                refuse(f"header is present but not signed: {name!r}")
    if b"content-type" not in unsigned:
        return True
    if raw.body:
        _require_harmless(headers[b"content-type"], profile)
    return False


def _require_harmless(content_type: bytes, profile: Profile) -> None:
    """An unsigned content type may say only what goes without saying."""
    media_type = content_type.partition(b";")[0].strip().lower()
    if profile.unsigned_content_types is not None and media_type not in profile.unsigned_content_types:
        refuse("content-type is not signed")


# ── 4. Proved ────────────────────────────────────────────────────────────────────────────────────────


def _proves_hmac(unverified: UnverifiedSignature, key: bytes | VerifyingKey, request: bytes) -> bool:
    if not isinstance(key, SigningKey):
        if isinstance(key, VerifyingKey):
            return False
        key = SigningKey(key)
    signature = unverified.signature
    text = string_to_sign(unverified.algorithm, unverified.timestamp_text, unverified.scope, request)
    # INVARIANT: 1. constant time, or the right signature can be guessed byte by byte.
    # tests/sigv4/test_source_rules.py::test_signatures_are_never_compared_with_operators
    return signature.isascii() and compare_digest(key.mac(text), signature)


# Two numbers below 2^256 in DER, as signers write them; the reader of DER decides the rest.
_ECDSA_SIGNATURE = re.compile(r"(?:[0-9a-f]{2}){8,72}").fullmatch


def _proves_ecdsa(unverified: UnverifiedSignature, key: bytes | VerifyingKey, request: bytes) -> bool:
    signature = unverified.signature
    if not isinstance(key, VerifyingKey) or _ECDSA_SIGNATURE(signature) is None:
        return False
    text = string_to_sign(unverified.algorithm, unverified.timestamp_text, unverified.scope, request)
    return key.proves(bytes.fromhex(signature), text)


# One row for each algorithm that ``read_authorization`` lets through.
# tests/sigv4/test_asymmetric.py::test_every_algorithm_that_is_read_can_be_proved
PROOFS: Mapping[str, Proof] = {ALGORITHM: _proves_hmac, ASYMMETRIC: _proves_ecdsa}
