"""The byte format inside a token: lossless, small, and the same for ever."""

from __future__ import annotations

import json
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed
from daypass.principals import Session
from daypass.sessions import content
from daypass.sessions.content import KINDS, LARGEST_BULK, decode, encode, filled, pack
from tests.sessions.samples import ROLE, TABLE_POLICY, facts, sessions

GOLDEN = json.loads((Path(__file__).parents[1] / "vectors/sessions/version_1.json").read_text())
CASES = GOLDEN["cases"]


@given(session=sessions())
def test_what_is_encoded_comes_back(session: Session) -> None:
    """Every session comes back equal, whatever its names, tags and policies hold."""
    assert decode(encode(session), session.access_key_id) == session


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_issued_content_is_read_for_ever(case: dict[str, Any]) -> None:
    """Content that an earlier daypass encoded gives the session it described."""
    session = decode(bytes.fromhex(case["content"]), case["session"]["access_key_id"])
    assert facts(session) == {"ancestors": [], **case["session"]}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["packed"] != "deflated"], ids=lambda case: case["name"]
)
def test_version_1_is_written_byte_for_byte(case: dict[str, Any]) -> None:
    """Where no compressor decides, the bytes are exactly those of the first release."""
    session = decode(bytes.fromhex(case["content"]), case["session"]["access_key_id"])
    assert encode(session).hex() == case["content"]


def test_every_fact_of_a_session_is_covered() -> None:
    """A session that differs in any one fact differs after the trip too: a new field cannot be forgotten here."""
    full = decode(bytes.fromhex(CASES[3]["content"]), ROLE.access_key_id)._replace(ancestors=(("AIDA", 1),))
    for field in Session._fields:
        blank = full._replace(**{field: _other(getattr(full, field), field)})
        assert decode(encode(blank), blank.access_key_id) == blank != full, field


def _other(value: object, name: str) -> object:
    if name == "kind":
        return "user"
    if isinstance(value, tuple):
        return value[:-1]
    return value + 1 if isinstance(value, int) else f"{value or ''}x" if name != "mfa_at" else 7


def test_kinds_and_dictionary_never_change() -> None:
    """The numbers of the session kinds and the compressor's dictionary are part of version 1."""
    assert KINDS == ("role", "user", "root", "federated", "assumed-root")
    digest = sha256(content._DICTIONARY).hexdigest()
    assert digest == "7dcb8721c30c6a6126d72c1c4bd002c290c6665a4faa401902d38d2ac99eb42b"


def test_a_fact_of_a_later_release_is_refused() -> None:
    """An unknown fact might restrict the session, so content that has one is not read without it."""
    parts = msgspec.msgpack.decode(encode(ROLE))
    with pytest.raises(Malformed):
        decode(msgspec.msgpack.encode([*parts, "only on Sundays"]), ROLE.access_key_id)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda parts: parts[:-1],
        lambda parts: [9, *parts[1:]],
        lambda parts: [-6, *parts[1:]],
        lambda parts: [str(parts[0]), *parts[1:]],
        lambda parts: [*parts[:13], b"\x02", *parts[14:]],
        lambda parts: [*parts[:13], b"\x00", *parts[14:]],
        lambda parts: [*parts[:13], b"\x01junk", *parts[14:]],
        lambda parts: [*parts[:14], [7], *parts[15:]],
        lambda parts: dict(enumerate(parts)),
    ],
    ids=[
        "a fact missing",
        "unknown kind",
        "negative kind",
        "text for a number",
        "unknown packing",
        "nothing packed",
        "no deflate stream",
        "transitive key that is no tag",
        "a map",
    ],
)
def test_content_of_another_form_is_refused(spoil: Any) -> None:
    """Content that is not version 1 is Malformed, never another exception and never half a session."""
    parts = msgspec.msgpack.decode(encode(ROLE._replace(tags=(("a", "b"),))))
    with pytest.raises(Malformed):
        decode(msgspec.msgpack.encode(spoil(parts)), ROLE.access_key_id)


def test_inflating_is_bounded() -> None:
    """A deflated part that would grow beyond what any session can hold is refused, not inflated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -12, zdict=content._DICTIONARY)
    plain = msgspec.msgpack.encode(("x" * LARGEST_BULK, (), ()))
    bomb = b"\x01" + deflate.compress(plain) + deflate.flush()
    assert len(bomb) < 1_000
    parts = msgspec.msgpack.decode(encode(ROLE))
    parts[13] = bomb
    with pytest.raises(Malformed):
        decode(msgspec.msgpack.encode(parts), ROLE.access_key_id)


def test_the_largest_tags_fit_what_is_inflated() -> None:
    """Fifty tags of the greatest length in four-byte characters, beside the longest policy, come back."""
    tags = tuple((f"{number:02d}" + "𝔄" * 126, "𝔅" * 256) for number in range(50))
    session = ROLE._replace(tags=tags, policy='{"Version":"' + "𝔆" * 2_034 + '"}')
    assert decode(encode(session), session.access_key_id) == session


def test_a_policy_loses_only_its_white_space() -> None:
    """Between tokens white space goes; within texts, and in numbers and escapes, every character stays."""
    sent = '{\n  "Version" : "2012-10-17",\t"Statement": [ {"Sid": "a  b \\u0041", "N": 1.50e2} ] }'
    session = decode(encode(ROLE._replace(policy=sent)), ROLE.access_key_id)
    assert session.policy == '{"Version":"2012-10-17","Statement":[{"Sid":"a  b \\u0041","N":1.50e2}]}'


def test_what_is_no_json_stays_as_it_is() -> None:
    """The format does not judge policies: a text that is none comes back untouched."""
    for text in ("", "{", "[" * 2_048, "no json"):
        assert decode(encode(ROLE._replace(policy=text)), ROLE.access_key_id).policy == text


def test_packing_pays() -> None:
    """A typical policy for one table shrinks to less than a third, and nothing packed takes no byte."""
    assert len(pack(TABLE_POLICY, (), ())) < len(TABLE_POLICY) / 3
    assert pack(None, (), ()) == b""


def test_a_transitive_key_must_be_a_tag() -> None:
    """A session whose transitive keys are not among its tags is a defect and is not sealed."""
    with pytest.raises(ValueError, match="not in"):
        encode(ROLE._replace(transitive=("team",)))


@given(sessions(), st.integers(0, 3_000))
def test_filling_makes_content_longer_and_nothing_else(session: Session, size: int) -> None:
    """Content is filled up to the size asked for, by a byte more at most, and says the same."""
    plain = encode(session)
    longer = filled(plain, size)
    assert longer == plain if size <= len(plain) else size <= len(longer) <= size + 1
    assert decode(longer, session.access_key_id) == decode(plain, session.access_key_id)
