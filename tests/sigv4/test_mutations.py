"""Whatever is done to a signed request, it is refused, unless it still says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from daypass.errors import IncompleteSignature, ServiceError, SignatureDoesNotMatch
from daypass.exchange import RawRequest
from tests.sigv4.mutants import (
    Mutants,
    both_kinds,
    changed_bytes,
    changed_claims,
    corpus,
    meaning,
    moved_headers,
    random_mutant,
)
from tests.sigv4.samples import accept

pytestmark = pytest.mark.usefixtures("botocore_time")

PUBLIC = {
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MalformedQueryString",
    "InvalidClientTokenId",
}


def every_mutant(enough: Callable[[], bool]) -> Mutants:
    """All systematic mutants of the corpus, then random ones until there are enough. The same ones in every run."""
    random, requests = Random(20150830), corpus()
    for raw in requests:
        others = [other for other in requests if other is not raw]
        for mutants in (changed_bytes(raw, random), moved_headers(raw), changed_claims(raw), both_kinds(raw, others)):
            yield from ((kind, mutant) for kind, mutant in mutants if mutant not in requests)
    while not enough():
        yield "random", random_mutant(random.choice(requests), random)


def code_of(raw: RawRequest) -> str:
    """The code a request is refused with, or ``accepted``. Anything but a public refusal is a defect and raises."""
    try:
        accept(raw)
    except ServiceError as refusal:
        return refusal.code
    return "accepted"


def test_no_mutant_that_means_something_else_is_accepted(cases: Callable[[int], int]) -> None:
    """At least 60,000 mutants are refused; the accepted ones mean, by an independent judge, what was signed."""
    wanted = cases(60_000)
    originals = [meaning(raw) for raw in corpus()]
    refused: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for kind, mutant in every_mutant(lambda: refused.total() >= wanted):
        code = code_of(mutant)
        codes[code] += 1
        if code == "accepted":
            assert meaning(mutant) in originals, f"{kind}: {mutant}"
            same[kind] += 1
        else:
            refused[kind] += 1
    assert refused.total() >= wanted
    assert codes.keys() == PUBLIC | {"accepted"}
    assert min(refused[kind] for kind in KINDS) > 0
    assert not same.keys() & {"signature", "body", "method", "header in capitals"}
    assert same.total() < refused.total() / 10


KINDS = ["target", "body", "method", "signature", "scope", "signed headers", "spliced", "random"]
KINDS += ["header value", "header name", "header dropped", "header doubled", "header in capitals"]


def test_the_originals_are_accepted() -> None:
    """Were they refused, refusing their mutants would mean nothing."""
    assert [code_of(raw) for raw in corpus()] == ["accepted"] * 6


def test_the_judge_tells_requests_apart() -> None:
    """It sees space and spelling as one, and everything else as another."""
    one, *others = corpus()
    headers = dict(one.headers)
    spaced = one.replaced(headers=tuple((headers | {b"host": b" " + headers[b"host"] + b"\t"}).items()))
    assert meaning(spaced) == meaning(one)
    assert meaning(others[1].replaced(target=others[1].target.replace(b"~", b"%7e"))) == meaning(others[1])
    assert meaning(one.replaced(body=one.body + b"&")) != meaning(one)
    assert all(meaning(one) != meaning(other) for other in others)


# ── Headers that nobody signed ───────────────────────────────────────────────────────────────────────

NAMES = (Path(__file__).parent / "cases" / "amz_headers.txt").read_text().split()
UNSIGNED_NAMES = NAMES + [f"x-amz-{a}{b}" for a in "abcdefghijklmno" for b in "-_.~0z9x|!"]


@pytest.mark.parametrize("number", range(6))
def test_no_unsigned_amz_header_is_accepted(number: int) -> None:
    """Two hundred x-amz-* headers, in any case of letters and with any value, added to each kind of request."""
    raw = corpus()[number]
    assert len(set(UNSIGNED_NAMES)) >= 200
    for name in UNSIGNED_NAMES:
        for spelled in (name, name.upper(), name.title()):
            for value in (b"", b"x", b"arn:aws:iam::123456789012:root"):
                for headers in ((*raw.headers, (spelled.encode(), value)), ((spelled.encode(), value), *raw.headers)):
                    with pytest.raises((SignatureDoesNotMatch, IncompleteSignature)):
                        accept(raw.replaced(headers=headers))


@pytest.mark.parametrize("number", range(6))
def test_no_signed_header_can_be_changed_or_joined(number: int) -> None:
    """Neither another value nor a second one passes, for any header that is signed."""
    raw = corpus()[number]
    for name in accept(raw).signed_headers:
        others = tuple(header for header in raw.headers if header[0] != name)
        value = dict(raw.headers)[name]
        for values in ([], [b""], [b"x"], [value + b"x"], [value, b"x"], [b"x", value], [value, b""], [value, value]):
            with pytest.raises((SignatureDoesNotMatch, IncompleteSignature)):
                accept(raw.replaced(headers=(*others, *[(name, given) for given in values])))
