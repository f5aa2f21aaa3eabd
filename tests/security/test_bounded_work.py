"""What one request can cost: time and memory stay bounded, for strangers and for callers who mean harm."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from urllib.parse import urlencode

import pytest

from daypass.errors import Malformed
from daypass.exchange import RawRequest
from daypass.ids import access_key_id
from daypass.policy import parse_policy
from daypass.ports import NotLoaded
from daypass.sigv4.scope import format_timestamp
from daypass.testing.local import raw_request
from daypass.wire import LARGE_FORM
from tests.security.world import ADMINISTRATOR, World, trusting


def test_conditions_see_no_more_of_an_unsigned_header_than_a_kilobyte(world: World) -> None:
    """However long a user agent is, its patterns run over a bounded text; what is behind does not match."""
    condition = {"StringLike": {"aws:UserAgent": "*end"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    session = world.assume(world.post("agent", ADMINISTRATOR), Policy=json.dumps({"Statement": statement}))
    for length, status in ((1_021, 200), (1_022, 403), (15_000, 403)):
        headers = {"User-Agent": "a" * length + "end"}
        answer = world.daypass.call("iam", "ListUsers", {}, session, headers=headers)
        assert answer.status == status, length


LONG = "a" * 8_000
FORM = "application/x-www-form-urlencoded"
CLAIM = "AWS4-HMAC-SHA256 Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={}"
PARTS = ("the key", "the day", "the region", "the service", "the signed headers", "the signature")
PLACES = (
    *PARTS,
    "Accept",
    "Content-Type",
    "Host",
    "User-Agent",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "Action",
    "RoleArn",
)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_that_strangers_send_is_kept(world: World, place: str) -> None:
    """However long and however different a claim is each time, two hundred of them leave next to nothing in memory."""
    moment = format_timestamp(int(world.daypass.clock.now()))

    def ask(number: int) -> None:
        claim = f"us-{number}{LONG}-1"
        usual = (world.daypass.admin.access_key_id, moment[:8], "us-east-1", "sts", "host;x-amz-date", "ab")
        parts = [claim if place == part else text for part, text in zip(PARTS, usual, strict=True)]
        headers = {"Host": "sts.test", "X-Amz-Date": moment, "Content-Type": "application/x-www-form-urlencoded"}
        form = {"Action": "AssumeRole", "Version": "2011-06-15"}
        if place not in PARTS:
            (form if place in ("Action", "RoleArn") else headers)[place] = claim
        headers["Authorization"] = CLAIM.format(*parts)
        answer = world.daypass.serve(raw_request("POST", "/", headers.items(), urlencode(form).encode()))
        assert answer.status >= 300

    for number in range(10):
        ask(number)
    tracemalloc.start()
    try:
        for number in range(10, 210):
            ask(number)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 600_000


FILLERS = {"escapes": b"%41", "escaped separators": b"%26", "a character of two": b"\xc3\xa4", "spaces": b"+"}


def claimed(world: World, key: str, body: bytes, **headers: str) -> RawRequest:
    """A form that claims to be from ``key``, with a signature that is well formed and wrong."""
    moment = format_timestamp(int(world.daypass.clock.now()))
    claim = CLAIM.format(key, moment[:8], "us-east-1", "sts", "host;x-amz-date", "ab" * 32)
    given = {"Host": "sts.test", "X-Amz-Date": moment, "Content-Type": FORM, "Authorization": claim, **headers}
    return raw_request("POST", "/", [pair for pair in given.items() if pair[1]], body)


@pytest.mark.parametrize("known", [True, False], ids=["a known key id", "an unknown one"])
@pytest.mark.parametrize("filler", FILLERS.values(), ids=list(FILLERS))
def test_a_strangers_large_form_is_refused_unread(world: World, filler: bytes, known: bool) -> None:
    """Nine megabytes cost no more than their hash, and that only under a key id that exists."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15&x=" + filler * (9_000_000 // len(filler))
    key = world.daypass.admin.access_key_id if known else access_key_id("AKIA", world.account, bytes(6))
    request, times = claimed(world, key, body), []
    for _ in range(3):
        started = time.process_time()
        answer = world.daypass.serve(request)
        times.append(time.process_time() - started)
        assert answer.status == 403
        assert (b"SignatureDoesNotMatch" if known else b"InvalidClientTokenId") in answer.body
    assert min(times) < (0.05 if known else 0.005)


def test_the_order_of_refusals_is_awss_up_to_the_size_that_matters(world: World) -> None:
    """An unknown Action is told to strangers in a form of 128 KB; in a larger one, that they are strangers."""
    body = b"Action=Nonsense&Version=2011-06-15&x="
    for size, code in ((LARGE_FORM, b"InvalidAction"), (LARGE_FORM + 1, b"SignatureDoesNotMatch")):
        request = claimed(world, world.daypass.admin.access_key_id, body.ljust(size, b"a"))
        assert b"<Code>%b</Code>" % code in world.daypass.serve(request).body
    unsigned = claimed(world, "", body.ljust(LARGE_FORM + 1, b"a"), Authorization="")
    assert b"<Code>MissingAuthenticationToken</Code>" in world.daypass.serve(unsigned).body
    unreadable = claimed(world, "", body.ljust(LARGE_FORM + 1, b"a"), Authorization="AWS4-HMAC-SHA256 Nonsense")
    assert b"<Code>IncompleteSignature</Code>" in world.daypass.serve(unreadable).body


def test_what_is_no_form_is_not_read_and_answered_as_ever(world: World) -> None:
    """A large body of another kind has no Action: its sender is sent to the product page; too large a one is 413."""
    key = world.daypass.admin.access_key_id
    text = claimed(world, key, b"a" * 1_000_000, **{"Content-Type": "text/plain"})
    assert world.daypass.serve(text).status == 302
    assert world.daypass.serve(claimed(world, key, b"a" * 10_000_001)).status == 413


def test_a_callers_large_form_is_answered(world: World) -> None:
    """Whoever is verified may send ten megabytes, and learns what is wrong with them."""
    assert world.daypass.call("sts", "GetCallerIdentity", {"Unknown": "a" * 9_000_000}).status == 200
    answer = world.daypass.call("iam", "CreateUser", {"UserName": "a" * 200_000})
    assert (answer.status, b"ValidationError" in answer.body) == (400, True)
    session = world.assume(world.post("large", ADMINISTRATOR))
    assert world.daypass.call("sts", "GetCallerIdentity", {"Unknown": "a" * 200_000}, session).status == 200


def test_a_callers_large_form_is_not_read_on_the_event_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may do nothing at all can still sign: what he sends waits for a thread, and there for its turn."""
    monkeypatch.setattr(world.daypass, "serve", world.daypass.daypass.service.serve)
    usual, large = ({"Unknown": "a" * size} for size in (LARGE_FORM // 2, LARGE_FORM + 1))
    assert world.daypass.call("sts", "GetCallerIdentity", usual).status == 200
    with pytest.raises(NotLoaded) as reason:
        world.daypass.call("sts", "GetCallerIdentity", large)
    assert reason.value.holder
    assert reason.value.is_long


def test_a_session_full_of_tags_works_and_is_not_remembered(world: World) -> None:
    """A short token can hold 20,000 characters of tags; it is good as often as it comes, and takes no memory."""
    role = world.post("full", ADMINISTRATOR)
    long = [{"Key": f"{number:a>120}", "Value": "b" * 250} for number in range(50)]
    remembered = world.daypass.daypass.service._authenticator._opened[1]
    for tags, more in ((long, 0), (long[:1], 1)):
        session = world.assume(role, Tags=tags)
        before = len(remembered)
        for _ in range(2):
            assert world.daypass.call("sts", "GetCallerIdentity", {}, session).status == 200
        assert len(remembered) == before + more


def test_a_trust_policy_that_is_too_long_is_not_bound(world: World) -> None:
    """Its length is refused before any of its principals is looked for: each may cost the reading of an account."""
    document = trusting(*(f"arn:aws:iam::{world.account}:user/nobody-{number}" for number in range(60)))
    answer = world.daypass.call("iam", "CreateRole", {"RoleName": "long", "AssumeRolePolicyDocument": document})
    assert answer.status == 409
    assert b"<Code>LimitExceeded</Code>" in answer.body


def test_the_member_that_occurs_twice_is_found_at_once() -> None:
    """In a document of the greatest length with 12,000 members and the last one again, within half a second."""
    members = ",".join(f'"{number}":1' for number in range(12_000))
    started = time.perf_counter()
    with pytest.raises(Malformed, match="`11999` occurs twice"):
        parse_policy(f'{{{members},"11999":1}}')
    assert time.perf_counter() - started < 0.5
