"""The JSON text: sizes, depth, members named twice, and what no text may hold."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed
from daypass.policy import policy_size
from daypass.policy.parse.text import DEEPEST, LARGEST, Number, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=6), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 20_000, "[" * 50_000 + "]" * 50_000, "[]" * 60_000])
def test_nesting_of_a_hundred_thousand_levels_is_refused_at_once(text: str) -> None:
    """Depth is bounded before the parser runs, in milliseconds, and nothing but Malformed comes out."""
    start = time.perf_counter()
    with pytest.raises(Malformed):
        read_json(text)
    assert time.perf_counter() - start < 0.1


def test_depth_is_counted_outside_strings_only() -> None:
    """Brackets inside strings are text, also behind escaped quotation marks and backslashes."""
    text = json.dumps({"a": '\\"' + "[" * 100 + "\\", "b": "{" * 100})
    assert read_json(text) == json.loads(text)
    with pytest.raises(Malformed, match="nested deeper"):
        read_json("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))
    assert read_json("[" * DEEPEST + "]" * DEEPEST)
    assert read_json("[" + "[[]]," * 50 + "[]]")
    assert read_json("{" + ",".join(f'"{n}":{{"a":"b"}}' for n in range(50)) + "}")
    with pytest.raises(Malformed, match="nested deeper"):
        read_json("[[]," * DEEPEST + "[]" + "]" * DEEPEST)


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":1}', '{"x":{"a":1,"a":2}}', '{"x":[{"b":1},{"a":1,"b":2,"a":3}]}', '{"a":1,"\\u0061":2}'],
)
def test_a_member_named_twice_is_refused_at_every_level(text: str) -> None:
    """No parser may pick one of two; escapes do not hide a name."""
    with pytest.raises(Malformed, match="occurs twice"):
        read_json(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "tru", "'a'", '{"a":1,}', "[1 2]", "NaN", "Infinity", "-Infinity", "\ufeff{}", '"\\ud800"',
     '"\\udc00\\ud800"', '"\\u0000"', '{"\\u0000":1}', '"\ud800"', '"\x01"', '"a\nb"', "01", "1.", "{} {}"],
)  # fmt: skip
def test_what_is_not_json_is_refused(text: str) -> None:
    """Constants beyond JSON, byte order marks, halves of characters, NUL, control characters, trailing text."""
    with pytest.raises(Malformed):
        read_json(text)


def test_a_document_over_the_limit_is_refused_unread() -> None:
    """131,072 characters are read, one more is not."""
    assert read_json('"' + "a" * (LARGEST - 2) + '"')
    with pytest.raises(Malformed, match="longer than"):
        read_json('"' + "a" * (LARGEST - 1) + '"')


@given(VALUES)
def test_json_is_read_as_python_reads_it(value: object) -> None:
    """What is neither too deep nor too long comes out as from the standard library."""
    text = json.dumps(value)
    if "\\u0000" in text:
        return
    try:
        text.encode()
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert read_json(text) == value


@pytest.mark.parametrize("text", ["1", "-1.50", "1e400", "9" * 5_000])
def test_numbers_keep_their_text(text: str) -> None:
    """No number is turned into a float, or into an integer of any size."""
    number = read_json(text)
    assert isinstance(number, Number)
    assert number == text


@given(VALUES, st.sampled_from([None, 0, 1, 4]))
def test_the_size_is_that_without_white_space_outside_strings(value: object, indent: int | None) -> None:
    """However a document is laid out, its size is that of its most compact form."""
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert policy_size(json.dumps(value, indent=indent, ensure_ascii=False)) == len(compact)


def test_white_space_inside_strings_counts() -> None:
    """Blanks in a string belong to it, also when the string holds quotation marks and backslashes."""
    assert policy_size('{ "a b" : "\\" c\\\\" }') == len('{"a b":"\\" c\\\\"}')
    assert policy_size("\t\r\n {}") == 2


@given(st.text('{}[]"\\:, \nabu0', max_size=40))
def test_the_reader_raises_nothing_but_malformed(text: str) -> None:
    """Arbitrary text is read or refused."""
    assert 0 <= policy_size(text) <= len(text)
    with contextlib.suppress(Malformed):
        read_json(text)
