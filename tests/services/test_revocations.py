"""Ending sessions: by id with all that descend from them, by principal, provider, time; the operator only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from daypass.adapters.audit import tail
from daypass.entities import Revocation
from daypass.errors import AccessDenied, LimitExceeded, NoSuchEntity, ServiceError, ValidationError
from daypass.ids import access_key_id
from daypass.operations.registry import REGISTRY
from daypass.principals import Operator, Root, Session
from daypass.revocation import FEDERATED_PROVIDER, SAML_PROVIDER
from daypass.services import revocations
from daypass.sessions.keyring import LONGEST_SESSION
from daypass.sessions.token import seal
from daypass.testing.local import LocalDaypass, Signer
from tests.calling import code_of, credentials_in, element

EVERYONE = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:*"}
ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


class World:
    """One daypass at a frozen time with two accounts, a user ``ann`` and roles that trust everybody."""

    def __init__(self, daypass: LocalDaypass) -> None:
        self.daypass = daypass
        self.now = 1_900_000_000
        daypass.clock.freeze(self.now)
        self.other, self.other_admin = daypass.account_named("other")
        self.roles = {name: self.role(name, daypass.admin) for name in ("first", "second")}
        self.roles["foreign"] = self.role("foreign", self.other_admin)
        self.call("iam:CreateUser", daypass.admin, UserName="ann")
        self.call("iam:PutUserPolicy", daypass.admin, UserName="ann", PolicyName="all", PolicyDocument=ALL)
        answer = self.call("iam:CreateAccessKey", daypass.admin, UserName="ann")
        self.ann = credentials_in(answer)

    def role(self, name: str, admin: Signer) -> str:
        trust = json.dumps({"Version": "2012-10-17", "Statement": EVERYONE})
        arn = element(self.call("iam:CreateRole", admin, RoleName=name, AssumeRolePolicyDocument=trust), "Arn")
        self.call("iam:PutRolePolicy", admin, RoleName=name, PolicyName="all", PolicyDocument=ALL)
        return arn

    def call(self, operation: str, signer: Signer, **params: Any) -> Any:
        service, action = operation.split(":")
        return self.daypass.call(service, action, params, signer)

    def assume(self, role: str, signer: Signer, name: str = "somebody") -> Signer:
        return credentials_in(self.call("sts:AssumeRole", signer, RoleArn=self.roles[role], RoleSessionName=name))

    def revoke(self, account: str | None = None, **params: Any) -> Revocation:
        made = self.operate("RevokeSessions", account, **params)["Revocation"]
        assert isinstance(made, Revocation)
        return made

    def operate(self, name: str, account: str | None = None, **params: Any) -> Any:
        who = Operator(account or self.daypass.account, "tester")
        return self.daypass.daypass.service.operate(f"daypass:{name}", params, who)

    def lives(self, signer: Signer) -> bool:
        code = code_of(self.call("sts:GetCallerIdentity", signer))
        assert code in ("200", "ExpiredToken"), code
        return code == "200"

    def later(self, seconds: int = 2) -> None:
        self.now += seconds
        self.daypass.clock.freeze(self.now)


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalDaypass]:
    with LocalDaypass() as local:
        yield local


@pytest.fixture(scope="module")
def built(shared: LocalDaypass) -> World:
    return World(shared)


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """The world without rules, a few seconds later than the last test left it."""
    built.later()
    yield built
    for account in (built.daypass.account, built.other):
        snapshot = built.daypass.daypass.storage.directory.load(account)
        assert snapshot is not None
        for rule in tuple(snapshot.revoked):
            built.operate("LiftRevocation", account, Id=rule.id)


def test_a_revoked_session_is_told_that_it_has_expired(world: World) -> None:
    """403 ExpiredToken with AWS's text: an SDK fetches new credentials, and those work."""
    session = world.assume("first", world.ann)
    world.revoke(AccessKeyId=session.access_key_id)
    answer = world.call("sts:GetCallerIdentity", session)
    assert (answer.status, code_of(answer)) == (403, "ExpiredToken")
    assert element(answer, "Message") == "The security token included in the request is expired"
    assert world.lives(world.assume("first", world.ann))


