"""Whatever is done to a token, it is refused, always in the same words."""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.credentials import Secret
from daypass.errors import DaypassError, InvalidClientTokenId
from daypass.principals import Session
from daypass.sessions import open_token, seal
from daypass.sessions import token as token_module
from daypass.sessions.keyring import Keyring
from daypass.sessions.token import LONGEST_ACCEPTED
from tests.sessions.samples import NOW, ROLE, TABLE_POLICY, material, ring_of_three, with_active

RING = ring_of_three()
OTHER_KEY_ID = "ASIARZPUZDIKAAAAAAAB"
LONG = ROLE._replace(policy=TABLE_POLICY, tags=(("team", "lake"),), lineage=(OTHER_KEY_ID,))
TOKEN = seal(ROLE, RING, b"0" * 12).token
LONG_TOKEN = seal(LONG, RING, b"1" * 12).token
TWIN = seal(ROLE._replace(name="other-name", expires=NOW + 7_200), RING, b"2" * 12).token
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

Mutants = Iterator[str]


def refusal(token: str, key_id: str = ROLE.access_key_id, ring: Keyring = RING) -> tuple[str, str]:
    """Code and text that ``token`` is refused with; fails the test when it opens or another error comes."""
    with pytest.raises(InvalidClientTokenId) as caught:
        open_token(token, key_id, ring)
    return caught.value.code, str(caught.value)


def assert_all_refused(mutants: Iterable[str]) -> int:
    """Every mutant gets the one refusal; returns how many there were."""
    told, count = set(), 0
    for mutant in mutants:
        count += 1
        try:
            opened: object = open_token(mutant, ROLE.access_key_id, RING)
        except InvalidClientTokenId as error:
            told.add((error.code, str(error)))
        else:
            pytest.fail(f"{mutant!r} opened to {opened!r}")
    assert told == {("InvalidClientTokenId", "The security token included in the request is invalid")}
    return count


