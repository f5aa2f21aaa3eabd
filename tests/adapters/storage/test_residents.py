"""Which accounts stay in memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daypass.adapters.storage.memory.residents import Residents
from daypass.entities import Account, Role
from daypass.snapshot import AccountSnapshot
from daypass.testing.backend import EVERYTHING


def account(number: int, roles: int, revision: int = 1) -> AccountSnapshot:
    entities = [Role(f"AROA{n}", f"r{n}", "/", 0, "{}") for n in range(roles)]
    return AccountSnapshot.of(revision, [Account(f"{number:012d}", str(number), 0), *entities])


def test_the_least_recently_used_goes_first() -> None:
    """An account that somebody came by for survives one that nobody asked for."""
    residents = Residents(capacity=6)
    for number in (1, 2, 3):
        residents.keep(account(number, 1))
    residents.recent.add("000000000001")
    residents.keep(account(4, 1))
    assert set(residents.snapshots) == {"000000000001", "000000000003", "000000000004"}


def test_an_account_larger_than_memory_is_kept_while_it_is_the_newest() -> None:
    """A single account beyond the capacity can still be worked with; it goes when another comes."""
    residents = Residents(capacity=5)
    residents.keep(account(1, 50))
    assert set(residents.snapshots) == {"000000000001"}
    residents.keep(account(2, 1))
    assert set(residents.snapshots) == {"000000000002"}
    assert residents.weight == 2


def test_replacing_and_dropping_keep_the_sum_right() -> None:
    """Growing, shrinking and forgetting accounts is counted once; forgetting the absent is nothing."""
    residents = Residents(capacity=100)
    residents.keep(account(1, 9))
    residents.keep(account(1, 4, revision=2))
    assert residents.weight == 5
    assert residents.snapshots["000000000001"].revision == 2
    residents.drop("000000000001")
    residents.drop("000000000001")
    assert residents.weight == 0


def test_every_kind_of_entity_has_its_weight() -> None:
    """Nothing that an account can have many of is in memory for nothing."""
    residents, main = Residents(capacity=100), Account("000000000001", "1", 0)
    for entity in EVERYTHING:
        residents.keep(AccountSnapshot.of(1, [main, entity]))
        assert residents.weight == 2, entity.kind


@given(
    st.lists(st.tuples(st.sampled_from("kudc"), st.integers(1, 6), st.integers(0, 8)), max_size=40), st.integers(1, 20)
)
def test_memory_never_holds_more_than_its_capacity(acts: list[tuple[str, int, int]], capacity: int) -> None:
    """After any history the sum is right and within bounds, but for a single account that alone is larger."""
    residents = Residents(capacity)
    for act, number, roles in acts:
        if act == "k":
            residents.keep(account(number, roles))
            assert f"{number:012d}" in residents.snapshots
        elif act == "u":
            residents.recent.add(f"{number:012d}")
        elif act == "d":
            residents.drop(f"{number:012d}")
        else:
            residents.clear()
        held = residents.snapshots.values()
        assert residents.weight == sum(1 + len(snapshot.roles) for snapshot in held)
        assert residents.weight <= capacity or len(residents.snapshots) == 1
