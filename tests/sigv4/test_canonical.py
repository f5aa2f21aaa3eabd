"""Each part of the canonical request, against other people's functions."""

from __future__ import annotations

from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

import pytest
from botocore.utils import normalize_url_path
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import MalformedQueryString
from daypass.sigv4 import S3_PROFILE, Profile, canonical
from daypass.sigv4.canonical import (
    SignedHeaders,
    canonical_path,
    canonical_query,
    canonical_request,
    index_headers,
    query_pairs,
    tidy,
)
from daypass.sigv4.percent import escape, unescape
from daypass.sigv4.refusals import shown

SEGMENTS = st.lists(st.sampled_from(["", ".", "..", "a", "B~", "%20", "%2F", "é", "*", "...", "a.b"]), max_size=7)


@given(st.binary(max_size=60))
def test_escaping_is_the_standard_librarys(text: bytes) -> None:
    """RFC 3986's unreserved characters stay, all others become upper-case escapes."""
    assert escape(text) == quote_from_bytes(text, safe="-_.~").encode()
    assert unescape(escape(text)) == text


@given(st.binary(max_size=20), st.lists(st.integers(0, 255), max_size=5))
def test_unescaping_is_the_standard_librarys(text: bytes, numbers: list[int]) -> None:
    """Upper- and lower-case digits are the same byte, and a plus stays a plus."""
    raw = text.replace(b"%", b"+") + b"".join(b"%%%02x%%%02X" % (n, n) for n in numbers)
    assert unescape(raw) == unquote_to_bytes(raw)


@given(st.text("%0aFg", min_size=1, max_size=12))
def test_a_broken_escape_is_never_let_through(text: str) -> None:
    """Where every escape has two digits it is decoded, and else refused."""
    sound = all(len(rest) >= 2 and all(c in "0aF" for c in rest[:2]) for rest in text.split("%")[1:])
    if sound:
        assert unescape(text.encode()) == unquote_to_bytes(text)
    else:
        with pytest.raises(MalformedQueryString):
            unescape(text.encode())


@given(SEGMENTS)
def test_a_path_is_normalised_as_botocore_does(segments: list[str]) -> None:
    """Dot segments and repeated slashes go, and what is left is escaped once more."""
    path = "/" + "/".join(segments)
    assert canonical_path(path.encode()) == quote(normalize_url_path(path), safe="/~").encode()


@given(SEGMENTS)
def test_an_s3_path_keeps_its_segments(segments: list[str]) -> None:
    """As sent and escaped once, with an escaped slash still no separator."""
    path = "/" + "/".join(segments)
    made = canonical_path(path.encode(), S3_PROFILE)
    assert [unquote_to_bytes(part) for part in made.split(b"/")] == [unquote_to_bytes(p) for p in path.split("/")]
    assert made.count(b"/") == path.count("/")
    assert canonical_path(made, S3_PROFILE) == made


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        (b"", b"/"),
        (b"/", b"/"),
        (b"/./", b"/"),
        (b"//example//", b"/example/"),
        (b"/example1/example2/../..", b"/"),
        (b"/../../x", b"/x"),
        (b"/a%20b", b"/a%2520b"),
        (b"/a b", b"/a%20b"),
        (b"/%2e%2e/a", b"/%252e%252e/a"),
    ],
)
def test_a_path_has_the_form_aws_signs(path: bytes, canonical: bytes) -> None:
    """The examples of AWS's documentation, and an escaped dot that is no dot segment."""
    assert canonical_path(path) == canonical


def test_a_path_may_be_left_as_it_is() -> None:
    """Services that do not normalise sign empty and dot segments."""
    assert canonical_path(b"//a/../b", Profile(normalize_path=False)) == b"//a/../b"


