"""MFA codes in AssumeRole and GetSessionToken: when they count, what they change, and what is said when they do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from daypass.entities import MfaDevice, User
from daypass.exchange import Response
from daypass.ports import NotLoaded
from daypass.testing.local import Signer
from tests.calling import code_of, credentials_in, element
from tests.security.world import ADMINISTRATOR, World, document, new_world

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
BOTH = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
STRANGE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
PRESENT: dict[str, object] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Of its own: its clock moves."""
    with new_world() as made:
        yield made


class Person:
    """A user with a device."""

    def __init__(self, world: World, *attached: str, **device: Any) -> None:
        self.world = world
        self.user, self.signer = world.person(f"person-{world._random.randbytes(4).hex()}", *attached)
        self.device = replace(world.device(self.user.name, self.user), **device)
        world.put(self.device)
        self.serial = world.arn(self.device)

    def token(self, code: str | None = None, signer: Signer | None = None, **more: object) -> Response:
        """GetSessionToken with this code, else the present one."""
        wish = {"SerialNumber": self.serial, "TokenCode": code or self.world.code(), **more}
        return self.world.daypass.call("sts", "GetSessionToken", wish, signer or self.signer)

    def session(self) -> Signer:
        """A session with MFA, opened by the next code."""
        self.world.daypass.clock.advance(30)
        return credentials_in(self.token())

    def assume(self, role: str, code: str | None = None, signer: Signer | None = None) -> Response:
        """AssumeRole, with a code if one is given."""
        wish: dict[str, object] = {"RoleArn": role, "RoleSessionName": "mfa"}
        if code is not None:
            wish |= {"SerialNumber": self.serial, "TokenCode": code}
        return self.world.daypass.call("sts", "AssumeRole", wish, signer or self.signer)


@pytest.fixture
def person(world: World) -> Person:
    return Person(world, ADMINISTRATOR)


def said(answer: Response) -> tuple[int, str, str]:
    return answer.status, code_of(answer), element(answer, "Message")


def guarded(world: World, person: Person, condition: object) -> str:
    """A role that trusts the person under a condition; its ARN."""
    arn = f"arn:aws:iam::{world.account}:user/{person.user.name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    name = f"guarded-{world._random.randbytes(4).hex()}"
    return world.arn(world.post(name, ADMINISTRATOR, trust=trust, trust_ids=((arn, person.user.id),)))


# ── whether a code counts ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("offset", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
@pytest.mark.parametrize("drift", [0, -40, 7])
def test_a_code_counts_one_step_around_the_devices_own_time(world: World, offset: int, taken: bool, drift: int) -> None:
    """Before and after by half a minute, measured by the clock that the device was found to have."""
    person = Person(world, drift=drift)
    answer = person.token(world.code(offset + drift))
    assert answer.status == 200 if taken else said(answer) == (403, "AccessDenied", WRONG)


def test_a_code_opens_one_session(person: Person) -> None:
    """The second use is refused like a wrong code, for the other operation too."""
    assert person.token().status == 200
    assert said(person.token()) == (403, "AccessDenied", WRONG)
    role = guarded(person.world, person, {})
    assert said(person.assume(role, person.world.code())) == (403, "AccessDenied", WRONG)


def test_a_newer_code_uses_up_the_older_ones(person: Person) -> None:
    """Whoever looked over the shoulder a step ago has nothing of it."""
    assert person.token(person.world.code(1)).status == 200
    for offset in (-1, 0, 1):
        assert person.token(person.world.code(offset)).status == 403
    person.world.daypass.clock.advance(60)
    assert person.token().status == 200


def test_codes_that_enabled_a_device_open_nothing(world: World) -> None:
    """Both codes of EnableMFADevice and of ResyncMFADevice are used up; the next one counts."""
    user, signer = world.person("enrolling", ADMINISTRATOR)
    device = world.device("enrolling")
    world.put(device)
    serial = world.arn(device)

    def opened(offset: int) -> int:
        wish = {"SerialNumber": serial, "TokenCode": world.code(offset)}
        return world.daypass.call("sts", "GetSessionToken", wish, signer).status

    def bind(operation: str) -> None:
        pair = {"AuthenticationCode1": world.code(-1), "AuthenticationCode2": world.code(0)}
        given = {"UserName": user.name, "SerialNumber": serial, **pair}
        assert world.daypass.call("iam", operation, given, signer).status == 200

    bind("EnableMFADevice")
    assert [opened(offset) for offset in (-1, 0, 1)] == [403, 403, 200]
    pair = {"AuthenticationCode1": world.code(0), "AuthenticationCode2": world.code(1)}  # half used
    given = {"UserName": user.name, "SerialNumber": serial, **pair}
    assert code_of(world.daypass.call("iam", "ResyncMFADevice", given, signer)) == "InvalidAuthenticationCode"
    world.daypass.clock.advance(90)
    bind("ResyncMFADevice")
    assert [opened(offset) for offset in (-1, 0, 1)] == [403, 403, 200]


