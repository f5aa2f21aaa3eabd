"""Whatever is done to a request signed with SigV4a, it is refused, unless it still says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from daypass.errors import IncompleteSignature, SignatureDoesNotMatch
from daypass.exchange import RawRequest
from tests.sigv4.crt import signed_by_crt
from tests.sigv4.mutants import (
    URL,
    WHO_AM_I,
    Mutants,
    both_kinds,
    changed_bytes,
    claims_of,
    meaning,
    moved_headers,
    other_names,
    random_mutant,
)
from tests.sigv4.samples import ASSUME_ROLE, FORM, TOKEN, accept
from tests.sigv4.test_mutations import NAMES, PUBLIC, code_of


def corpus() -> list[RawRequest]:
    """Each form that clients send."""
    return [
        signed_by_crt("POST", URL, FORM, ASSUME_ROLE, region_set="us-*"),
        signed_by_crt("POST", URL, FORM | {"amz-sdk-request": "attempt=1"}, ASSUME_ROLE, token=TOKEN),
        signed_by_crt("GET", f"{WHO_AM_I}&Name=a%20b", {"x-k8s-aws-id": "blue"}, token=TOKEN, presigned=True),
    ]


CORPUS = corpus()
ORIGINALS = [meaning(raw) for raw in CORPUS]

SCOPES = {
    b"20150830": (b"20150829", b"20150831", b"", b"20150830/us-east-1"),
    b"sts": (b"iam", b"s3", b"*", b"", b"STS"),
    b"aws4_request": (b"aws5_request", b"", b"aws4_request/", b"AWS4_REQUEST"),
    b"ECDSA-P256": (b"HMAC", b"ECDSA-P384", b"ecdsa-p256"),
}


def changed_claims(raw: RawRequest) -> Iterator[RawRequest]:
    """Other signatures, scopes, algorithms and lists of signed headers."""
    text, put = claims_of(raw)
    start = text.rindex(b"Signature=") + len(b"Signature=")
    for at in range(start, len(text)):
        for digit in b"0123456789abcdef":
            if digit != text[at]:
                yield put(text[:at] + bytes([digit]) + text[at + 1 :])
    in_query = text is raw.target
    for old, others in SCOPES.items():
        for new in others:
            yield put(text.replace(old, new.replace(b"/", b"%2F") if in_query else new))
    signed = text.partition(b"SignedHeaders=")[2].partition(b"&" if in_query else b",")[0]
    separator = b"%3B" if in_query else b";"
    for names in other_names(signed.split(separator)):
        yield put(text.replace(signed, separator.join(names)))


def every_mutant(cases: int) -> Mutants:
    random = Random(20150830)
    for raw in CORPUS:
        others = [other for other in CORPUS if other is not raw]
        yield from (("claims", mutant) for mutant in changed_claims(raw))
        for mutants in (moved_headers(raw), both_kinds(raw, others)):
            yield from mutants
        yield from (pair for pair in changed_bytes(raw, random) if random.random() < cases / 24_000)
    for _ in range(cases // 4):
        yield "random", random_mutant(random.choice(CORPUS), random)


def test_no_mutant_that_means_something_else_is_accepted(cases: Callable[[int], int]) -> None:
    """Thousands of mutants are refused; the accepted ones mean, by an independent judge, what was signed."""
    refused: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for kind, mutant in every_mutant(cases(8_000)):
        if mutant in CORPUS:
            continue
        code = code_of(mutant)
        codes[code] += 1
        if code == "accepted":
            assert meaning(mutant) in ORIGINALS, f"{kind}: {mutant}"
        else:
            refused[kind] += 1
    assert refused.total() > cases(8_000)
    assert codes.keys() == PUBLIC | {"accepted"}
    assert {"claims", "target", "body", "method", "header value", "header dropped", "spliced"} <= refused.keys()


def test_the_originals_are_accepted() -> None:
    """Were they refused, refusing their mutants would mean nothing."""
    assert [code_of(raw) for raw in CORPUS] == ["accepted"] * 3


@pytest.mark.parametrize("number", range(3))
def test_no_unsigned_amz_header_is_accepted(number: int) -> None:
    """Each x-amz-* header there is, added to each kind of request."""
    raw = CORPUS[number]
    for name in [*NAMES, "x-amz-region-set", "X-Amz-Region-Set"]:
        for value in (b"", b"us-east-1"):
            with pytest.raises((SignatureDoesNotMatch, IncompleteSignature)):
                accept(raw.replaced(headers=(*raw.headers, (name.encode(), value))))


@pytest.mark.parametrize("number", range(3))
def test_no_signed_header_can_be_changed_or_joined(number: int) -> None:
    """Neither another value nor a second one passes, for any header that is signed."""
    raw = CORPUS[number]
    for name in accept(raw).signed_headers:
        others = tuple(header for header in raw.headers if header[0] != name)
        value = dict(raw.headers)[name]
        for values in ([], [b""], [b"x"], [b"*"], [value + b"x"], [value, b"x"], [b"x", value], [value, value]):
            with pytest.raises((SignatureDoesNotMatch, IncompleteSignature)):
                accept(raw.replaced(headers=(*others, *[(name, given) for given in values])))
