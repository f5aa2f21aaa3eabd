"""Whatever we hand out and take back: changed by whoever has it, or put together from several, it is worth nothing."""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import get_args

import pytest

from daypass.errors import DaypassError
from daypass.federation.compact import read_token
from daypass.federation.key_set import read_key_set
from daypass.federation.web_identity import verify_signature
from daypass.outbound import published
from daypass.principals import Session, SessionKind
from daypass.sessions.authorization_message import open_message
from daypass.sessions.token import open_token
from daypass.sessions.trade_in import TradeIn, key_of, open_trade_in, seal_trade_in
from daypass.testing.local import Signer
from tests.calling import credentials_in, element
from tests.security.world import ADMINISTRATOR, World, document
from tests.sigv4.samples import NOW

Open = Callable[[str], object]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=. \n"


@dataclass
class Kind:
    """One kind of token: a few that are good, how the first of them is opened, what their parts are joined by."""

    tokens: list[str]
    open: Open
    joint: str = ""


MAKERS: dict[str, Callable[[World], Kind]] = {}


def kind(name: str) -> Callable[[Callable[[World], Kind]], Callable[[World], Kind]]:
    """Register the decorated function as the maker of tokens of this kind."""

    def register(make: Callable[[World], Kind]) -> Callable[[World], Kind]:
        MAKERS[name] = make
        return make

    return register


def of_sessions(world: World, *sessions: Signer) -> Kind:
    """Session tokens; the first is opened beside its own key id."""
    ring = world.daypass.daypass.keys.ring()
    return Kind(
        [session.session_token or "" for session in sessions],
        partial(open_token, access_key_id=sessions[0].access_key_id, ring=ring),
    )


@kind("session of a role")
def role(world: World) -> Kind:
    """With a policy, tags and a source identity, and a chained one."""
    post = world.post("mutants", ADMINISTRATOR)
    more = {"Tags": [{"Key": "team", "Value": "red"}], "TransitiveTagKeys": ["team"], "SourceIdentity": "alice"}
    first = world.assume(post, Policy=document("s3:*"), **more)
    return of_sessions(world, first, world.assume(post), world.assume(post, world.assume(post)))


@kind("session of a user")
def user(world: World) -> Kind:
    """GetSessionToken of a user."""
    return of_sessions(world, world.session_token(), world.session_token())


@kind("session of root")
def root(world: World) -> Kind:
    """GetSessionToken of root."""
    made = world.daypass.daypass.operator("daypass:CreateRootAccessKey", {}, world.account)["AccessKey"]
    signer = Signer.of(made)
    sessions = [world.session_token(signer) for _ in range(2)]
    world.daypass.daypass.operator("daypass:DeleteRootAccessKeys", {}, world.account)
    return of_sessions(world, *sessions)


@kind("session of a federated user")
def federated(world: World) -> Kind:
    """GetFederationToken of a user, and of a user without a policy."""
    return of_sessions(world, world.federation_token(Policy=document("*")), world.federation_token())


@kind("session of a member's root")
def assumed_root(world: World) -> Kind:
    """AssumeRoot for two tasks."""
    task = "arn:aws:iam::aws:policy/root-task/"
    made = [
        world.daypass.call(
            "sts", "AssumeRoot", {"TargetPrincipal": world.member, "TaskPolicyArn": {"arn": f"{task}{name}"}}
        )
        for name in ("IAMAuditRootUserCredentials", "S3UnlockBucketPolicy")
    ]
    return of_sessions(world, *map(credentials_in, made))


@kind("session of a delegation")
def delegated(world: World) -> Kind:
    """GetDelegatedAccessToken, twice."""
    wish = {"TradeInToken": world.trade_in}
    made = [world.daypass.call("sts", "GetDelegatedAccessToken", wish) for _ in range(2)]
    return of_sessions(world, *map(credentials_in, made))


@kind("encoded authorization message")
def message(world: World) -> Kind:
    """For the account of the world."""
    ring = world.daypass.daypass.keys.ring()
    opened = partial(open_message, account=world.account, ring=ring, now=int(NOW))
    return Kind([world._message() for _ in range(3)], opened)


@kind("trade-in token")
def trade_in(world: World) -> Kind:
    """Of two requests."""
    key = world.daypass.daypass.keys.ring().active
    other = seal_trade_in(TradeIn(world.delegations[2].id, world.account, int(NOW)), key, b"o" * 12)

    def opened(token: str) -> object:
        ring = world.daypass.daypass.keys.ring()
        found = ring.find_tag(bytes.fromhex(key_of(token)))
        if found is None:
            raise DaypassError("sealed with an unknown key")
        return open_trade_in(token, found)

    return Kind([world.trade_in, other], opened)


def web_identity(world: World, algorithm: str) -> Kind:
    """Tokens of GetWebIdentityToken, verified by the key set that the account publishes, as others do."""
    keys = read_key_set(published(world.issuer, "https://issuer.example.com")["/.well-known/jwks.json"])
    answers = [
        world.daypass.call("sts", "GetWebIdentityToken", {"Audience": [name], "SigningAlgorithm": algorithm})
        for name in ("https://a.example.com", "https://b.example.com")
    ]

    def opened(text: str) -> object:
        token = read_token(text)
        key = keys.find(token.algorithm, token.key_id)
        if key is None:
            raise DaypassError("no such key")
        verify_signature(token, key)
        return token

    return Kind([element(answer, "WebIdentityToken") for answer in answers], opened, ".")


@kind("web identity token, RS256")
def rs256(world: World) -> Kind:
    """Signed with RSA."""
    return web_identity(world, "RS256")


@kind("web identity token, ES384")
def es384(world: World) -> Kind:
    """Signed with ECDSA."""
    return web_identity(world, "ES384")


