"""Whatever is done to a real request on its way, the whole pipeline refuses it, in AWS's words, and nothing happens."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from daypass.exchange import RawRequest, Response
from daypass.sessions import open_token, seal
from daypass.sessions.keyring import Keyring, SealingKey
from daypass.testing.local import Signer
from tests.calling import code_of
from tests.security.callers import role_session_of
from tests.security.mutations import MUTATIONS, Original, Stock, originals, resigned, signed, with_token
from tests.security.world import ADMINISTRATOR, ON_THE_WIRE, World, form_of, new_world
from tests.sigv4.mutants import meaning

pytestmark = pytest.mark.usefixtures("botocore_time")

REFUSALS = {
    "ExpiredToken": 403,
    "IncompleteSignature": 400,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "MalformedQueryString": 400,
    "MissingAuthenticationToken": 403,
    "SignatureDoesNotMatch": 403,
}
"""What a request may be told that does not get past authentication."""

NAMESPACES = {
    "https://sts.amazonaws.com/doc/2011-06-15/",
    "https://iam.amazonaws.com/doc/2010-05-08/",
    "http://webservices.amazon.com/AWSFault/2005-15-09",
}
WORDLESS = {302: b"", 404: b"<UnknownOperationException/>\n", 400: b"", 413: b""}
"""Answers that AWS's front end gives without an envelope: no Action, no such path, a request that is none."""

NAMES = (Path(__file__).parents[1] / "sigv4/cases/amz_headers.txt").read_text().split()


@dataclass
class Attack:
    """A world, the requests that are accepted there, and what an attacker may have in his hands."""

    world: World
    originals: list[Original]
    stock: Stock

    @property
    def insiders(self) -> list[Signer]:
        """The credentials that signed the originals."""
        return list(dict.fromkeys(one.signer for one in self.originals))


@pytest.fixture(scope="module")
def attack(world: World, botocore_time: None) -> Attack:
    """Originals of every operation by a user's key and by a session; others' credentials, elsewhere's among them."""
    _, person = world.person("victim", ADMINISTRATOR)
    session = role_session_of(world, "victim-role")
    strangers = [world.daypass.admin, world.person("mallory")[1], role_session_of(world, "mallory-role")]
    strangers += [world.session_token(person), world.session_token()]
    _, elsewhere = world.daypass.account_named("elsewhere")
    strangers += [elsewhere, world.session_token(elsewhere)]
    with new_world(seed=9) as foreign:
        strangers += [foreign.daypass.admin, role_session_of(foreign, "victim-role"), foreign.session_token()]
    made = list(originals(world, [person, session]))
    return Attack(world, made, Stock(made, [person, session, *strangers]))


def refused(world: World, raw: RawRequest) -> str:
    """The code of a refusal at or before authentication, its shape checked; ``accepted`` for any other answer."""
    answer = world.daypass.serve(raw)
    if answer.status == 200 and not answer.body and raw.method == "OPTIONS":
        return "OPTIONS"
    if not answer.body.startswith((b"<ErrorResponse", b'{"Error"')):
        if answer.status in WORDLESS and answer.body == WORDLESS[answer.status]:
            assert not any(b"X-Amz-" in value for _, value in answer.headers), "a signature is sent on its way"
            return str(answer.status)
        return "accepted"
    code, status = read_refusal(answer)
    if code not in REFUSALS:
        return "accepted"
    assert status == REFUSALS[code]
    return code


def read_refusal(answer: Response) -> tuple[str, int]:
    """Code and status of a refusal in AWS's form; fails when the form is another."""
    headers = {name.lower(): value for name, value in answer.headers}
    assert headers[b"content-type"] == b"text/xml"
    root = ET.fromstring(answer.body)
    namespace, _, name = root.tag[1:].partition("}")
    assert namespace in NAMESPACES
    assert name == "ErrorResponse"
    error, request_id = root[0], root[1].text
    said = {child.tag.rpartition("}")[2]: child.text or "" for child in error}
    assert said["Type"] == "Sender", said
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", request_id or "")
    assert headers[b"x-amzn-requestid"].decode() == request_id
    return said["Code"], answer.status


def test_the_originals_are_accepted(attack: Attack) -> None:
    """Every operation, by key and session, in header and query: were they refused, refusing mutants meant nothing."""
    codes = {one.operation: code_of(attack.world.daypass.serve(one.raw)) for one in attack.originals}
    assert tuple(sorted(codes)) == ON_THE_WIRE
    assert not {one.operation for one in attack.originals if refused(attack.world, one.raw) != "accepted"}
    assert not REFUSALS.keys() & codes.values()


def test_no_mutant_of_a_request_is_accepted(attack: Attack, cases: Callable[[int], int]) -> None:
    """Twenty-two thousand mutants of all operations: refused unless they mean the same, and no more than counted."""
    wanted = cases(22_000)
    meanings = {id(one): meaning(one.raw) for one in attack.originals}
    known = list(meanings.values())
    random, counts, same, codes = Random(20261122), Counter[str](), Counter[str](), Counter[str]()
    raws = {one.raw for one in attack.originals}
    kinds = list(MUTATIONS.items())
    trail = attack.world.daypass.daypass.audit
    recorded = trail.counters().records
    passed = 0
    while counts.total() < wanted:
        for one in attack.originals:
            kind, mutate = kinds[random.randrange(len(kinds))]
            mutant = mutate(one, attack.stock, random)
            if mutant in raws:
                continue  # nothing was changed
            code = refused(attack.world, mutant)
            if code == "accepted":
                said = meaning(mutant)
                assert said == meanings[id(one)] or said in known, f"{kind}: {mutant} {mutant.body!r}"
                same[kind] += 1
                passed += 1
            else:
                counts[kind] += 1
                codes[code] += 1
    assert counts.keys() == MUTATIONS.keys() - ALWAYS_THE_SAME
    assert min(counts.values()) > wanted / len(kinds) / 5, counts
    assert same.keys() >= ALWAYS_THE_SAME
    assert not same.keys() & NEVER_THE_SAME, same
    assert all(same[kind] < counts[kind] / 10 for kind in BUT_FOR_WHITE_SPACE), same
    assert codes.keys() >= REFUSALS.keys() - {"ExpiredToken"}
    written = trail.counters().records - recorded
    assert passed <= written <= 2 * passed, "a refused mutant left more than a count"


