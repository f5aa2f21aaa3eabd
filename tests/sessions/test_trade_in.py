"""Trade-in tokens: they open as what they were, and nothing else opens as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import Malformed
from daypass.sessions.keyring import SealingKey
from daypass.sessions.trade_in import LONGEST, TradeIn, key_of, open_trade_in, seal_trade_in

KEY = SealingKey("01020304", "active", b"k" * 32, 0, 0)
OTHER = SealingKey("01020304", "active", b"o" * 32, 0, 0)
CONTENT = TradeIn("3950c252-007e-8496-8811-123456789012", "210987654321", 1_800_000_000)
TOKEN = seal_trade_in(CONTENT, KEY, b"n" * 12)


def test_a_token_opens_as_what_was_sealed() -> None:
    """Under the key it names."""
    assert key_of(TOKEN) == KEY.id
    assert open_trade_in(TOKEN, KEY) == CONTENT
    assert len(TOKEN) < LONGEST


def test_another_key_of_the_same_id_opens_nothing() -> None:
    """The id only says which key to try."""
    with pytest.raises(Malformed):
        open_trade_in(TOKEN, OTHER)


@given(st.integers(0, len(TOKEN) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_token_that_was_changed_opens_nothing(place: int, letter: str) -> None:
    """Not by a letter."""
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    if changed != TOKEN:
        with pytest.raises(Malformed):
            open_trade_in(changed, KEY)


@pytest.mark.parametrize(
    "text", ["", "A", "é", "=" * 80, "A" * 64, TOKEN + "\n", TOKEN + "====", TOKEN[:-4], "A" * 10_000]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    """Before any key is tried, where it cannot be one."""
    with pytest.raises(Malformed):
        open_trade_in(text, KEY)
