"""Sealed authorization messages: who can read one, for how long, and that nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import InvalidAuthorizationMessage, Malformed
from daypass.principals import Session
from daypass.sessions.authorization_message import LARGEST_TEXT, LIFETIME, LONGEST, open_message, seal_message
from daypass.sessions.keyring import announce, first_ring
from daypass.sessions.token import seal

NOW, ACCOUNT = 1_700_000_000, "123456789012"
RING = first_ring("00000001", b"k" * 32, NOW)
NONCE = bytes(range(12))
MESSAGE = seal_message("why", ACCOUNT, RING, NOW, NONCE)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(max_size=2_000))
def test_what_is_sealed_is_read_by_its_account(text: str) -> None:
    """Any text comes back, out of AWS's alphabet and length."""
    message = seal_message(text, ACCOUNT, RING, NOW, NONCE)
    assert set(message) <= set(ALPHABET)
    assert len(message) <= LONGEST
    assert open_message(message, ACCOUNT, RING, NOW) == text


@given(st.integers(0, len(MESSAGE) - 1), st.sampled_from(ALPHABET))
def test_no_changed_message_is_read(place: int, letter: str) -> None:
    """One character otherwise, and it is none any more."""
    changed = MESSAGE[:place] + letter + MESSAGE[place + 1 :]
    if changed != MESSAGE:
        with pytest.raises(InvalidAuthorizationMessage):
            open_message(changed, ACCOUNT, RING, NOW)


@pytest.mark.parametrize(
    "message",
    ["", "x", MESSAGE[:-1], MESSAGE + "A", MESSAGE + "=", " " + MESSAGE, "é" * 60, "A" * 10_241, "!" + MESSAGE[1:]],
)
def test_what_is_no_message_is_refused(message: str) -> None:
    """Too short, too long, of another alphabet: one answer for all of it."""
    with pytest.raises(InvalidAuthorizationMessage):
        open_message(message, ACCOUNT, RING, NOW)


def test_another_account_reads_nothing() -> None:
    """A message names no account; it opens for the one that it was made for."""
    with pytest.raises(InvalidAuthorizationMessage):
        open_message(MESSAGE, "999999999999", RING, NOW)


def test_a_message_is_good_for_a_day() -> None:
    """To the second."""
    assert open_message(MESSAGE, ACCOUNT, RING, NOW + LIFETIME - 1) == "why"
    with pytest.raises(InvalidAuthorizationMessage):
        open_message(MESSAGE, ACCOUNT, RING, NOW + LIFETIME)


def test_a_message_outlives_the_turn_of_its_key() -> None:
    """Any key of the ring opens; a ring without it does not."""
    assert open_message(MESSAGE, ACCOUNT, announce(RING, "00000002", b"j" * 32, NOW), NOW) == "why"
    with pytest.raises(InvalidAuthorizationMessage):
        open_message(MESSAGE, ACCOUNT, first_ring("00000002", b"j" * 32, NOW), NOW)


def test_a_session_token_is_no_message() -> None:
    """The two have keys of their own, so that nobody has a session token decoded."""
    session = Session("role", ACCOUNT, ACCOUNT, "AROA", "n", NOW, NOW + 900)
    token = seal(session, RING, NONCE).token.replace("+", "-").replace("/", "_").rstrip("=")
    with pytest.raises(InvalidAuthorizationMessage):
        open_message(token, ACCOUNT, RING, NOW)


def test_what_does_not_fit_is_not_cut() -> None:
    """A text that is too large is refused, before and after it is compressed."""
    noise = "".join(f"{n * 2_654_435_761 % 2**32:08x}" for n in range(3_000))
    for text in ("x" * (LARGEST_TEXT + 1), noise):
        with pytest.raises(Malformed):
            seal_message(text, ACCOUNT, RING, NOW, NONCE)
    assert open_message(seal_message("x" * LARGEST_TEXT, ACCOUNT, RING, NOW, NONCE), ACCOUNT, RING, NOW)
