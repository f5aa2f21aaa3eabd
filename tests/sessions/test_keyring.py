"""Keys succeed each other without a gap: one seals, all open, none goes before its last token."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import InvalidClientTokenId, Malformed
from daypass.sessions import open_token, seal
from daypass.sessions.keyring import (
    LONGEST_SESSION,
    PROPAGATION_DELAY,
    RETENTION,
    ROTATION_PERIOD,
    Keyring,
    SealingKey,
    activate,
    advance,
    announce,
    drop,
    first_ring,
)
from tests.sessions.samples import NOW, ROLE, material, ring_of_three

HOUR, DAY = 3_600, 86_400


def fresh_keys(name: str = "key") -> Iterator[tuple[str, bytes]]:
    """Ids and material of new keys, without end, always the same."""
    number = 0
    while True:
        number += 1
        yield f"{number:08x}", material(f"{name} {number}")


def states(ring: Keyring) -> dict[str, str]:
    """Key ids and their states."""
    return {key.id: key.state for key in ring.keys}


def test_the_first_key_is_active_at_once() -> None:
    """A new installation can seal from its first second."""
    ring = first_ring("00000001", material("a"), NOW)
    assert ring.active.id == "00000001"
    assert ring.announced is None


def test_a_key_is_announced_before_it_seals() -> None:
    """The new key opens at once and seals only after the propagation delay."""
    ring = announce(first_ring("00000001", material("a"), NOW), "00000002", material("b"), NOW + 10)
    assert ring.active.id == "00000001"
    assert ring.find("00000002") is not None
    assert activate(ring, NOW + 10 + PROPAGATION_DELAY - 1) is ring
    assert activate(ring, NOW + 10 + PROPAGATION_DELAY).active.id == "00000002"


def test_the_former_key_is_retired_in_the_same_step() -> None:
    """Activating leaves exactly one active key and gives the former one its end."""
    ring = activate(announce(first_ring("00000001", material("a"), NOW), "00000002", material("b"), NOW), NOW + 500)
    assert states(ring) == {"00000001": "retired", "00000002": "active"}
    former = ring.find("00000001")
    assert former is not None
    assert former.not_after == NOW + 500 + RETENTION
    assert ring.active.active_from == NOW + 500


def test_a_retired_key_goes_after_its_end() -> None:
    """To the last second of its retention a key stays, then it goes; the others do not."""
    ring = activate(announce(first_ring("00000001", material("a"), NOW), "00000002", material("b"), NOW), NOW + 500)
    end = NOW + 500 + RETENTION
    assert drop(ring, end) is ring
    assert states(drop(ring, end + 1)) == {"00000002": "active"}


def test_every_step_can_be_repeated() -> None:
    """Taking a step twice is taking it once."""
    ring = ring_of_three()
    assert announce(ring, "00000009", material("x"), NOW) is ring
    later = NOW + RETENTION * 2
    once = drop(activate(ring, later), later)
    assert drop(activate(once, later), later) is once


def test_nothing_is_due_on_an_ordinary_day() -> None:
    """Within the period the ring stays the same object, and no new key is made."""
    ring = first_ring("00000001", material("a"), NOW)
    announced = announce(ring, "00000002", material("b"), NOW + ROTATION_PERIOD)

    def no_key() -> tuple[str, bytes]:
        raise AssertionError("a key was made although none was due")

    for second in (0, 1, ROTATION_PERIOD - 1, -DAY):
        assert advance(ring, NOW + second, no_key) is ring
    for second in (0, 1, PROPAGATION_DELAY - 1):
        assert advance(announced, NOW + ROTATION_PERIOD + second, no_key) is announced


def test_rotation_on_demand_announces_one_key_only() -> None:
    """Asked twice, one key is announced; it becomes active in its time although none is due by age."""
    keys = fresh_keys()
    ring = first_ring(*next(keys), NOW)
    asked = advance(ring, NOW + 5, lambda: next(keys), on_demand=True)
    assert states(asked) == {"00000001": "active", "00000002": "announced"}
    assert advance(asked, NOW + 6, lambda: next(keys), on_demand=True) is asked
    taken = advance(asked, NOW + 5 + PROPAGATION_DELAY, lambda: next(keys), on_demand=True)
    assert states(taken) == {"00000001": "retired", "00000002": "active"}


def test_a_key_outlives_every_token_it_sealed() -> None:
    """Over a month of hourly ticks every unexpired token opens, sealed by a node in time or by one a day behind."""
    keys = fresh_keys()
    ring = first_ring(*next(keys), NOW)
    past: list[Keyring] = []
    live: list[tuple[int, str]] = []
    used = set()
    for now in range(NOW, NOW + 30 * DAY, HOUR):
        ring = advance(ring, now, lambda: next(keys))
        past.append(ring)
        for sealing in (ring, past[max(0, len(past) - 25)]):
            session = ROLE._replace(issued=now, expires=now + LONGEST_SESSION)
            live.append((session.expires, seal(session, sealing, b"0" * 12).token))
            used.add(sealing.active.id)
        live = [(expires, token) for expires, token in live if expires > now]
        for expires, token in live:
            assert open_token(token, ROLE.access_key_id, ring)[0].expires == expires
    assert len(used) >= 28
    assert len(ring.keys) <= 5


def test_a_token_of_a_dropped_key_is_refused() -> None:
    """When a key is gone, so is all it sealed, whatever the token says about its expiry."""
    ring = ring_of_three()
    late = NOW + 10 * RETENTION
    token = seal(ROLE._replace(issued=late, expires=late + 60), ring, b"0" * 12).token
    with pytest.raises(InvalidClientTokenId):
        open_token(token, ROLE.access_key_id, drop(activate(activate(ring, late), late), late + RETENTION + 1))


@given(steps=st.lists(st.tuples(st.integers(0, 3 * DAY), st.booleans()), max_size=60))
def test_any_sequence_of_steps_leaves_a_sound_ring(steps: list[tuple[int, bool]]) -> None:
    """Whatever times rotation is called at, forwards or on demand, one key is active and at most one announced."""
    keys = fresh_keys()
    ring = first_ring(*next(keys), NOW)
    now = NOW
    for seconds, on_demand in steps:
        now += seconds
        ring = advance(ring, now, lambda: next(keys), on_demand=on_demand)
        found = [key.state for key in ring.keys]
        assert found.count("active") == 1
        assert found.count("announced") <= 1
        assert all(key.not_after is None or key.not_after >= now for key in ring.keys)


@given(jumps=st.lists(st.integers(-400 * DAY, 400 * DAY), max_size=30))
def test_a_jumping_clock_breaks_no_ring(jumps: list[int]) -> None:
    """A clock that is set forwards and back leaves one active key each time."""
    keys = fresh_keys()
    ring = first_ring(*next(keys), NOW)
    for jump in jumps:
        ring = advance(ring, NOW + jump, lambda: next(keys))
        assert states(ring)[ring.active.id] == "active"


UNSOUND = {
    "no key": (),
    "no active key": (SealingKey("00000001", "announced", material("a"), NOW, NOW),),
    "two active keys": tuple(SealingKey(f"0000000{n}", "active", material("a"), NOW, NOW) for n in (1, 2)),
    "two announced keys": (
        SealingKey("00000001", "active", material("a"), NOW, NOW),
        *(SealingKey(f"0000000{n}", "announced", material("a"), NOW, NOW) for n in (2, 3)),
    ),
    "an id twice": (
        SealingKey("00000001", "active", material("a"), NOW, NOW),
        SealingKey("00000001", "retired", material("b"), NOW, NOW, NOW),
    ),
}


@pytest.mark.parametrize("keys", UNSOUND.values(), ids=UNSOUND.keys())
def test_an_unsound_ring_is_refused(keys: tuple[SealingKey, ...]) -> None:
    """A ring that could seal with two keys or with none does not come into being."""
    with pytest.raises(Malformed):
        Keyring(keys)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "0000001"},
        {"id": "0000000G"},
        {"id": "0000000A"},
        {"id": ""},
        {"material": b""},
        {"material": bytes(31)},
        {"material": bytes(33)},
        {"state": "lost"},
        {"state": "retired"},
        {"not_after": NOW},
    ],
    ids=str,
)
def test_an_unsound_key_is_refused(change: dict[str, object]) -> None:
    """A key with another id, length, state or end than a key has does not come into being."""
    with pytest.raises(Malformed):
        replace(first_ring("00000001", material("a"), NOW).active, **change)


def test_subkeys_are_independent_of_each_other() -> None:
    """Each purpose and each key has its own 32 bytes, none of them the material itself."""
    ring = ring_of_three()
    subkeys = {key.subkey(purpose) for key in ring.keys for purpose in ("seal", "secret", "messages")}
    assert len(subkeys) == 9
    assert {len(subkey) for subkey in subkeys} == {32}
    assert not subkeys & {key.material for key in ring.keys}


def test_keys_are_found_by_text_and_by_tag() -> None:
    """Both forms of an id find the same key, and an unknown one none."""
    ring = ring_of_three()
    for key in ring.keys:
        assert ring.find(key.id) is ring.find_tag(key.tag) is key
    assert ring.find("ffffffff") is None
    assert ring.find_tag(b"\xff" * 4) is None


def test_a_ring_shows_no_key_material() -> None:
    """Printing a ring or a key shows ids and states only, and neither can be pickled."""
    ring = ring_of_three()
    for key in ring.keys:
        for form in (key.material.hex(), repr(key.material), str(key.material)[2:-1]):
            assert form not in f"{ring!r} {ring} {key!r}"
    with pytest.raises(TypeError):
        pickle.dumps(ring)
    with pytest.raises(TypeError):
        copy.deepcopy(ring.active)
