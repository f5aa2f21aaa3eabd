"""The ring keeper: from every state that a crash can leave, one active key and every live token still opens."""

from __future__ import annotations

import multiprocessing
import os
import threading
import timeit
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from daypass.adapters.keys import MasterKey, MasterKeyError, MemorySealingKeys, RingKeeper, open_master_key
from daypass.adapters.machine import SystemEntropy
from daypass.credentials import Secret
from daypass.entities import AccessKey
from daypass.errors import ExpiredToken, InternalFailure, InvalidClientTokenId
from daypass.ids import RANDOM_BYTES, access_key_id
from daypass.ports import Keys, SealingKeyStore, StoredSealingKey, StoreUnavailable
from daypass.principals import Session
from daypass.sessions import NONCE_BYTES, UnknownSealingKey, open_token, refuse_expired, seal
from daypass.sessions.keyring import LONGEST_SESSION, PROPAGATION_DELAY, RETENTION, ROTATION_PERIOD, Keyring
from tests.sessions.samples import NOW, ROLE

HOUR, DAY = 3_600, 86_400
MASTER = MasterKey(bytes(range(32)))
Rows = tuple[StoredSealingKey, ...]


@dataclass
class Watch:
    """A clock that stands still until it is set; also serves as monotonic clock."""

    time: float = NOW

    def now(self) -> float:
        return self.time


@dataclass
class FaultyStore(MemorySealingKeys):
    """A store that counts, goes away, and dies before or after a commit, as its fields say."""

    rows: Rows = ()
    away: bool = False
    dies: str = ""
    loads: int = 0
    history: list[Rows] = field(default_factory=list)
    before_swap: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        super().__init__(self.rows)

    def load(self) -> Rows:
        self.loads += 1
        if self.away:
            raise StoreUnavailable
        return super().load()

    def swap(self, before: Rows, after: Rows) -> bool:
        if self.away or self.dies == "before the commit":
            raise StoreUnavailable
        if self.before_swap:
            self.before_swap, meanwhile = None, self.before_swap
            meanwhile()
        done = super().swap(before, after)
        if done:
            self.history.append(after)
        if self.dies == "after the commit":
            raise StoreUnavailable
        return done


def keeper(store: SealingKeyStore, watch: Watch | None = None, master: MasterKey = MASTER) -> RingKeeper:
    """A ring keeper of one node."""
    watch = watch or Watch()
    return RingKeeper(store, master, clock=watch, entropy=SystemEntropy(), monotonic=watch.now)


def token_of(ring: Keyring, now: int, lasts: int = LONGEST_SESSION) -> str:
    """A token sealed at ``now``."""
    return seal(ROLE._replace(issued=now, expires=now + lasts), ring, os.urandom(12)).token


def opened(token: str, ring: Keyring) -> Session:
    """What the token says."""
    return open_token(token, ROLE.access_key_id, ring)[0]


def test_the_keeper_fulfils_the_port() -> None:
    """The ring keeper and the memory store are what the ports ask for."""
    store: SealingKeyStore = MemorySealingKeys()
    keys: Keys = keeper(store)
    assert keys.ring().active


# ── starting ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_start_can_seal_at_once() -> None:
    """On an empty store the first key is made, durable and active, before anything is sealed."""
    store = MemorySealingKeys()
    ring = keeper(store).ring()
    assert [(row.id, row.state) for row in store.rows] == [(ring.active.id, "active")]
    assert opened(token_of(ring, NOW), ring).issued == NOW


def test_a_restart_opens_what_was_sealed_before() -> None:
    """A second process on the same store has the same ring."""
    store = MemorySealingKeys()
    before = keeper(store).ring()
    after = keeper(store).ring()
    assert after == before
    assert opened(token_of(before, NOW), after).issued == NOW


def test_two_first_starts_at_once_agree() -> None:
    """Whoever loses the race to make the first key takes the winner's."""
    store = FaultyStore()
    winners: list[RingKeeper] = []
    store.before_swap = lambda: winners.append(keeper(store))
    assert keeper(store).ring() == winners[0].ring()
    assert len(store.rows) == 1


