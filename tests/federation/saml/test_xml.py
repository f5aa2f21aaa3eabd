"""What is parsed, and what is refused before and after."""

from __future__ import annotations

import resource
import time
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed
from daypass.federation.saml.metadata import read_metadata
from daypass.federation.saml.response import Terms, verify_response
from daypass.federation.saml.xml import DEEPEST, MOST_NODES, bytes_of, parse, text_of, trimmed
from daypass.testing.identity_provider import StubIdentityProvider
from tests.federation.saml.attacks.documents import ENCODINGS, TYPES
from tests.federation.saml.attacks.structure import LARGEST, SIZES

SECONDS, KILOBYTES = 0.010, 20_000


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", TYPES)
def test_no_document_type_is_parsed(kind: str, encoding: str, tmp_path: Path) -> None:
    """In no encoding; and a file that an entity names is not read."""
    (tmp_path / "secret").write_text("secret")
    text = TYPES[kind].replace("/etc/passwd", str(tmp_path / "secret"))
    codec, mark = ENCODINGS[encoding]
    for declared in ("", f'<?xml version="1.0" encoding="{encoding.partition(" ")[0]}"?>'):
        with pytest.raises(Malformed) as refused:
            parse(mark + f"{declared}{text}<r>&e;</r>".encode(codec))
        assert "secret" not in str(refused.value).replace(str(tmp_path), "")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("declared", [b"", b'<?xml version="1.0"?>', b"<?xml version='1.0' encoding='utf-8'?>\n"])
def test_utf_8_is_parsed(mark: bytes, declared: bytes) -> None:
    """With and without a mark and a declaration."""
    assert parse(mark + declared + "<r>\u00e9</r>".encode()).text == "\u00e9"


def test_bounds_hold_to_the_node() -> None:
    """As deep and as many as is taken, and one more."""
    parse(b"<a>" * DEEPEST + b"</a>" * DEEPEST)
    parse(b"<r>" + b"<a b=''/>" * ((MOST_NODES - 1) // 2) + b"</r>")
    for data in (b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1), b"<r>" + b"<a/>" * MOST_NODES + b"</r>"):
        with pytest.raises(Malformed, match="more nodes"):
            parse(data)
    with pytest.raises(Malformed, match="more namespaces"):
        parse(b"<r>" + b"<a xmlns='u'/>" * (MOST_NODES // 4 + 1) + b"</r>")


@pytest.mark.parametrize("name", SIZES)
def test_no_document_takes_long(name: str) -> None:
    """Ten milliseconds and twenty megabytes at most, whatever is in 100,000 characters of base64."""
    idp = StubIdentityProvider.__new__(StubIdentityProvider)
    idp.entity_id, idp.keys = "https://idp.example/metadata", _KEYS
    terms = Terms(read_metadata(idp.metadata))
    good = b64decode(idp.response({"Role": "a,b", "RoleSessionName": "ada"})).decode()
    data = good.replace("</samlp:Response>", f"{SIZES[name][0]()}</samlp:Response>").encode()
    assert len(data) <= LARGEST
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert min(_refused_in(data, terms) for _ in range(5)) < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KILOBYTES


_KEYS = StubIdentityProvider().keys


def _refused_in(data: bytes, terms: Terms) -> float:
    began = time.thread_time()
    with pytest.raises(Malformed):
        verify_response(data, terms)
    return time.thread_time() - began


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_texts_are_read_whole(text: str) -> None:
    """Whatever is written is read, and only XML's own white space can be trimmed off."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    root = parse(f"<r>{escaped}</r>".encode()) if not {"\ufffe", "\uffff"} & set(text) else None
    if root is not None:
        assert text_of(root) == text
        assert text_of(root) == trimmed(f" \t\r\n{text}\n") or text != text.strip(" \t\r\n")


@pytest.mark.parametrize("text", ["AA:AA", "AAA", "AA=A", "\u00e9", "A", "AAAA=", "AB==", "AA\u00a0AA\u200b"])
def test_noise_is_no_base64(text: str) -> None:
    """What some readers pass over is refused."""
    with pytest.raises(Malformed, match="no base64"):
        bytes_of(parse(f"<r>{text}</r>".encode()))
    assert bytes_of(parse(b"<r> QU\n JD </r>")) == b"ABC"