def test_after_a_resync_the_devices_own_time_counts(person: Person) -> None:
    """Codes of a clock that is ten minutes late are taken from then on, those of ours no more."""
    world = person.world
    world.daypass.clock.advance(3_600)
    pair = {"AuthenticationCode1": world.code(-20), "AuthenticationCode2": world.code(-19)}
    given = {"UserName": person.user.name, "SerialNumber": person.serial, **pair}
    assert world.daypass.call("iam", "ResyncMFADevice", given, person.signer).status == 200
    assert person.token(world.code()).status == 403
    assert person.token(world.code(-18)).status == 200


def test_five_wrong_codes_close_the_device_for_half_a_minute(person: Person) -> None:
    """Then not even the right code is looked at, and nothing tells that; it counts again afterwards."""
    world = person.world
    for _ in range(5):
        assert said(person.token(wrong(world))) == (403, "AccessDenied", WRONG)
    assert said(person.token()) == (403, "AccessDenied", WRONG)
    world.daypass.clock.advance(30)
    assert person.token().status == 200
    world.daypass.clock.advance(30)
    for _ in range(4):
        person.token(wrong(world))
    assert person.token().status == 200


def test_each_further_wrong_code_doubles_the_closure(person: Person) -> None:
    """A minute after the sixth, two after the seventh; closures are not lengthened by asking."""
    world = person.world
    for _ in range(5):
        person.token(wrong(world))
    for closure in (30, 60, 120):
        world.daypass.clock.advance(closure - 1)
        assert person.token().status == 403
        world.daypass.clock.advance(1)
        person.token(wrong(world))
    world.daypass.clock.advance(240)
    assert person.token().status == 200


def wrong(world: World) -> str:
    """Six digits that are no code of the window."""
    shown = {world.code(offset) for offset in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in shown)


# ── whose device ─────────────────────────────────────────────────────────────────────────────────────


def test_a_device_counts_for_its_user_alone(world: World, person: Person) -> None:
    """Another user's, root's, nobody's, another account's and one that does not exist all look alike."""
    other = Person(world)
    root = replace(world.device(f"root-{other.user.name}"), user_id=world.account, enabled=1)
    loose = world.device(f"loose-{other.user.name}")
    world.put(root, loose)
    strange = [other.serial, world.arn(root), world.arn(loose), "arn:aws:iam::999999999999:mfa/phone", "GAHT12345678"]
    for serial in (*strange, person.serial.upper()):
        assert said(person.token(SerialNumber=serial)) == (403, "AccessDenied", STRANGE), serial
    assert other.token().status == 200


def test_a_role_session_has_no_device(world: World, person: Person) -> None:
    """Whoever opened it, it is not a user; a device of his cannot be shown again along a chain."""
    session = world.assume(world.post(f"chain-{person.user.name}", ADMINISTRATOR), person.signer)
    role = guarded(world, person, {})
    assert said(person.assume(role, world.code(), session)) == (403, "AccessDenied", STRANGE)


def test_a_device_that_was_let_go_counts_no_more(world: World, person: Person) -> None:
    """Deactivating acts at the next call."""
    given = {"UserName": person.user.name, "SerialNumber": person.serial}
    assert world.daypass.call("iam", "DeactivateMFADevice", given, person.signer).status == 200
    assert said(person.token()) == (403, "AccessDenied", STRANGE)


@pytest.mark.parametrize("left_out", ["SerialNumber", "TokenCode"])
def test_device_and_code_belong_together(person: Person, left_out: str) -> None:
    """One without the other is refused, in both operations."""
    given = {"SerialNumber": person.serial, "TokenCode": "123456"}
    del given[left_out]
    call = person.world.daypass.call
    assert said(call("sts", "GetSessionToken", given, person.signer)) == (403, "AccessDenied", BOTH)
    wish = {"RoleArn": f"arn:aws:iam::{person.world.account}:role/any", "RoleSessionName": "mfa", **given}
    assert said(call("sts", "AssumeRole", wish, person.signer)) == (403, "AccessDenied", BOTH)


# ── what it changes ──────────────────────────────────────────────────────────────────────────────────


def test_a_session_with_mfa_reaches_iam_and_says_so(world: World, person: Person) -> None:
    """What needs MFA is allowed with it, and the age is that of the code."""
    old = document("iam:GetUser").replace('"Resource"', f'"Condition": {json.dumps(young(100))}, "Resource"')
    careful = Person(world, world.policy(f"young-{person.user.name}", old))
    own, wish = careful.session(), {"UserName": careful.user.name}
    assert world.daypass.call("iam", "GetUser", wish, own).status == 200
    assert code_of(world.daypass.call("iam", "GetUser", wish, careful.signer)) == "AccessDenied"
    world.daypass.clock.advance(101)
    assert code_of(world.daypass.call("iam", "GetUser", wish, own)) == "AccessDenied"


