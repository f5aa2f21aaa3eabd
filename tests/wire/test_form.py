"""Form data: the same reading as the standard library where that is strict, first value wins, broken input refused."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import MalformedQueryString
from daypass.wire.form import PARAMETER_LIMIT, TooManyParameters, _at_once, _one_by_one, parse_form, well_formed_escapes

text = st.text(st.characters(exclude_categories=("Cs",)))


def parsed(data: bytes) -> dict[str, str]:
    form: dict[str, str] = {}
    parse_form(data, form)
    return form


@given(st.lists(st.tuples(text, text), max_size=6))
def test_what_is_encoded_comes_back_and_the_first_value_wins(pairs: list[tuple[str, str]]) -> None:
    """Any names and values survive encoding; a repeated name keeps its first value."""
    expected: dict[str, str] = {}
    for name, value in pairs:
        expected.setdefault(name, value)

    assert parsed(urlencode(pairs).encode()) == (expected if pairs else {"": ""})


@given(st.binary(max_size=60).map(lambda data: data.replace(b"%", b"%25")))
def test_raw_octets_read_as_the_standard_library_reads_them(data: bytes) -> None:
    """Octets that are UTF-8 give what the standard library gives; others are refused."""
    try:
        data.decode()
    except UnicodeDecodeError:
        with pytest.raises(MalformedQueryString):
            parsed(data)
        return
    expected: dict[str, str] = {}
    for name, value in parse_qsl(data.decode(), keep_blank_values=True, separator="&"):
        expected.setdefault(name, value)

    assert {name: value for name, value in parsed(data).items() if name or value} == {
        name: value for name, value in expected.items() if name or value
    }


@given(st.binary(max_size=30), st.sampled_from([b"%", b"%4", b"%g0", b"%0g", b"%%41", b"%-1"]), st.binary(max_size=3))
def test_nothing_but_a_dictionary_or_a_refusal_comes_out(before: bytes, broken: bytes, after: bytes) -> None:
    """Whatever the octets, the parser gives text or refuses."""
    try:
        form = parsed(before + broken + after)
    except MalformedQueryString:
        return

    assert all(isinstance(item, str) for pair in form.items() for item in pair)


pieces = st.sampled_from([b"a", b"b", b"=", b"&", b"%26", b"%3D", b"%3d", b"%41", b"%25", b"%", b"+", b"%0D%0A"])
octets = st.sampled_from([b"\xc3", b"\xa4", b"%C3", b"%A4", b"\r\n", b"\n", b" ", b"_", b"%5F", b"%20", b"%00", b"3D"])


@given(st.lists(pieces | octets, max_size=14).map(b"".join))
def test_the_quick_reading_is_the_slow_one_or_none(data: bytes) -> None:
    """Reading all parameters at once gives what reading them one by one gives, or leaves it to that."""
    found = _at_once(data)
    slow: dict[str, str] = {}
    if found is not None and len(found) > data.count(b"&"):
        _one_by_one(data, slow)
        assert list(found.items()) == list(slow.items())


@pytest.mark.parametrize("data", [b"Action=A&Version=1", b"Action=A&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr+s"])
def test_the_quick_reading_takes_what_clients_send(data: bytes) -> None:
    """A usual form, escapes included, is read at once."""
    assert _at_once(data) == parsed(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a=%", "Incomplete trailing escape % sequence"),
        (b"a=%4", "Incomplete trailing escape % sequence"),
        (b"a=b%yy", "Illegal hex character in escape % pattern: %yy"),
        (b"a%=b", "Illegal hex character in escape % pattern: %=b"),
        (b"a=%\xff\xff", "Illegal hex character in escape % pattern: %\ufffd\ufffd"),
        (b"a=%ff", "Request parameters are not valid UTF-8"),
        (b"a=\xff", "Request parameters are not valid UTF-8"),
        (b"a=%ED%A0%80", "Request parameters are not valid UTF-8"),
        (b"a=%C0%AF", "Request parameters are not valid UTF-8"),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_a_reason(data: bytes, message: str) -> None:
    """Broken escapes, other encodings, surrogates and overlong forms are refused."""
    with pytest.raises(MalformedQueryString) as refused:
        parsed(data)

    assert refused.value.message == message


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"", {"": ""}),
        (b"a", {"a": ""}),
        (b"a=b=c&d==", {"a": "b=c", "d": "="}),
        (b"a=1&a=2", {"a": "1"}),
        (b"a=+%2B%20", {"a": " + "}),
        (b"a+b=%3D%0A%0d", {"a b": "=\n\r"}),
        (b"a=%c3%A4\xc3\xa4", {"a": "ää"}),
        (b"a=%00;b", {"a": "\x00;b"}),
    ],
)
def test_form_data_reads_as_the_html_standard_says(data: bytes, form: dict[str, str]) -> None:
    """Plus is a space, only the first equals sign separates, only ampersands separate pairs."""
    assert parsed(data) == form


def test_earlier_parameters_keep_their_value() -> None:
    """A form that already has a name, from the query, is not overwritten by the body."""
    form = {"Action": "GetUser"}
    parse_form(b"Action=DeleteUser&UserName=u", form)

    assert form == {"Action": "GetUser", "UserName": "u"}


def test_too_many_parameters_are_refused_before_they_are_split() -> None:
    """One parameter under the limit parses; one more raises and leaves the form as it was."""
    form: dict[str, str] = {}
    parse_form(b"&".join(b"%d=" % number for number in range(PARAMETER_LIMIT)), form)
    assert len(form) == PARAMETER_LIMIT

    with pytest.raises(TooManyParameters):
        parse_form(b"&" * PARAMETER_LIMIT, untouched := {})
    assert untouched == {}


@pytest.mark.parametrize(("path", "sound"), [(b"/", True), (b"/%41", True), (b"/%", False), (b"/%4g", False)])
def test_well_formed_escapes_are_two_hex_digits(path: bytes, sound: bool) -> None:
    """A percent sign without two hex digits is not well formed."""
    assert well_formed_escapes(path) is sound