def test_the_store_holds_no_key_in_the_clear() -> None:
    """What lies in the database is useless without the master key."""
    store = MemorySealingKeys()
    key = keeper(store).ring().active
    assert key.material not in store.rows[0].wrapped
    with pytest.raises(MasterKeyError) as caught:
        keeper(store, master=MasterKey(bytes(32)))
    assert "belong together" in caught.value.advice


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: replace(row, id="ffffffff"),
        lambda row: replace(row, wrapped=row.wrapped[:-1]),
        lambda row: replace(row, wrapped=b""),
        lambda row: replace(row, state="retired", not_after=NOW),
        lambda row: replace(row, state="lost"),
    ],
    ids=["other id", "cut", "empty", "none active", "unknown state"],
)
def test_spoiled_rows_refuse_the_start(spoil: Callable[[StoredSealingKey], StoredSealingKey]) -> None:
    """A ring that cannot be read whole is refused with advice, never used in part and never replaced."""
    store = MemorySealingKeys()
    keeper(store)
    store.rows = spoiled = (spoil(store.rows[0]),)
    with pytest.raises(MasterKeyError):
        keeper(store)
    assert store.rows == spoiled


# ── rotation ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Past:
    """A state of the store that once was, and the tokens alive then."""

    now: int
    rows: Rows
    live: list[tuple[int, str]]


def lived_through(days: int, dies: str = "") -> list[Past]:
    """Every state that the store goes through in some days of hourly rotation, dying at each commit if told to."""
    watch, store = Watch(), FaultyStore()
    node = keeper(store, watch)
    past: list[Past] = []
    live: list[tuple[int, str]] = []
    for now in range(NOW, NOW + days * DAY, HOUR):
        watch.time = now
        store.dies = dies
        died = not node.try_rotate(now)
        store.dies = ""
        live = [(expires, token) for expires, token in live if expires > now]
        past.append(Past(now, store.rows, list(live)))
        if died:
            node = keeper(store, watch)
            node.rotate(now)
        live.append((now + LONGEST_SESSION, token_of(node.ring(), now)))
    return past


@pytest.mark.parametrize("dies", ["", "before the commit", "after the commit"])
def test_every_reachable_state_is_a_whole_ring(dies: str) -> None:
    """A node that starts from any state, also one left by dying at a commit, opens all live tokens and rotates on."""
    past = lived_through(7, dies)
    assert len({moment.rows for moment in past}) > 14
    for moment in past:
        store = MemorySealingKeys(moment.rows)
        node = keeper(store)
        for expires, token in moment.live:
            assert opened(token, node.ring()).expires == expires
        for now in range(moment.now, moment.now + 2 * DAY, HOUR):
            node.rotate(now)
            live = [(expires, token) for expires, token in moment.live if expires > now]
            assert [opened(token, node.ring()).expires for _, token in live] == [expires for expires, _ in live]
        assert node.ring().active.active_from > moment.now


def test_rotation_makes_a_key_a_day() -> None:
    """In thirty days about thirty keys seal, and the store keeps no more than five."""
    past = lived_through(30)
    active = {row.id for moment in past for row in moment.rows if row.state == "active"}
    assert 28 <= len(active) <= 30
    assert max(len(moment.rows) for moment in past) <= 5


def test_nothing_due_writes_nothing() -> None:
    """An ordinary tick reads once, writes nothing, and leaves the ring the same object."""
    store = FaultyStore()
    node = keeper(store)
    ring, loads, history = node.ring(), store.loads, len(store.history)
    assert node.rotate(NOW + 60) is node.ring() is ring
    assert (store.loads, len(store.history)) == (loads + 1, history)


def test_rotation_on_demand_takes_two_calls() -> None:
    """The first announces, and a call after the delay activates; every node opens the new tokens by then."""
    store = MemorySealingKeys()
    node, other = keeper(store), keeper(store)
    former = node.ring().active.id
    announced = node.rotate(NOW + 10, on_demand=True)
    assert announced.active.id == former
    other.rotate(NOW + 60)
    taken = node.rotate(NOW + 10 + PROPAGATION_DELAY)
    assert taken.active.id != former
    assert opened(token_of(taken, NOW), other.ring()).issued == NOW


def test_the_operator_sets_how_old_a_key_gets() -> None:
    """With a period of an hour a successor is announced after an hour and not before."""
    node = RingKeeper(MemorySealingKeys(), MASTER, clock=Watch(), entropy=SystemEntropy(), rotation_period=HOUR)
    assert node.rotate(NOW + HOUR - 1).announced is None
    assert node.rotate(NOW + HOUR).announced is not None


def test_a_node_that_loses_the_race_takes_the_winners_ring() -> None:
    """Two nodes that rotate at the same moment end with one and the same new key."""
    store = FaultyStore()
    one, other = keeper(store), keeper(store)
    due = NOW + ROTATION_PERIOD
    store.before_swap = lambda: other.rotate(due)
    assert one.rotate(due) == other.ring()
    assert [row.state for row in store.rows].count("announced") == 1


