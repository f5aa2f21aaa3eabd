"""The bytes of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.exchange import Response
from daypass.server.reply import refusal_bytes, response_bytes
from tests.server.conftest import answers_in


def test_an_answer_is_written_as_it_is() -> None:
    """Status line, headers in order, Date, Content-Length, body."""
    sent = response_bytes(Response(404, ((b"content-type", b"text/xml"), (b"x-amzn-requestid", b"a")), b"<a/>"))
    head, _, body = sent.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[:3] == [b"HTTP/1.1 404 Not Found", b"content-type: text/xml", b"x-amzn-requestid: a"]
    assert lines[3].startswith(b"date: ")
    assert lines[4:] == [b"content-length: 4"]
    assert body == b"<a/>"


@pytest.mark.parametrize("bad", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\0b"])
def test_a_header_with_a_line_break_is_never_sent(bad: bytes) -> None:
    """Neither in a value nor in a name."""
    with pytest.raises(ValueError, match="line break"):
        response_bytes(Response(200, ((b"location", bad),)))
    with pytest.raises(ValueError, match="line break"):
        response_bytes(Response(200, ((bad, b"a"),)))


@given(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=4), st.binary(max_size=40))
def test_no_header_can_add_an_answer(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Whatever the headers hold, there is one answer with this body, or none."""
    try:
        sent = response_bytes(Response(200, tuple(headers), body))
    except ValueError:
        return
    assert sent.count(b"\r\n\r\n", 0, len(sent) - len(body)) == 1
    assert sent.endswith(b"\r\n\r\n" + body)
    assert sent.split(b"\r\n\r\n")[0].count(b"\r\n") == len(headers) + 2


@pytest.mark.parametrize("status", [400, 408, 413, 417, 500, 503])
def test_a_refusal_closes(status: int) -> None:
    """No body, no reason, and no second request."""
    (answer,) = answers_in(refusal_bytes(status))
    assert (answer.status, answer.body, answer.headers["connection"]) == (status, b"", "close")
