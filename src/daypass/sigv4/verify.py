"""Whether a request really was signed with the key it names. The last check, and the only one that proves anything.

Steps, each marked below:
    1. what the signature covers is stated unambiguously (signed headers, path, query)
    2. every header that may have an effect is covered
    3. the body is the one that was signed
    4. the signature is the right one, compared in constant time
What the caller still owes: the time, the scope, and that the key may be used (``check_time``, ``check_scope``).
Every refusal has the same public text; the record's detail says which step it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hmac import compare_digest

from daypass.exchange import RawRequest
from daypass.sigv4.canonical import (
    QUERY_PROFILE,
    Profile,
    canonical_path,
    canonical_query,
    canonical_request,
    index_headers,
    payload_hash,
    query_pairs,
    refuse,
    string_to_sign,
)
from daypass.sigv4.scope import ALGORITHM, UnverifiedSignature
from daypass.sigv4.sign import hmac_sha256

KEY_BYTES = 32

Proof = Callable[[bytes, bytes, str], bool]
Pairs = list[tuple[bytes, bytes]]


def verify_signature(
    raw: RawRequest, unverified: UnverifiedSignature, signing_key: bytes, *, profile: Profile = QUERY_PROFILE
) -> None:
    """Return when the request was signed with ``signing_key`` (the one of ``unverified``'s scope), else raise.

    Raises:
        SignatureDoesNotMatch: another key, a changed request, or something in it that is not signed and must be.
        MalformedQueryString: the query has a broken percent escape.
    """
    headers = index_headers(raw.headers)
    names = unverified.signed_headers
    path, _, query = raw.target.partition(b"?")
    pairs = _query(query, profile, presigned=unverified.presigned) if query else []  # 1
    if path[:1] != b"/":
        refuse("the target is no path")
    _require_signed(raw, headers, names, profile)  # 2
    payload = payload_hash(headers, raw.body, profile, presigned=unverified.presigned)  # 3
    request = canonical_request(
        raw.method, canonical_path(path, profile), canonical_query(pairs), headers, names, payload
    )
    if _proves(unverified, signing_key, request):  # 4
        return
    if profile.allow_appended_token and unverified.presigned and unverified.session_token is not None:
        rest = canonical_query([pair for pair in pairs if pair[0] != b"X-Amz-Security-Token"])
        request = canonical_request(raw.method, canonical_path(path, profile), rest, headers, names, payload)
        if _proves(unverified, signing_key, request):
            return
    refuse("the signature is not the one of this request under this key")


# ── 1. Unambiguous ───────────────────────────────────────────────────────────────────────────────────


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
    if len({name for name, _ in pairs}) == len(pairs):
        return False
    return sorted(pairs, key=lambda pair: pair[0]) != sorted(pairs)


def _require_well_formed(names: tuple[bytes, ...]) -> None:
    """Signed header names are lower case, sorted, each once and none empty, as the signer must write them."""
    previous = b""
    for name in names:
        if name <= previous or name != name.lower():
            refuse("signed header names are not lower-case, sorted and unique")
        previous = name


# ── 2. Covered ───────────────────────────────────────────────────────────────────────────────────────


def _require_signed(
    raw: RawRequest, headers: Mapping[bytes, bytes], names: tuple[bytes, ...], profile: Profile
) -> None:
    _require_well_formed(names)
    if b"host" not in names:
        refuse("host is not signed")
    # INVARIANT: 1. what is not signed has no effect: an x-amz-* header that is present must be signed.
    # tests/sigv4/test_mutations.py::test_no_unsigned_amz_header_is_accepted
    for name in headers.keys() - names:
        if name[:1] in b"xX" and name[:6].lower() == b"x-amz-":
            refuse(f"header is present but not signed: {name!r}")
    if raw.body and b"content-type" in headers and b"content-type" not in names:
        _require_harmless(headers[b"content-type"], profile)


def _require_harmless(content_type: bytes, profile: Profile) -> None:
    """An unsigned content type may say only what goes without saying."""
    media_type = content_type.partition(b";")[0].strip().lower()
    if profile.unsigned_content_types is not None and media_type not in profile.unsigned_content_types:
        refuse("content-type is not signed")


# ── 4. Proved ────────────────────────────────────────────────────────────────────────────────────────


def _proves(unverified: UnverifiedSignature, key: bytes, request: bytes) -> bool:
    text = string_to_sign(unverified.algorithm, unverified.timestamp_text, unverified.scope, request)
    return PROOFS[unverified.algorithm](key, text, unverified.signature)


def _proves_hmac(key: bytes, text: bytes, signature: str) -> bool:
    if len(key) != KEY_BYTES:
        raise ValueError("a SigV4 signing key has 32 bytes")
    # INVARIANT: 1. constant time, or the right signature can be guessed byte by byte.
    # tests/sigv4/test_source_rules.py::test_signatures_are_never_compared_with_operators
    return compare_digest(hmac_sha256(key, text).hex().encode(), signature.encode("latin-1"))


# One row for each algorithm that ``read_authorization`` lets through. SigV4a will be a second row.
PROOFS: Mapping[str, Proof] = {ALGORITHM: _proves_hmac}
