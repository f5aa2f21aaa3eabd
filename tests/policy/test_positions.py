"""Positions: every part of a policy document is found where it stands in the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed
from daypass.policy.parse.positions import Node, Span, read_positions, statements
from daypass.policy.parse.text import read_json

ONE_LINE = (
    '{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:*",'
    ' "Resource": "arn:aws:s3:::b"}}'
)


def test_a_statement_is_marked_as_the_policy_simulator_marks_it() -> None:
    """Recorded from AWS for a one-line document: lines and columns from 1, each just past the brace."""
    (statement,) = statements(read_positions(ONE_LINE))
    assert (ONE_LINE[39], ONE_LINE[statement.span.end.offset - 1]) == ("{", "}")
    assert statement.marks() == ((1, 41), (1, statement.span.end.offset + 1))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_and_columns_are_those_an_editor_shows(newline: str) -> None:
    """Lines from 1, columns from 0, whatever ends a line."""
    text = newline.join(['{"Statement": [', '  {"Effect": "Allow",', '   "Action": ["a:b",', '     "c:d"]}', "]}"])
    document = read_positions(text)
    start, end = span_of(document, "Statement", 0, "Action", 1)
    assert (start.line, start.column, end.line, end.column) == (4, 5, 4, 10)
    key = statements(document)[0].keys["Action"]
    assert (key.start.line, key.start.column) == (3, 3)


def test_a_lone_value_is_found_as_the_list_of_one_that_it_is() -> None:
    """`Statement` and `Action` without a list are their own first item, and have no second."""
    document = read_positions('{"Statement": {"Action": "s3:*"}}')
    action = document.at("Statement", 0, "Action", 0)
    assert action is not None
    assert action.value == "s3:*"
    assert document.at("Statement", 1) is None
    assert document.at("Statement", 0, "Resource") is None
    assert read_positions('{"Statement": []}').at("Statement", 0) is None


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', "[" * 100_000, '{"a": 1}}'])
def test_what_is_no_policy_has_no_positions(text: str) -> None:
    """The same texts are refused as when a policy is read."""
    with pytest.raises(Malformed):
        read_positions(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(['"', "\\", "{", "}:,", "\\u0041"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_what_a_span_cuts_out_is_the_value(value: Any, indent: Any, ascii_only: bool) -> None:
    """Every span, cut out of the text and read as JSON, is the value of its node; keys likewise."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    try:
        wanted = read_json(text)
    except Malformed:
        return
    check(read_positions(text), wanted, text)


def check(node: Node, value: Any, text: str) -> None:
    assert read_json(cut(text, node.span)) == value
    if isinstance(value, dict):
        assert list(node.members) == list(value)
        for name, member in value.items():
            assert json.loads(cut(text, node.keys[name])) == name
            check(node.members[name], member, text)
    elif isinstance(value, list):
        assert node.items is not None
        assert len(node.items) == len(value)
        for item, one in zip(node.items, value, strict=True):
            check(item, one, text)
    else:
        assert node.value == value


def cut(text: str, span: Span) -> str:
    return text[span.start.offset : span.end.offset]


def span_of(document: Node, *path: str | int) -> Span:
    node = document.at(*path)
    assert node is not None
    return node.span