def test_many_threads_rotate_as_one() -> None:
    """Eight nodes with two threads each, all at once: one new key, one ring."""
    store = MemorySealingKeys()
    nodes = [keeper(store) for _ in range(8)]
    gate = threading.Barrier(16)

    def turn(node: RingKeeper) -> None:
        gate.wait()
        node.rotate(NOW + ROTATION_PERIOD)

    threads = [threading.Thread(target=turn, args=(node,)) for node in nodes for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.state for row in store.rows) == ["active", "announced"]
    assert len({node.rotate(NOW + ROTATION_PERIOD) for node in nodes}) == 1


def test_without_the_store_the_ring_stays() -> None:
    """While the store is away nodes seal and open as before; the timer says so and goes on."""
    store = FaultyStore()
    node = keeper(store)
    ring = node.ring()
    store.away = True
    assert node.try_rotate(NOW + ROTATION_PERIOD) is False
    with pytest.raises(StoreUnavailable):
        node.rotate(NOW + ROTATION_PERIOD)
    assert node.ring() is ring
    store.away = False
    assert node.try_rotate(NOW + ROTATION_PERIOD) is True
    assert node.ring().announced


def test_rows_of_a_stranger_do_not_replace_the_ring() -> None:
    """When the store suddenly holds keys of another installation, or none, the node keeps what it has."""
    store = MemorySealingKeys()
    node = keeper(store)
    ring = node.ring()
    for rows in (MemorySealingKeys(keeper_rows(MasterKey(bytes(32)))).rows, ()):
        store.rows = rows
        assert node.try_rotate(NOW + ROTATION_PERIOD) is False
        assert node.find_or_refresh("ffffffff") is None
        assert node.ring() is ring
        assert store.rows == rows


def keeper_rows(master: MasterKey) -> Rows:
    """The rows of a fresh installation under ``master``."""
    store = MemorySealingKeys()
    keeper(store, master=master)
    return store.rows


def test_after_a_sleep_of_400_days_it_goes_on_by_itself() -> None:
    """All nodes stopped longer than any key lives: the start needs no hands, old tokens go, rotation resumes."""
    past = lived_through(4)[-1]
    assert sorted({row.state for row in past.rows}) == ["active", "retired"]
    late = past.now + 400 * DAY
    store = MemorySealingKeys(past.rows)
    node = keeper(store, Watch(late))
    assert opened(token_of(node.ring(), late), node.ring()).issued == late
    former = node.ring().active.id
    assert states(node.rotate(late)) == ["active", "announced"]
    assert states(node.rotate(late + PROPAGATION_DELAY)) == ["active", "retired"]
    assert len(past.live) > 30
    for _, token in past.live:
        with pytest.raises((InvalidClientTokenId, ExpiredToken)):
            refuse_expired(opened(token, node.ring()), late)
    node.rotate(late + PROPAGATION_DELAY + RETENTION + 1)
    assert former not in {key.id for key in node.ring().keys}


def states(ring: Keyring) -> list[str]:
    """The states of the ring's keys, sorted."""
    return sorted(key.state for key in ring.keys)


# ── a ring that is behind ────────────────────────────────────────────────────────────────────────────


def test_a_node_that_is_behind_learns_an_unknown_key() -> None:
    """A token of a key made elsewhere opens after one reading of the store."""
    watch, store = Watch(), FaultyStore()
    here, there = keeper(store, watch), keeper(store)
    there.rotate(NOW + ROTATION_PERIOD)
    token = token_of(there.rotate(NOW + ROTATION_PERIOD + PROPAGATION_DELAY), NOW)
    with pytest.raises(UnknownSealingKey) as caught:
        opened(token, here.ring())
    watch.time += 2
    assert here.refresh_due()
    assert here.find_or_refresh(caught.value.key_id) is not None
    assert opened(token, here.ring()).issued == NOW


def test_strangers_cannot_make_a_node_read_often() -> None:
    """Ten thousand unknown key ids in ten seconds bring about ten readings, known ones none."""
    watch, store = Watch(), FaultyStore()
    node = keeper(store, watch)
    before = store.loads
    for number in range(10_000):
        watch.time = NOW + 1 + number / 1_000
        assert node.find_or_refresh(f"{number:08x}") is None
        assert node.find_or_refresh(node.ring().active.id) is node.ring().active
    assert 9 <= store.loads - before <= 11


def test_a_store_that_is_away_is_not_asked_more_often() -> None:
    """A failed reading counts like a good one, and an unknown key then opens nothing."""
    watch, store = Watch(), FaultyStore()
    node = keeper(store, watch)
    store.away, before = True, store.loads
    watch.time += 5
    assert [node.find_or_refresh("ffffffff") for _ in range(100)] == [None] * 100
    assert store.loads == before + 1
    assert not node.refresh_due()


