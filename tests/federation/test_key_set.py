"""Key sets as issuers publish them, and as attackers would like them to be read."""

from __future__ import annotations

import time

import pytest

from daypass.errors import Malformed
from daypass.federation import key_set as key_sets
from daypass.federation.key_set import MOST_ENTRIES, MOST_KEYS, read_key_set
from tests.federation.attacks.key_sets import DOCUMENTS, UNKNOWN
from tests.federation.attacks.kit import CURVES, ec_jwk, key_set, number, rsa_jwk, rsa_key, usual_keys


@pytest.mark.parametrize("case", DOCUMENTS)
def test_what_everybody_does_not_read_alike_is_no_key_set(case: str) -> None:
    """It is refused whole: no key of it counts, and what was known before stays."""
    with pytest.raises(Malformed):
        read_key_set(DOCUMENTS[case])


def test_each_key_verifies_its_family_alone() -> None:
    """The usual set has an RSA key and one of each curve, found by algorithm and id."""
    keys = read_key_set(usual_keys())
    found = {
        (algorithm, kid)
        for algorithm in ("RS256", "RS384", "RS512", *CURVES)
        for kid in ("rsa", "es256", "es384", "es512", None)
        if keys.find(algorithm, kid) is not None
    }
    assert found == {("RS256", "rsa"), ("RS384", "rsa"), ("RS512", "rsa")} | {(name, name.lower()) for name in CURVES}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_key_that_no_library_reads_takes_no_other_with_it(case: str) -> None:
    """An issuer that begins to publish keys of a new kind goes on signing with the old ones."""
    odd = ec_jwk("ES256", kid="odd", x5c=[UNKNOWN[case]])
    keys = read_key_set(key_set(odd, rsa_jwk(rsa_key("issuer")), odd))
    assert keys.find("RS256", "rsa") is not None
    assert keys.find("ES256", "odd") is None


def test_the_dearest_set_costs_less_than_a_second() -> None:
    """As many entries as are looked at, each as dear as can be, do not keep a thread busy for long."""
    dear = [rsa_jwk(rsa_key("issuer"), f"k{at}", n=number((1 << 8_191) | 1 | at << 1)) for at in range(500)]
    dear += [ec_jwk("ES512", kid=f"e{at}") for at in range(MOST_ENTRIES - len(dear))]
    document = key_set(*dear)
    began = time.process_time()
    read_key_set(document)
    assert time.process_time() - began < 1.0


FLAT: dict[str, bytes] = {
    "numbers": b"0",
    "lists": b"[]",
    "objects": b"{}",
    "keys": b'{"k":""}',
    "texts": b'""',
    "fractions": b"2.2250738585072011e-308",
    "long numbers": b"9" * 4_300,
}


@pytest.mark.parametrize("case", FLAT)
def test_no_document_stops_the_process_for_long(case: str) -> None:
    """A mebibyte of values takes 30 to 60 ms to parse, in which nothing else runs; so it is refused unparsed."""
    document = b'{"keys":[' + b",".join([FLAT[case]] * (1_048_000 // (len(FLAT[case]) + 1))) + b"]}"
    spent = []
    for _ in range(5):
        began = time.thread_time()
        with pytest.raises(Malformed, match=r"values|too long"):
            read_key_set(document)
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.01


def test_as_much_as_a_set_may_hold_is_read() -> None:
    """A thousand keys of seven members, with numbers as long as they may be: whoever has so many is served."""
    more = {f"extra{at}": 10**63 for at in range(4)}
    assert read_key_set(
        key_set(*({"kty": "oct", "kid": f"k{at}", **more} for at in range(999)), rsa_jwk(rsa_key("issuer")))
    )


def test_keys_that_cannot_count_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a hundred of a kind, and under an id that a later key has, it would be time for nothing."""
    made = []
    real = key_sets._elliptic
    monkeypatch.setattr(key_sets, "_elliptic", lambda jwk: made.append(jwk) or real(jwk))
    read_key_set(key_set(*(ec_jwk("ES512", kid=f"k{at}") for at in range(MOST_ENTRIES))))
    assert len(made) == MOST_KEYS + 1
    made.clear()
    read_key_set(key_set(*(ec_jwk("ES512", kid="one") for _ in range(MOST_ENTRIES))))
    assert len(made) == 1