def test_a_session_takes_all_that_descend_from_it_along_over_accounts(world: World) -> None:
    """Children and grandchildren end, in other accounts too; siblings and the parent go on."""
    parent = world.assume("first", world.ann)
    ended = world.assume("second", parent)
    foreign = world.assume("foreign", ended)
    back = world.assume("first", foreign)
    sibling = world.assume("second", parent)
    world.revoke(AccessKeyId=ended.access_key_id)
    assert [world.lives(one) for one in (parent, ended, foreign, back, sibling)] == [True, False, False, False, True]


def test_only_spares_what_descends(world: World) -> None:
    """With Only the session itself ends, and what it has opened goes on."""
    parent = world.assume("first", world.ann)
    child = world.assume("foreign", parent)
    world.revoke(AccessKeyId=parent.access_key_id, Only=True)
    assert [world.lives(parent), world.lives(child)] == [False, True]
    world.revoke(AccessKeyId=parent.access_key_id)
    assert not world.lives(child)


def test_a_role_loses_the_sessions_it_has_and_not_those_to_come(world: World) -> None:
    """Sessions issued up to and with this second end, with what they opened; from the next second on they live."""
    session, other = world.assume("first", world.ann), world.assume("second", world.ann)
    child = world.assume("foreign", session)
    world.revoke(Principal=world.roles["first"])
    assert [world.lives(one) for one in (session, child, other)] == [False, False, True]
    world.later(1)
    assert world.lives(world.assume("first", world.ann))


def test_one_session_name_of_a_role_is_revoked_alone(world: World) -> None:
    """The ARN of a role session names all sessions of that name, and no other."""
    red, blue = world.assume("first", world.ann, "red"), world.assume("first", world.ann, "blue")
    account = world.daypass.account
    world.revoke(Principal=f"arn:aws:sts::{account}:assumed-role/first/red")
    assert [world.lives(red), world.lives(blue)] == [False, True]


def test_a_user_loses_her_own_sessions_and_those_that_her_key_has_opened(world: World) -> None:
    """GetSessionToken and AssumeRole sessions of the user end, in other accounts too; another user's go on."""
    token = credentials_in(world.call("sts:GetSessionToken", world.ann))
    here, there = world.assume("first", world.ann), world.assume("foreign", world.ann)
    others = world.assume("first", world.daypass.admin)
    world.revoke(Principal=f"arn:aws:iam::{world.daypass.account}:user/ann")
    assert [world.lives(one) for one in (token, here, there, others)] == [False, False, False, True]
    assert world.lives(world.ann)


def sealed(world: World, **facts: Any) -> Signer:
    """The credentials of a session of the first role, as a sign-in somewhere else would open it."""
    account, keys = world.daypass.account, world.daypass.daypass.keys
    snapshot = world.daypass.daypass.storage.directory.load(account)
    assert snapshot is not None
    role = snapshot.roles_by_name["first"]
    key_id = access_key_id("ASIA", account, world.daypass.entropy.bytes(6))
    session = Session("role", key_id, account, role.id, "guest", world.now, world.now + 900, **facts)
    made = seal(session, keys.ring(), world.daypass.entropy.bytes(12))
    return Signer(key_id, made.secret, made.token)


@pytest.mark.parametrize("kind", [SAML_PROVIDER, FEDERATED_PROVIDER])
def test_a_provider_loses_all_that_it_vouched_for(world: World, kind: str) -> None:
    """Sessions of people who signed in there end, with what they opened; those of another provider go on."""
    arn = f"arn:aws:iam::{world.daypass.account}:provider/corp"
    guest, other = sealed(world, federation=((kind, arn),)), sealed(world, federation=((kind, f"{arn}-2"),))
    child = world.assume("foreign", world.assume("second", guest))
    world.revoke(Provider=arn)
    assert [world.lives(one) for one in (guest, child, other)] == [False, False, True]