def young(seconds: int) -> dict[str, object]:
    return PRESENT | {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": str(seconds)}}


@pytest.mark.parametrize("condition", [PRESENT, young(0), {"Null": {"aws:MultiFactorAuthAge": "false"}}])
def test_a_code_in_the_call_itself_fulfils_a_trust_policy(
    world: World, person: Person, condition: dict[str, object]
) -> None:
    """With it the role is assumed, without it the answer does not tell why not."""
    role = guarded(world, person, condition)
    refused = said(person.assume(role))
    assert refused[:2] == (403, "AccessDenied")
    assert refused[2].endswith(f"is not authorized to perform: sts:AssumeRole on resource: {role}")
    assert person.assume(role, world.code()).status == 200


def test_a_session_with_mfa_fulfils_a_trust_policy_as_long_as_it_is_young(world: World, person: Person) -> None:
    """Present is not enough where the age is asked as well; a code in the call makes it young again."""
    role, own = guarded(world, person, young(60)), person.session()
    assert person.assume(role, signer=own).status == 200
    world.daypass.clock.advance(61)
    assert code_of(person.assume(role, signer=own)) == "AccessDenied"
    assert person.assume(role, world.code(), own).status == 200


def test_a_role_session_says_false_even_when_mfa_was_given(world: World, person: Person) -> None:
    """Present and false, as on AWS, without an age; so is that of a session opened with a session with MFA."""
    first = credentials_in(person.assume(guarded(world, person, PRESENT), world.code()))
    second = credentials_in(person.assume(guarded(world, person, PRESENT), signer=person.session()))
    role = world.post(f"after-{person.user.name}", trust=says_false(world))
    for session in (first, second):
        wish = {"RoleArn": world.arn(role), "RoleSessionName": "mfa"}
        assert world.daypass.call("sts", "AssumeRole", wish, session).status == 200


def says_false(world: World) -> str:
    """Trust in whoever of the account has the key, with the value false, and no age."""
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}, "Null": {"aws:MultiFactorAuthAge": "true"}}
    principal = {"AWS": f"arn:aws:iam::{world.account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_a_refused_role_uses_the_code_up_all_the_same(world: World, person: Person) -> None:
    """It was shown; whoever saw it on the way cannot try another role with it."""
    absent = f"arn:aws:iam::{world.account}:role/absent"
    assert said(person.assume(absent, world.code()))[2].endswith(f"on resource: {absent}")
    assert said(person.token()) == (403, "AccessDenied", WRONG)


def test_the_trail_says_with_which_device_and_never_the_code(world: World, person: Person) -> None:
    """The serial number stands in the record, why a code was refused too; the session says that it had MFA."""
    code = world.code()
    own = credentials_in(person.token(code))
    person.token(code)
    world.daypass.call("iam", "ListUsers", {}, own)
    lines = [line for path in (world.daypass.data / "audit").glob("*.jsonl") for line in path.read_text().splitlines()]
    taken, refused, listed = map(json.loads, lines[-3:])
    assert taken["requestParameters"] == {"serialNumber": person.serial}
    assert refused["daypass"]["detail"] == "the code is used up"
    assert listed["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"
    assert not any(code in json.dumps(json.loads(line)["requestParameters"]) for line in lines)


# ── root ─────────────────────────────────────────────────────────────────────────────────────────────


def test_root_has_a_device_of_its_own(world: World) -> None:
    """GetSessionToken of root takes root's device; a user's does not count."""
    from tests.security.callers import root

    person, signer = Person(world), root(world)
    assert said(person.token(signer=signer)) == (403, "AccessDenied", STRANGE)
    device = replace(world.device("roots-own"), user_id=world.account, enabled=1)
    world.put(device)
    own = credentials_in(person.token(signer=signer, SerialNumber=world.arn(device)))
    assert code_of(world.daypass.call("iam", "ListUsers", {}, own)) == "200"


# ── on which thread ──────────────────────────────────────────────────────────────────────────────────


def test_a_call_with_a_code_waits_on_a_thread_and_others_never(world: World, person: Person) -> None:
    """Inline it says that it must wait, before it has done anything; without a code it is answered at once."""
    service, threads = world.daypass.daypass.service, []

    def counted(raw: Any) -> Response:
        try:
            return service.serve(raw)
        except NotLoaded:
            threads.append(raw)
            return service.serve_blocking(raw)

    world.daypass.serve = counted  # type: ignore[method-assign]
    try:
        role = guarded(world, person, {})
        person.assume(role)
        threads.clear()
        assert person.assume(role).status == 200
        assert world.daypass.call("sts", "GetSessionToken", {}, person.signer).status == 200
        assert not threads
        assert person.assume(role, world.code()).status == 200
        assert len(threads) == 1
    finally:
        del world.daypass.serve


def test_a_device_tells_its_seed_to_nobody(world: World, person: Person) -> None:
    """Not in its repr, not in the bytes of the store."""
    from tests.security.world import SEED

    device: MfaDevice = person.device
    assert "sealed_seed" not in repr(device)
    assert SEED not in device.sealed_seed
    user: User = person.user
    assert device.user_id == user.id