@given(st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=4)), max_size=6), st.randoms())
def test_a_query_is_signed_in_one_spelling(pairs: list[tuple[bytes, bytes]], random: object) -> None:
    """However it is escaped and ordered on the wire, it is decoded, escaped and sorted as pairs."""
    loose = b"&".join(
        b"=".join(b"".join(b"%%%02x" % n if n % 2 or n in b"%&=+" else bytes([n]) for n in part) for part in pair)
        for pair in pairs
    )
    expected = sorted((quote_from_bytes(n, "-_.~"), quote_from_bytes(v, "-_.~")) for n, v in pairs)
    assert canonical_query(query_pairs(loose)) == "&".join(f"{n}={v}" for n, v in expected).encode()


_PIECES = [*(b"%%%02X" % n for n in range(256)), b"%2f", b"%4", b"a", b"Z", b"-", b"~", b"/", b"+", b"\xff", b"=", b"&"]


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map(b"".join))
def test_the_short_way_of_reading_a_query_finds_what_the_long_way_finds(query: bytes) -> None:
    """What is passed on as it came is what decoding and escaping would have made of it."""
    if canonical._IN_SIGNED_SPELLING(query):
        parts = [item.partition(b"=") for item in query.split(b"&")]
        long = [(canonical.component(name), canonical.component(value)) for name, _, value in parts]
        assert query_pairs(query) == (long if query else [])


def test_the_short_way_takes_each_letter_and_escape_that_is_signed_so() -> None:
    """Of two spellings of one octet it takes the signed one."""
    for octet in range(256):
        spellings = {bytes([octet]), b"%%%02X" % octet, b"%%%02x" % octet} - {b"&", b"="}
        taken = {each for each in spellings if canonical._IN_SIGNED_SPELLING(each)}
        assert taken == {escape(bytes([octet]))}


def test_pairs_are_sorted_not_texts() -> None:
    """Param precedes Param-3, although "Param=" does not precede "Param-"."""
    assert canonical_query(query_pairs(b"Param-3=1&Param=2")) == b"Param=2&Param-3=1"


def test_empty_items_are_kept() -> None:
    """What stands in the query is signed, even when it is nothing."""
    assert canonical_query(query_pairs(b"a=1&&b")) == b"=&a=1&b="


@given(
    st.text(" \t", max_size=3), st.lists(st.text("ab", min_size=1), max_size=4), st.text(" \t", min_size=1, max_size=3)
)
def test_header_values_are_trimmed_and_folded(edge: str, words: list[str], gap: str) -> None:
    """Only one space is left of any inner run of white space."""
    assert tidy((edge + gap.join(words) + edge).encode()) == " ".join(words).encode()


NAMES = st.text("ab%\0:", max_size=3).map(str.encode)
VALUES = st.text("ab% \t\r\n\v\f\0\xa0", max_size=6).map(lambda text: text.encode("latin-1"))


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5))
def test_the_canonical_request_has_one_tidy_line_for_each_signed_header(headers: dict[bytes, bytes]) -> None:
    """Whatever stands in names and values, and however many there are."""
    names = SignedHeaders(b";".join(sorted(headers)))
    lines = [b"PUT", b"/%20", b"a=%41", *[name + b":" + tidy(headers[name]) for name in names]]
    made = canonical_request("PUT", b"/%20", b"a=%41", headers, names, b"hash")
    assert made == b"\n".join([*lines, b"", names.text, b"hash"])


def test_repeated_headers_are_joined_in_wire_order() -> None:
    """Each value is trimmed on its own before they are joined."""
    headers = ((b"b", b" 2 "), (b"a", b"x"), (b"b", b"1  1"), (b"b", b""))
    assert index_headers(headers) == {b"b": b"2,1 1,", b"a": b"x"}


@pytest.mark.parametrize(
    ("claimed", "text"), [(b"a\nb\x00", "a?b?"), ("é", "é"), (b"\xe9", "é"), ("x" * 2000, "x" * 1024 + "…")]
)
def test_what_a_client_sent_is_repeated_safely(claimed: bytes | str, text: str) -> None:
    """No control characters and no endless texts in an error message."""
    assert shown(claimed) == text