def test_a_unique_id_names_who_has_no_name_any_more(world: World) -> None:
    """What a deleted user's key has opened ends by her unique id."""
    admin = world.daypass.admin
    user = element(world.call("iam:CreateUser", admin, UserName="leaver"), "UserId")
    world.call("iam:PutUserPolicy", admin, UserName="leaver", PolicyName="all", PolicyDocument=ALL)
    key = credentials_in(world.call("iam:CreateAccessKey", admin, UserName="leaver"))
    session = world.assume("first", key)
    world.call("iam:DeleteAccessKey", admin, UserName="leaver", AccessKeyId=key.access_key_id)
    world.call("iam:DeleteUserPolicy", admin, UserName="leaver", PolicyName="all")
    assert world.call("iam:DeleteUser", admin, UserName="leaver").status == 200
    assert world.lives(session)
    world.revoke(Principal=user)
    assert not world.lives(session)


def test_a_time_spares_what_was_issued_later(world: World) -> None:
    """IssuedBefore alone is about the whole account, and with a principal about his sessions."""
    old = world.assume("first", world.ann)
    old_other = world.assume("second", world.ann)
    world.later()
    young = world.assume("first", world.ann)
    world.revoke(Principal=world.roles["first"], IssuedBefore=world.now)
    assert [world.lives(one) for one in (old, old_other, young)] == [False, True, True]
    world.revoke(IssuedBefore=world.now)
    assert [world.lives(one) for one in (old_other, young)] == [False, True]
    world.revoke()
    assert not world.lives(young)


def test_an_account_ends_what_its_people_opened_elsewhere(world: World) -> None:
    """The rule of a whole account reaches the sessions that descend from it, and leaves the other account's alone."""
    descends, own = world.assume("foreign", world.ann), world.assume("foreign", world.other_admin)
    world.revoke()
    assert [world.lives(descends), world.lives(own)] == [False, True]


def test_a_rule_reaches_the_child_that_is_minted_too_late(world: World) -> None:
    """A session opened after the rule by a node that had not heard of it descends from what is ended: it ends too."""
    session = world.assume("first", world.ann)
    world.later()
    child = world.assume("second", session)
    world.revoke(Principal=world.roles["first"], IssuedBefore=world.now)
    assert not world.lives(child)


def test_saying_it_again_renews_the_rule_and_never_narrows_it(world: World) -> None:
    """One rule for one thing; an earlier time does not revive what a later one has ended."""
    session = world.assume("first", world.ann)
    first = world.revoke(Principal=world.roles["first"])
    world.later(60)
    again = world.revoke(Principal=world.roles["first"], IssuedBefore=5)
    assert (again.id, again.issued_before) == (first.id, first.issued_before)
    assert again.until == first.until + 60
    assert not world.lives(session)


def test_a_lifted_rule_ends_nobody(world: World) -> None:
    """What is taken back has no effect any more."""
    session = world.assume("first", world.ann)
    rule = world.revoke(AccessKeyId=session.access_key_id)
    world.operate("LiftRevocation", Id=rule.id)
    assert world.lives(session)
    with pytest.raises(NoSuchEntity):
        world.operate("LiftRevocation", Id=rule.id)


def test_a_rule_stays_as_long_as_a_session_that_it_ends(world: World) -> None:
    """A rule outlives the longest session, and is gone with the first revocation after its end."""
    rule = world.revoke(Principal=world.roles["first"])
    assert rule.until > world.now + LONGEST_SESSION
    world.now = rule.until
    world.later(0)
    other = world.revoke(Principal=world.roles["second"])
    snapshot = world.daypass.daypass.storage.directory.load(world.daypass.account)
    assert snapshot is not None
    assert set(snapshot.revocations) == {other.id}


