"""Templates: how variables are read, and that values stay literal."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from daypass.policy import RequestContext
from daypass.policy.match import STAR
from daypass.policy.variables import Variable, glob_template, parse_template
from tests.policy.world import ACCOUNT, ALICE


def context(**keys: str) -> RequestContext:
    return RequestContext("s3:GetObject", "*", ALICE, ACCOUNT, keys)


@given(st.text("ab*?${}, '", max_size=12))
def test_wildcards_in_a_substituted_value_are_literal(value: str) -> None:
    """Whatever a value holds, `${k}` matches that value and, unless empty, no other text."""
    matches = glob_template(parse_template("${k}", wildcards=True))
    assert matches(value, context(k=value)) is bool(value)
    assert not matches(value + "x", context(k=value))
    assert not matches("x" + value, context(k=value))


@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.sampled_from(["${k}*", "*${k}?", "a${k}*b"]))
def test_a_value_amid_wildcards_is_matched_as_if_it_were_escaped(value: str, text: str, pattern: str) -> None:
    """Both algorithms take the value literally: it matches what its characters, each escaped, would match."""
    escaped = pattern.replace("${k}", "".join("${" + one + "}" if one in "*?" else one for one in value))
    expected = bool(value) and glob_template(parse_template(escaped, wildcards=True))(text, context())
    assert glob_template(parse_template(pattern, wildcards=True))(text, context(k=value)) is expected


@given(st.text("k${}*?, '", max_size=30))
def test_any_text_is_a_template(text: str) -> None:
    """Reading never fails, and without a complete variable the text stands for itself."""
    template = parse_template(text, wildcards=False)
    if "}" not in text:
        assert "".join(str(part) for part in template) == text


def test_parts_are_read_in_order() -> None:
    """Literals, wildcards, variables with and without default, and escapes come out as written."""
    assert parse_template("a${AWS:x}*${y, 'd, e'}${*}", wildcards=True) == (
        "a",
        Variable("aws:x"),
        STAR,
        Variable("y", "d, e"),
        "*",
    )


def test_unfinished_variables_are_read_in_linear_time() -> None:
    """A document full of opening braces costs milliseconds."""
    start = time.perf_counter()
    parse_template("${a, '" * 10_000, wildcards=True)
    parse_template("${a, '}" * 10_000, wildcards=True)
    assert time.perf_counter() - start < 0.5