ALWAYS_THE_SAME = {"header order", "query order"}
NEVER_THE_SAME = {"signature", "body", "method", "date", "key id", "both kinds of signature", "signed headers"}
NEVER_THE_SAME |= {"parts of others signed anew"}
BUT_FOR_WHITE_SPACE = {"scope", "token", "token signed anew"}


def test_no_mutant_had_an_effect(attack: Attack) -> None:
    """After all attacks the accounts that took no part are as they were, and nobody has a new key."""
    account = attack.world.snapshot()
    assert not [name for name in account.users_by_name if name not in expected_users(attack.world)]
    owners = Counter(key.user_id for key in account.access_keys.values())
    assert owners[account.users_by_name["admin"].id] == 1
    assert owners[account.users_by_name["mallory"].id] == 1
    assert account.users_by_name["mallory"].attached == ()


def expected_users(world: World) -> set[str]:
    return {"admin", "victim", "mallory", world.names["user"], world.names["bare_user"], f"new-{world.names['n']}"}


@pytest.mark.parametrize("operation", ON_THE_WIRE)
def test_no_unsigned_amz_header_has_an_effect(attack: Attack, operation: str) -> None:
    """Two hundred x-amz-* names added to each operation, in the header form and in the query form, all refused."""
    names = NAMES + [f"x-amz-{a}{b}" for a in "abcdefghijklmno" for b in "-_.~0z9x|!"]
    assert len(set(names)) >= 200
    mine = [one for one in attack.originals if one.operation == operation]
    random = Random(operation)
    for name in names:
        one = random.choice(mine)
        if name.encode() in {present for present, _ in one.raw.headers}:
            one = next(each for each in mine if each.presigned)
        value = random.choice((b"", b"x", b"arn:aws:iam::123456789012:root", b"20150830T123600Z"))
        at = random.randint(0, len(one.raw.headers))
        headers = (*one.raw.headers[:at], (name.encode(), value), *one.raw.headers[at:])
        assert refused(attack.world, one.raw.replaced(headers=headers)) in (
            "SignatureDoesNotMatch",
            "IncompleteSignature",
        )


def test_a_key_id_a_secret_and_a_token_must_belong_together(attack: Attack) -> None:
    """Of all ways to combine the parts of twelve credentials only the nine that are ours are accepted."""
    held = attack.stock.others
    local = set(held[:-3])
    accepted = set()
    body = form_of("sts:GetCallerIdentity", {})
    for one, two, three in product(held, held, (*held, None)):
        mixed = replace(
            one, secret_access_key=two.secret_access_key, session_token=three.session_token if three else None
        )
        raw = signed("sts:GetCallerIdentity", body, mixed, presigned=one is two)
        code = refused(attack.world, raw)
        if code == "accepted":
            accepted.add(mixed)
        else:
            assert code in ("InvalidClientTokenId", "SignatureDoesNotMatch")
    assert accepted == local


def test_a_token_sealed_elsewhere_under_the_same_key_id_is_refused(attack: Attack) -> None:
    """Another installation's key, with our key's id, seals nothing that we open, whatever the session says."""
    session = attack.insiders[1]
    assert session.session_token is not None
    ring = attack.world.daypass.daypass.keys.ring()
    content, _ = open_token(session.session_token, session.access_key_id, ring)
    for material in (bytes(32), ring.active.tag * 8, b"\xff" * 32):
        theirs = Keyring((SealingKey(ring.active.id, "active", material, 0, 0),))
        sealed = seal(content, theirs, b"n" * 12)
        forged = Signer(session.access_key_id, sealed.secret, sealed.token)
        for one in attack.originals[:8]:
            assert refused(attack.world, resigned(one, forged)) == "InvalidClientTokenId"


def test_nothing_of_a_token_is_believed_before_its_seal_is_checked(attack: Attack) -> None:
    """Each bit of a session's token turned, in header and query: one code, whatever the bit would have meant."""
    for presigned in (False, True):
        one = next(each for each in attack.originals if each.signer.session_token and each.presigned is presigned)
        sealed = b64decode(one.signer.session_token or "")
        for place in range(len(sealed) * 8):
            flipped = bytearray(sealed)
            flipped[place // 8] ^= 1 << place % 8
            mutant = with_token(one, b64encode(flipped).decode())
            assert refused(attack.world, mutant) == "InvalidClientTokenId", place


def test_the_usual_run_makes_more_than_a_hundred_thousand_mutants() -> None:
    """The suites of engines and pipeline ask for that many together, so that none is quietly made smaller."""
    tests = Path(__file__).parents[1]
    asked = 0
    for name in ("sigv4/test_mutations.py", "sessions/test_token_attacks.py", "security/test_mutations.py"):
        numbers = [
            node.args[0].value
            for node in ast.walk(ast.parse((tests / name).read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cases"
            if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, int)
        ]
        asked += max(numbers)
        assert max(numbers) >= 20_000, name
    assert asked >= 100_000