def bit_flips(sealed: bytes) -> Mutants:
    """Each single bit of the sealed bytes turned."""
    for position in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[position // 8] ^= 1 << position % 8
        yield b64encode(flipped).decode()


def byte_changes(sealed: bytes) -> Mutants:
    """Each byte replaced by each other value."""
    for position, byte in enumerate(sealed):
        for value in range(256):
            if value != byte:
                yield b64encode(sealed[:position] + bytes([value]) + sealed[position + 1 :]).decode()


def character_changes(token: str) -> Mutants:
    """Each character of the text replaced by each other one of the alphabet, dropped, doubled."""
    for position, character in enumerate(token):
        for other in ALPHABET:
            if other != character:
                yield token[:position] + other + token[position + 1 :]
        yield token[:position] + token[position + 1 :]
        yield token[:position] + character + token[position:]


def truncations(sealed: bytes) -> Mutants:
    """Shortened at either end, as bytes and as text, down to nothing."""
    text = b64encode(sealed).decode()
    for length in range(len(sealed)):
        yield b64encode(sealed[:length]).decode()
        yield b64encode(sealed[-length:] if length else b"").decode()
    for length in range(len(text)):
        yield text[:length]
        yield text[length + 1 :]


def extensions(sealed: bytes) -> Mutants:
    """Bytes added before, after and between."""
    for more in (b"\0", b"\x01", b"=", bytes(16), sealed[:1], sealed):
        for position in range(len(sealed) + 1):
            yield b64encode(sealed[:position] + more + sealed[position:]).decode()


def splices(one: bytes, other: bytes) -> Mutants:
    """The head of one token with the tail of the other, at every place, lengths kept or joined."""
    for position in range(1, min(len(one), len(other))):
        for head, tail in ((one, other), (other, one)):
            spliced = head[:position] + tail[position:]
            if spliced not in (one, other):
                yield b64encode(spliced).decode()
            joined = head[:position] + tail[-position:]
            if joined not in (one, other):
                yield b64encode(joined).decode()


def headers(sealed: bytes) -> Mutants:
    """Every other version, every other key of the ring, and nonces of other tokens."""
    for version in range(256):
        if version != sealed[0]:
            yield b64encode(bytes([version]) + sealed[1:]).decode()
    for key in RING.keys:
        if key.tag != sealed[1:5]:
            yield b64encode(sealed[:1] + key.tag + sealed[5:]).decode()
    for nonce in (bytes(12), sealed[-12:], b64decode(TWIN)[5:17]):
        yield b64encode(sealed[:5] + nonce + sealed[17:]).decode()


def base64_variants(token: str) -> Mutants:
    """Other texts that a forgiving decoder takes for the same bytes."""
    bare = token.rstrip("=")
    for stray in (" ", "\n", "\r\n", "\t", "-", "_", "=", "\0", "%2B", "ä", "\u00a0", ".", "\ud800"):
        for position in range(len(token) + 1):
            yield token[:position] + stray + token[position:]
    yield from (token + "=", token + "==", bare + "===", token + "====", token.lower(), token.upper())
    yield urlsafe_b64encode(b64decode(token)).decode() + "-"
    if token != (safe := token.replace("+", "-").replace("/", "_")):
        yield safe
    if bare != token:  # no padding, and spare bits below the last byte
        yield bare
        last = ALPHABET.index(bare[-1])
        free = 4 if token.endswith("==") else 2
        for bits in range(1, 1 << free):
            yield bare[:-1] + ALPHABET[last | bits] + token[len(bare) :]


def random_mutants(tokens: list[str], count: int, seed: int) -> Mutants:
    """Several random changes at once, always the same ones."""
    random = Random(seed)
    for _ in range(count):
        sealed = bytearray(b64decode(random.choice(tokens)))
        for _ in range(random.randint(1, 4)):
            place = random.randrange(len(sealed))
            sealed[place] = (sealed[place] + random.randint(1, 255)) % 256
        if bytes(sealed) not in map(b64decode, tokens):
            yield b64encode(sealed).decode()


def tokens_of_every_padding() -> list[str]:
    """Three tokens for one key whose texts end without padding, with one and with two equal signs."""
    made = {}
    for length in range(1, 4):
        token = seal(ROLE._replace(name="n" * length), RING, bytes([length]) * 12).token
        made[token.count("=")] = token
    assert sorted(made) == [0, 1, 2]
    return list(made.values())


def test_the_unchanged_token_opens() -> None:
    """The tokens that all mutants come from are good themselves, so that a refusal means something."""
    for token in (TOKEN, LONG_TOKEN, TWIN, *tokens_of_every_padding()):
        session, secret = open_token(token, ROLE.access_key_id, RING)
        assert isinstance(session, Session)
        assert isinstance(secret, Secret)


def test_no_mutated_token_is_accepted(cases: Callable[[int], int]) -> None:
    """More than sixty thousand systematic mutants and as many random ones: none opens, all are told the same."""
    short, long, twin = b64decode(TOKEN), b64decode(LONG_TOKEN), b64decode(TWIN)
    systematic = 0
    for sealed in (short, long):
        for family in (bit_flips, byte_changes, truncations, extensions, headers):
            systematic += assert_all_refused(family(sealed))
        systematic += assert_all_refused(character_changes(b64encode(sealed).decode()))
    systematic += assert_all_refused(splices(short, twin)) + assert_all_refused(splices(short, long))
    assert systematic > 60_000
    assert assert_all_refused(random_mutants([TOKEN, LONG_TOKEN, TWIN], cases(60_000), seed=1)) >= cases(59_000)


def test_a_token_has_one_text() -> None:
    """White space, other alphabets, missing or additional padding and spare bits are refused for every padding."""
    assert sum(assert_all_refused(base64_variants(token)) for token in tokens_of_every_padding()) > 3_000


def test_a_token_belongs_to_its_access_key() -> None:
    """Beside another session's or another account's key id, or the same id spelled otherwise, a token is refused."""
    key_id = ROLE.access_key_id
    others = [
        OTHER_KEY_ID,
        "ASIA6RVFFB7777777777",
        key_id.lower(),
        key_id + " ",
        key_id[:-1],
        key_id + "A",
        "",
        "x" * 5_000,
    ]
    others += [key_id[:place] + "2" + key_id[place + 1 :] for place in range(len(key_id))]
    assert {refusal(TOKEN, other) for other in others} == {refusal("")}


def test_another_installations_ring_opens_nothing() -> None:
    """A ring with the same key ids but other keys refuses in the same words as one that lacks the id."""
    foreign = ring_of_three("elsewhere")
    assert {key.id for key in foreign.keys} == {key.id for key in RING.keys}
    lacking = Keyring((with_active(RING, "00000003").active,))
    assert refusal(TOKEN, ring=foreign) == refusal(TOKEN, ring=lacking) == refusal("")


def test_exactly_one_key_is_tried() -> None:
    """A token whose id was changed to that of the key which really sealed another is opened under neither."""
    for key in RING.keys:
        sealed = b64decode(seal(ROLE, with_active(RING, key.id), b"3" * 12).token)
        for other in RING.keys:
            if other is not key:
                assert refusal(b64encode(sealed[:1] + other.tag + sealed[5:]).decode()) == refusal("")


def test_the_secret_of_one_token_is_not_that_of_another() -> None:
    """Same session, same key, other nonce or other key id beside it: another secret."""
    secrets = {
        seal(ROLE._replace(access_key_id=key_id), with_active(RING, ring_key), bytes([number]) * 12).secret.reveal()
        for key_id in (ROLE.access_key_id, OTHER_KEY_ID)
        for ring_key in ("00000001", "00000002", "00000003")
        for number in range(50)
    }
    assert len(secrets) == 300


def test_a_forger_without_the_key_is_refused() -> None:
    """A token sealed with guessed material under a known key id does not open."""
    for guess in (bytes(32), material("guess"), RING.active.tag * 8, RING.active.id.encode() * 4):
        forged = Keyring((replace(RING.active, material=guess),))
        assert refusal(seal(ROLE, forged, b"4" * 12).token) == refusal("")


def test_a_token_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that a later release sealed properly with the same key."""
    for version in (0, 2, 255):
        monkeypatch.setattr(token_module, "_VERSION", bytes([version]))
        later = seal(ROLE, RING, b"5" * 12).token
        assert open_token(later, ROLE.access_key_id, RING)[0] == ROLE
        monkeypatch.undo()
        assert refusal(later) == refusal("")


def test_a_huge_token_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit a text is looked at, beyond it not even its alphabet."""
    decoded = []
    decode = token_module.a2b_base64
    monkeypatch.setattr(token_module, "a2b_base64", lambda text: decoded.append(len(text)) or decode(text))
    for text in ("A" * (LONGEST_ACCEPTED + 1), "ä" * 10_000_000, TOKEN + "A" * 1_000_000, "", "A" * 43):
        assert refusal(text) == refusal("")
    assert not decoded
    assert refusal("A" * LONGEST_ACCEPTED) == refusal("")
    assert decoded == [LONGEST_ACCEPTED]


@given(text=st.text() | st.binary(min_size=20, max_size=200).map(lambda data: b64encode(b"\x01" + data).decode()))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Any text at all, and any bytes of the right form, raise nothing but daypass's own refusal."""
    with pytest.raises(DaypassError):
        open_token(text, ROLE.access_key_id, RING)
