"""Identifiers carry their account the way AWS's do."""

from __future__ import annotations

import json
import random
import tracemalloc
from itertools import pairwise
from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.ids import RANDOM_BYTES, RequestIds, access_key_id, account_of, lower_id, unique_id

VECTORS = json.loads((Path(__file__).parent / "vectors/ids/access_key_ids.json").read_text())
BASE32 = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

accounts = st.integers(0, 999_999_999_999).map(lambda number: f"{number:012d}")
entropies = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@pytest.mark.parametrize("case", VECTORS["carrying"], ids=lambda case: case["id"])
def test_published_ids_give_their_account(case: dict[str, str]) -> None:
    """The account comes out of ids that AWS and others have published."""
    assert account_of(case["id"]) == case["account"]


@pytest.mark.parametrize("case", VECTORS["made"], ids=lambda case: case["id"])
def test_ids_are_made_to_the_published_layout(case: dict[str, str]) -> None:
    """Given account and entropy make exactly the id that the layout says."""
    assert access_key_id(case["family"], case["account"], bytes.fromhex(case["entropy"])) == case["id"]


@pytest.mark.parametrize("case", VECTORS["carrying_none"], ids=lambda case: case["why"])
def test_an_id_without_account_gives_none(case: dict[str, str]) -> None:
    """Whatever carries no account gives None and never raises."""
    assert account_of(case["id"]) is None


@given(account=accounts, entropy=entropies)
def test_an_access_key_id_gives_back_its_account(account: str, entropy: bytes) -> None:
    """Every account survives the trip through an access key id of AWS's shape."""
    made = access_key_id("ASIA", account, entropy)
    assert (len(made), made[:4], account_of(made)) == (20, "ASIA", account)
    assert set(made[4:]) <= BASE32


@given(account=accounts, entropy=entropies)
def test_a_unique_id_gives_back_its_account(account: str, entropy: bytes) -> None:
    """A unique id has 21 characters and carries the account as an access key id does."""
    made = unique_id("AROA", account, entropy)
    assert (len(made), made[:4], account_of(made)) == (21, "AROA", account)
    assert set(made[4:]) <= BASE32


@given(account=accounts, one=entropies, other=entropies)
def test_different_entropy_makes_different_ids(account: str, one: bytes, other: bytes) -> None:
    """All 44 bits of entropy that a unique id shows are in it."""
    shown = [(int.from_bytes(entropy[:5], "big") >> 1, entropy[5] & 31) for entropy in (one, other)]
    assert (unique_id("AIDA", account, one) == unique_id("AIDA", account, other)) == (shown[0] == shown[1])


@given(text=st.text(max_size=40))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    """Reading the account of any text gives twelve digits or None."""
    account = account_of(text)
    assert account is None or (len(account) == 12 and account.isdigit())


def test_an_endless_identifier_is_not_kept() -> None:
    """What strangers send as an identifier may be 16,000 characters long; only the part that is read is remembered."""
    body = "Q" + "A" * 15
    tracemalloc.start()
    try:
        for number in range(200):
            account_of(f"AKIA{body}{number}" + "A" * 16_000)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000


@given(st.binary(min_size=16, max_size=16))
def test_request_ids_look_like_random_uuids_and_never_repeat(entropy: bytes) -> None:
    """Version 4, variant 1, whatever the counter begins with; also where it wraps round."""
    ids = RequestIds(entropy)
    made = [ids.next() for _ in range(300)]
    assert len(set(made)) == 300
    assert all(str(UUID(one)) == one and UUID(one).version == 4 and UUID(one).variant == RFC_4122 for one in made)


def test_request_ids_do_not_count() -> None:
    """One id after the other does not tell how many requests came between."""
    ids = RequestIds(bytes(range(16)))
    numbers = [int(ids.next()[-12:], 16) for _ in range(100)]
    assert len({later - earlier for earlier, later in pairwise(numbers)} - {0}) >= 2
    assert min(abs(later - earlier) for earlier, later in pairwise(numbers)) > 1_000_000


def test_ids_of_organizations_are_lower_case_letters_and_digits() -> None:
    """As many characters as asked for after the prefix, each of the 36 about as often, all from the entropy."""
    assert lower_id("o-", 10, b"") == "o-0000000000"
    assert lower_id("p-", 8, bytes(7) + b"\x24") == "p-01000000"
    seen = {character for number in range(256) for character in lower_id("", 8, random.Random(number).randbytes(8))}
    assert seen == set("0123456789abcdefghijklmnopqrstuvwxyz")