# ── mutants ──────────────────────────────────────────────────────────────────────────────────────────


def mutants(made: Kind, strange: list[str], count: int, random: Random) -> Iterator[str]:
    """``count`` texts that come from good tokens and are none. ``strange``: good tokens of other kinds."""
    good = {*made.tokens, *(other for other in strange if made.joint and made.joint in other)}  # the same key set's
    ways = [letters, bits, cut, splice, swap_parts, other_text]
    told = 0
    while told < count:
        mutant = random.choice(ways)(random, made, strange)
        if mutant not in good:
            told += 1
            yield mutant


def letters(random: Random, made: Kind, strange: list[str]) -> str:
    """One to four characters replaced, dropped or put in."""
    text = random.choice(made.tokens)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(text))
        text = text[:place] + random.choice(("", random.choice(ALPHABET))) + text[place + random.randint(0, 1) :]
    return text


def bits(random: Random, made: Kind, strange: list[str]) -> str:
    """One to four bits of the bytes turned, in one of the parts, written as it was."""
    text = random.choice(made.tokens)
    parts = text.split(".") if made.joint else [text]
    at = random.randrange(len(parts))
    sealed = bytearray(raw(parts[at]))
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(sealed))
        sealed[place] ^= 1 << random.randrange(8)
    parts[at] = written(bytes(sealed), parts[at], unpadded=bool(made.joint))
    return made.joint.join(parts)


def cut(random: Random, made: Kind, strange: list[str]) -> str:
    """Shortened at either end, or a piece of itself said twice."""
    text = random.choice(made.tokens)
    place, other = sorted(random.sample(range(1, len(text)), 2))
    return random.choice((text[:place], text[place:], text[:place] + text[other:], text[:other] + text[place:]))


def splice(random: Random, made: Kind, strange: list[str]) -> str:
    """The head of one token and the tail of another, of whatever kind, joined at the same place."""
    one, other = random.sample([*made.tokens, random.choice(strange)], 2)
    place = random.randrange(1, min(len(one), len(other)))
    return one[:place] + other[place:]


def swap_parts(random: Random, made: Kind, strange: list[str]) -> str:
    """What is read first (version, key and nonce, or a header) from elsewhere; of tokens in parts, any mix."""
    one, other = random.sample([*made.tokens, random.choice(strange)], 2)
    if made.joint:
        mixed = [random.choice(pair) for pair in zip(one.split("."), (other.split(".") * 3)[:3], strict=False)]
        mixed[0] = random.choice((mixed[0], "eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"))
        return ".".join((*mixed, "")[: random.randint(2, 4)])
    head = random.choice((1, 5, 17))
    return written(raw(other)[:head] + raw(one)[head:], one, unpadded="=" not in one and len(one) % 4 != 0)


def other_text(random: Random, made: Kind, strange: list[str]) -> str:
    """Other texts that a forgiving reader takes for the same, and good tokens of other kinds."""
    text = random.choice(made.tokens)
    place = random.randrange(len(text) + 1)
    return random.choice(
        (
            text[:place] + random.choice(" \n\r\t\0=%.-_~é\u00a0") + text[place:],
            text.swapcase(),
            text.rstrip("=") + "=" * random.randint(3, 5),
            text.translate(str.maketrans("+/-_", "-_+/")) + "-",
            text * 2,
            random.choice(strange),
            "",
        )
    )


def raw(text: str) -> bytes:
    """The bytes of a text in either alphabet."""
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    return b64decode(padded.translate(str.maketrans("-_", "+/")))


def written(data: bytes, like: str, *, unpadded: bool) -> str:
    """``data`` in the alphabet of ``like``."""
    text = (b64encode if set("+/") & set(like) else urlsafe_b64encode)(data).decode()
    return text.rstrip("=") if unpadded else text


# ── tests ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def kinds(world: World) -> dict[str, Kind]:
    """Good tokens of every kind."""
    return {name: make(world) for name, make in MAKERS.items()}


def accepted(made: Kind, strange: list[str], count: int, seed: str) -> list[str]:
    """The mutants that were taken for good; whatever else happens to one than a refusal fails the test."""
    found = []
    for mutant in mutants(made, strange, count, Random(seed)):
        try:
            made.open(mutant)
        except DaypassError:
            continue
        found.append(mutant)
    return found


def strangers(kinds: dict[str, Kind], name: str) -> list[str]:
    """Good tokens of other kinds, and of other sessions of this kind."""
    return [token for other, made in kinds.items() for token in made.tokens if other != name]


@pytest.mark.parametrize("name", MAKERS)
def test_no_mutant_of_a_token_is_accepted(kinds: dict[str, Kind], name: str, cases: Callable[[int], int]) -> None:
    """Two thousand of each kind in the usual run, after the token itself has opened."""
    made = kinds[name]
    made.open(made.tokens[0])
    assert not accepted(made, strangers(kinds, name), cases(2_000), name)


@pytest.mark.nightly
@pytest.mark.parametrize("name", MAKERS)
def test_no_mutant_of_a_million_is_accepted(kinds: dict[str, Kind], name: str, cases: Callable[[int], int]) -> None:
    """A million of each kind at the nightly scale."""
    assert not accepted(kinds[name], strangers(kinds, name), cases(100_000), f"{name}, all night")


def test_no_kind_of_session_is_left_out(kinds: dict[str, Kind]) -> None:
    """A new kind of session fails here until its tokens are attacked."""
    opened = [made.open(made.tokens[0]) for made in kinds.values()]
    found = {
        session.kind for one in opened if isinstance(one, tuple) for session in one if isinstance(session, Session)
    }
    assert found == set(get_args(SessionKind))