def test_rules_are_few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit nothing is added, and what is there can still be renewed."""
    monkeypatch.setattr(revocations, "MOST_RULES", 1)
    world.revoke(Principal=world.roles["first"])
    with pytest.raises(LimitExceeded):
        world.revoke(Principal=world.roles["second"])
    world.revoke(Principal=world.roles["first"])


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"AccessKeyId": "ASIAIOSFODNN7EXAMPLE"}, NoSuchEntity),
        ({"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, NoSuchEntity),
        ({"Principal": "arn:aws:iam::{account}:role/nobody"}, NoSuchEntity),
        ({"Principal": "arn:aws:iam::{account}:role/path/first"}, NoSuchEntity),
        ({"Principal": "arn:aws:iam::{account}:user/first"}, NoSuchEntity),
        ({"Principal": "arn:aws:iam::{account}:group/first"}, NoSuchEntity),
        ({"Principal": "arn:aws:sts::{account}:assumed-role/first"}, NoSuchEntity),
        ({"Principal": "arn:aws:iam::{other}:role/foreign"}, NoSuchEntity),
        ({"Principal": "AROAIOSFODNN7EXAMPLE"}, NoSuchEntity),
        ({"Principal": "first"}, NoSuchEntity),
        ({"Principal": "arn:aws"}, NoSuchEntity),
        ({"Provider": "arn:aws:iam::{other}:saml-provider/corp"}, NoSuchEntity),
        ({"IssuedBefore": 2**40}, ValidationError),
        ({"Principal": "arn:aws:iam::{account}:role/first", "Provider": "accounts.google.com"}, ValidationError),
    ],
)
def test_what_is_not_here_or_contradicts_itself_is_refused(
    world: World, params: dict[str, Any], error: type[ServiceError]
) -> None:
    """Nothing is revoked by a name that means nobody of this account, nor for times to come."""
    names = {"account": world.daypass.account, "other": world.other}
    said = {name: value.format(**names) if isinstance(value, str) else value for name, value in params.items()}
    with pytest.raises(error):
        world.revoke(**said)


def test_a_revocation_is_audited(world: World) -> None:
    """The trail says who ended what, before it was in effect and that it is."""
    world.revoke(Principal=world.roles["first"], Only=True)
    said, done = tail(world.daypass.data / "audit", count=2)
    assert (said["eventName"], done["eventName"]) == ("RevokeSessions", "ChangeCommitted")
    assert said["requestParameters"] == {"Principal": world.roles["first"], "Only": True}
    assert said["userIdentity"]["userName"] == "tester"  # type: ignore[index]


@pytest.mark.parametrize("name", ["RevokeSessions", "LiftRevocation"])
def test_nobody_but_the_operator_revokes(name: str) -> None:
    """The handlers refuse every other principal, root itself included."""

    class FromTheNetwork:
        class caller:  # noqa: N801
            principal = Root("123456789012")

    operation = REGISTRY.find(f"daypass:{name}")
    assert operation is not None
    with pytest.raises(AccessDenied, match="operator"):
        operation.handler(FromTheNetwork())  # type: ignore[arg-type]


def test_boto3_sees_the_code_that_makes_it_fetch_new_credentials(world: World) -> None:
    """The SDK reads ExpiredToken and 403."""
    world.daypass.clock.__init__()  # type: ignore[misc]  # boto3 signs by the machine's clock
    session = credentials_in(
        world.daypass.call("sts", "AssumeRole", {"RoleArn": world.roles["first"], "RoleSessionName": "sdk"}, world.ann)
    )
    sts = world.daypass.client("sts", session)
    assert sts.get_caller_identity()["Account"] == world.daypass.account
    world.revoke(AccessKeyId=session.access_key_id)
    with pytest.raises(ClientError) as caught:
        sts.get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "ExpiredToken"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