# ── long-term secrets ────────────────────────────────────────────────────────────────────────────────

SECRET = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
KEY_ID = "AKIARZPUZDIKAAAAAAAA"


def long_term_key(node: RingKeeper, key_id: str = KEY_ID) -> AccessKey:
    """A long-term key as the store holds it."""
    return AccessKey(key_id, "AIDARZPUZDIKAAAAAAAAA", NOW, node.seal_secret(key_id, SECRET))


def test_a_long_term_secret_survives_a_restart() -> None:
    """What one process wrapped another one with the same master key opens; the stored form shows nothing."""
    store = MemorySealingKeys()
    key = long_term_key(keeper(store))
    assert SECRET.reveal().encode() not in key.sealed_secret
    assert keeper(store).open_secret(key) == SECRET


def test_a_secret_moved_to_another_key_does_not_open() -> None:
    """Whoever writes into the database cannot give one key the secret of another; the error shows no secret."""
    node = keeper(MemorySealingKeys())
    key = long_term_key(node)
    assert node.open_secret(key) == SECRET
    for stolen in (
        replace(key, id="AKIARZPUZDIKAAAAAAAB"),
        replace(key, sealed_secret=key.sealed_secret[:-1] + b"\0"),
        replace(key, sealed_secret=b""),
        replace(key, sealed_secret=SECRET.reveal().encode()),
    ):
        for _ in range(2):
            with pytest.raises(InternalFailure) as caught:
                node.open_secret(stolen)
            assert SECRET.reveal() not in f"{caught.value!r} {caught.value.detail}"


def test_sealing_a_secret_twice_looks_different() -> None:
    """Equal secrets of two keys, or of one key made anew, are not recognised in the database."""
    node = keeper(MemorySealingKeys())
    assert long_term_key(node).sealed_secret != long_term_key(node).sealed_secret


def test_an_opened_secret_is_remembered() -> None:
    """The second opening costs a small part of the first: it does no cryptography."""
    node = keeper(MemorySealingKeys())
    keys = [long_term_key(node, f"AKIARZPUZDIKAAAAA{number:03d}") for number in range(500)]
    first = min(timeit.repeat(lambda: [node._unwrapped_secret(key.id, key.sealed_secret) for key in keys], number=1))
    assert [node.open_secret(key) for key in keys] == [SECRET] * 500
    again = min(timeit.repeat(lambda: [node.open_secret(key) for key in keys], number=1))
    assert again < first / 2
    assert node._opened.cache_info().maxsize is not None


# ── nothing shared, nothing repeated ─────────────────────────────────────────────────────────────────


def everything_of(data: Path) -> Iterator[bytes]:
    """All secret and random bytes of a fresh installation with some tokens and keys."""
    store = MemorySealingKeys()
    master = open_master_key(data, store)
    node = keeper(store, master=master)
    node.rotate(NOW, on_demand=True)
    yield master._material
    yield (data / "master.key").read_bytes().partition(b":")[2].strip()
    for key, row in zip(node.ring().keys, store.rows, strict=True):
        yield from (key.material, row.wrapped, *(key.subkey(purpose) for purpose in ("seal", "secret", "messages")))
    for _ in range(20):
        sealed = seal(ROLE, node.ring(), os.urandom(NONCE_BYTES))
        yield from (sealed.token.encode(), sealed.secret.reveal().encode())
        yield long_term_key(node).sealed_secret


def test_fresh_installations_share_nothing(tmp_path: Path) -> None:
    """Two first starts have no eight bytes in common in any key, wrapped form, token or secret."""
    runs = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pieces = list(everything_of(tmp_path / name))
        runs.append({piece[at : at + 8] for piece in pieces for at in range(len(piece) - 7)})
    assert len(runs[0]) > 5_000
    assert not runs[0] & runs[1]


def drawn(count: int) -> tuple[list[bytes], list[str]]:
    """Nonces and access key ids that one forked process draws, a tenth as many ids."""
    entropy = SystemEntropy()
    nonces = [entropy.bytes(NONCE_BYTES) for _ in range(count)]
    return nonces, [access_key_id("ASIA", "123456789012", entropy.bytes(RANDOM_BYTES)) for _ in range(count // 100)]


def test_forked_processes_draw_different_nonces_and_ids() -> None:
    """A hundred thousand nonces and a thousand ids over four forks of one process: none twice."""
    drawn(10)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        found = pool.map(drawn, [25_000] * 4, chunksize=1)
    nonces = [nonce for part, _ in found for nonce in part]
    ids = [key_id for _, part in found for key_id in part]
    assert len(set(nonces)) == len(nonces) == 100_000
    assert len(set(ids)) == len(ids) == 1_000
