"""One-time codes: the RFC's vectors, the window, the comparison, and what guessing costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass import totp
from daypass.totp import (
    FREE_GUESSES,
    LONGEST_CLOSURE,
    RESYNC_WINDOW,
    CodeUse,
    code_of,
    matching_pair,
    matching_step,
    step_at,
)

SEED = b"12345678901234567890"
NOW = 1_900_000_000
STEP = step_at(NOW)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(now: int, code: str) -> None:
    """Appendix B, SHA-1; ours are the last six of its eight digits."""
    assert code_of(SEED, step_at(now)) == code[-6:]


def test_codes_are_those_of_rfc_4226() -> None:
    """Appendix D, counters 0 to 9."""
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [code_of(SEED, step) for step in range(10)] == codes


@pytest.mark.parametrize(("offset", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_to_each_side_is_taken(offset: int, taken: bool) -> None:
    """The code before, the present one and the next, and no others."""
    found = matching_step(SEED, code_of(SEED, STEP + offset), STEP)
    assert found == (STEP + offset if taken else None)


@given(st.text(alphabet="0123456789", min_size=6, max_size=6), st.integers(0, 10**8))
def test_a_code_is_taken_exactly_when_it_is_in_the_window(code: str, step: int) -> None:
    """Any six digits, any time."""
    shown = [near for near in (step - 1, step, step + 1) if code_of(SEED, near) == code]
    assert matching_step(SEED, code, step) == (shown[-1] if shown else None)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The result of each comparison in constant time."""
    results: list[bool] = []
    real = totp.compare_digest

    def noting(one: bytes, other: bytes) -> bool:
        results.append(real(one, other))
        return results[-1]

    monkeypatch.setattr(totp, "compare_digest", noting)
    return results


@pytest.mark.parametrize("offset", [-1, 0, 1, 9])
def test_every_candidate_is_compared_in_constant_time(compared: list[bool], offset: int) -> None:
    """As many comparisons whether the first candidate matches, the last, or none."""
    matching_step(SEED, code_of(SEED, STEP + offset), STEP)
    assert len(compared) == 3
    compared.clear()
    matching_pair(SEED, code_of(SEED, STEP + offset), code_of(SEED, STEP + offset + 1), STEP)
    assert len(compared) == 2 * RESYNC_WINDOW + 1


@pytest.mark.parametrize("offset", [-RESYNC_WINDOW, -1, 0, RESYNC_WINDOW])
def test_two_consecutive_codes_are_found_within_half_an_hour(offset: int) -> None:
    """Both borders included."""
    step = STEP + offset
    assert matching_pair(SEED, code_of(SEED, step), code_of(SEED, step + 1), STEP) == step


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (0, 2), (-RESYNC_WINDOW - 1, -RESYNC_WINDOW), (61, 62)])
def test_codes_that_are_not_consecutive_or_too_far_are_not_found(first: int, second: int) -> None:
    """Order, distance and window all count."""
    assert matching_pair(SEED, code_of(SEED, STEP + first), code_of(SEED, STEP + second), STEP) is None


def test_guessing_gets_slower_with_each_wrong_code() -> None:
    """Five are free; then half a minute, doubled each time up to an hour."""
    use, closures = CodeUse(), []
    for _ in range(14):
        use = use.missed(NOW)
        closures.append(max(0, use.closed_until - NOW))
    assert closures == [0] * 4 + [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_day_of_guessing_has_hardly_a_chance() -> None:
    """Who tries whenever he may gets some thirty codes looked at a day; three in a million are right."""
    use, now, looked_at = CodeUse(), NOW, 0
    while now < NOW + 86_400:
        use = use.missed(now)
        looked_at += 1
        now = max(now, use.closed_until)
    assert FREE_GUESSES < looked_at < 40
    assert use.closed_until - now <= LONGEST_CLOSURE


def test_a_right_code_forgets_the_wrong_ones_and_uses_up_all_before() -> None:
    """The newest step never goes back."""
    use = CodeUse(STEP, 7, NOW).spent(STEP + 1)
    assert use == CodeUse(STEP + 1)
    assert use.spent(STEP).newest_step == STEP + 1


@given(st.integers(0, 10**6))
def test_wrong_codes_without_end_stay_in_bounds(wrong: int) -> None:
    """However many there were, the row fits its columns and the closure its limit."""
    use = CodeUse(STEP, wrong).missed(NOW)
    assert use.wrong <= 1_000
    assert use.closed_until <= NOW + LONGEST_CLOSURE
