"""How an issuer's keys succeed each other."""

from __future__ import annotations

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from daypass.entities import TokenIssuer
from daypass.outbound import ALGORITHMS, advance, first_keys, is_due, replace_at_once, signing_key
from daypass.outbound.keys import CACHED, LEAD, LONGEST_TOKEN, RETENTION, ROTATION_PERIOD

NOW = 1_800_000_000
NODE_BEHIND = 86_400
"""Seconds for which a node that does not reach the database may go on signing with what it knows."""


def fresh(algorithm: str, key_id: str) -> tuple[bytes, bytes]:
    """Halves that name their key."""
    return b"private " + key_id.encode(), b"public " + key_id.encode()


def issuer() -> TokenIssuer:
    return first_keys("id", NOW, fresh)


def ids(found: TokenIssuer) -> list[str]:
    return [key.id for key in found.keys]


def test_a_new_issuer_has_an_active_key_for_each_algorithm() -> None:
    """Nobody can have a copy of its key set without them, so they sign at once."""
    made = issuer()
    assert ids(made) == ["RSA_1", "EC_2"]
    assert [signing_key(made, algorithm).id for algorithm in ALGORITHMS] == ["RSA_1", "EC_2"]
    assert made.enabled


def test_a_successor_is_published_before_it_signs_and_the_old_key_after_it_signed() -> None:
    """Announced, active, retired, gone, each at its time."""
    announced = advance(issuer(), NOW + ROTATION_PERIOD, fresh)
    assert ids(announced) == ["RSA_1", "EC_2", "RSA_3", "EC_4"]
    assert signing_key(announced, "RS256").id == "RSA_1"
    assert advance(announced, NOW + ROTATION_PERIOD + LEAD - 1, fresh) is announced
    following = advance(announced, NOW + ROTATION_PERIOD + LEAD, fresh)
    assert signing_key(following, "RS256").id == "RSA_3"
    assert ids(following) == ids(announced)
    assert advance(following, NOW + ROTATION_PERIOD + LEAD + RETENTION, fresh) is following
    assert ids(advance(following, NOW + ROTATION_PERIOD + LEAD + RETENTION + 1, fresh)) == ["RSA_3", "EC_4"]


def test_on_demand_a_young_key_gets_a_successor_and_only_one() -> None:
    """Asking twice announces once."""
    once = advance(issuer(), NOW + 60, fresh, on_demand=True)
    assert ids(once) == ["RSA_1", "EC_2", "RSA_3", "EC_4"]
    assert advance(once, NOW + 120, fresh, on_demand=True) is once


def test_keys_that_others_may_know_are_replaced_at_once_and_never_numbered_again() -> None:
    """The old ones are gone, the new ones sign, and a verifier that kept an old one never takes it for a new one."""
    announced = advance(issuer(), NOW + 60, fresh, on_demand=True)
    replaced = replace_at_once(announced, NOW + 120, fresh)
    assert ids(replaced) == ["RSA_5", "EC_6"]
    assert {key.state for key in replaced.keys} == {"active"}
    assert (replaced.id, replaced.created, replaced.enabled) == (announced.id, announced.created, announced.enabled)


STEPS = st.lists(st.tuples(st.integers(1, 120 * 86_400), st.booleans()), min_size=1, max_size=30)


@given(STEPS)
def test_every_living_token_finds_its_key_in_every_copy_that_may_be_kept(steps: list[tuple[int, bool]]) -> None:
    """Whenever the steps are taken: a copy fetched up to an hour before verifying has the key of any living token,
    also of one that a node signed which had not heard of the last steps for a day.
    """
    now, history = NOW, [(NOW, issuer())]
    for later, on_demand in steps:
        now += later
        history.append((now, advance(history[-1][1], now, fresh, on_demand=on_demand)))
    for (since, knows), (following, _) in pairwise([*history, (now, history[-1][1])]):
        for signed, algorithm in product((since, following + NODE_BEHIND), ALGORITHMS):
            for verified, kept in product((signed, signed + LONGEST_TOKEN), (0, CACHED)):
                if verified - kept >= NOW:
                    assert signing_key(knows, algorithm).id in ids(_as_fetched(history, verified - kept))


def _as_fetched(history: list[tuple[int, TokenIssuer]], at: int) -> TokenIssuer:
    """What was published at a time."""
    return [known for since, known in history if since <= at][-1]


@given(STEPS)
def test_it_is_told_beforehand_whether_a_step_is_due(steps: list[tuple[int, bool]]) -> None:
    """Nothing is written where nothing changes, and nothing due is passed over."""
    now, known = NOW, issuer()
    for later, on_demand in steps:
        now += later
        assert is_due(known, now) == (advance(known, now, fresh) is not known)
        known = advance(known, now, fresh, on_demand=on_demand)
