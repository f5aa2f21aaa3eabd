"""A key, a user or a role is deleted while its request is under way: between the check of the signature and the act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from daypass.operations.doors import Place
from daypass.operations.pipeline import Service
from daypass.operations.registry import REGISTRY
from daypass.ports import OutcomeUnknown, StoreUnavailable
from daypass.snapshot import AccountSnapshot
from daypass.testing.local import Signer
from tests.calling import code_of, element
from tests.security.world import ADMINISTRATOR, ON_THE_WIRE, World, document


class TurnsPage:
    """A directory that shows an older page to whoever asks first, and the newest from then on."""

    def __init__(self, world: World, old: AccountSnapshot) -> None:
        self._inner = world.daypass.daypass.storage.directory
        self._old: AccountSnapshot | None = old

    def load(self, account: str) -> AccountSnapshot | None:
        """The old page once, for the account it is of."""
        if self._old is not None and account == self._old.id:
            old, self._old = self._old, None
            return old
        return self._inner.load(account)

    find = load

    def ids(self) -> tuple[str, ...]:
        """All accounts."""
        return self._inner.ids()


Act = Callable[[World], tuple[Signer, Callable[[], None]]]


def key_deleted(world: World) -> tuple[Signer, Callable[[], None]]:
    _, signer = world.person("race-key", ADMINISTRATOR)
    return signer, lambda: world.delete(world.snapshot().access_keys[signer.access_key_id])


def key_switched_off(world: World) -> tuple[Signer, Callable[[], None]]:
    _, signer = world.person("race-off", ADMINISTRATOR)
    key = world.snapshot().access_keys[signer.access_key_id]
    return signer, lambda: world.put(replace(key, status="Inactive"))


def user_deleted(world: World) -> tuple[Signer, Callable[[], None]]:
    user, signer = world.person("race-user", ADMINISTRATOR)
    return signer, lambda: world.delete(user, world.snapshot().access_keys[signer.access_key_id])


def session_user_deleted(world: World) -> tuple[Signer, Callable[[], None]]:
    user, signer = world.person("race-session", ADMINISTRATOR)
    key = world.snapshot().access_keys[signer.access_key_id]
    return world.session_token(signer), lambda: world.delete(user, key)


def role_deleted(world: World) -> tuple[Signer, Callable[[], None]]:
    role = world.post("race-role", ADMINISTRATOR)
    return world.assume(role), lambda: world.delete(role)


@pytest.fixture
def service(world: World) -> Iterator[Callable[[AccountSnapshot], None]]:
    """Lets the next request begin on an older page."""
    before = world.daypass.daypass.service

    def begin_on(old: AccountSnapshot) -> None:
        ports = replace(before._ports, directory=TurnsPage(world, old))
        turned = world.daypass.daypass.service = Service(ports, REGISTRY, Place())
        turned.serve = turned.serve_blocking  # type: ignore[method-assign]  # the signature is checked once, on that page

    yield begin_on
    world.daypass.daypass.service = before


@pytest.mark.parametrize("act", [key_deleted, key_switched_off, user_deleted, session_user_deleted, role_deleted])
def test_who_is_gone_by_the_time_he_acts_does_nothing(
    world: World, service: Callable[[AccountSnapshot], None], act: Act
) -> None:
    """No operation answers, mints or changes for a caller deleted after his signature was checked, and none breaks."""
    signer, delete = act(world)
    old = world.snapshot()
    delete()
    new = world.snapshot()
    for operation in ON_THE_WIRE:
        service(old)
        answer = world.call(operation, signer)
        # What sessions of a kind may never call is refused before anybody looks again.
        expected = {"InvalidClientTokenId", "AccessDenied"} if signer.session_token else {"InvalidClientTokenId"}
        assert code_of(answer) in expected, operation
        assert not element(answer, "SecretAccessKey")
    assert world.snapshot() is new


def session_revoked(world: World) -> tuple[Signer, Callable[[], None]]:
    session = world.assume(world.post("race-revoked", ADMINISTRATOR))
    return session, lambda: world.revoke(AccessKeyId=session.access_key_id)


def parent_revoked(world: World) -> tuple[Signer, Callable[[], None]]:
    role = world.post("race-parent", ADMINISTRATOR)
    parent = world.assume(role)
    child = world.assume(role, parent)
    return child, lambda: world.revoke(AccessKeyId=parent.access_key_id)


def holder_revoked(world: World) -> tuple[Signer, Callable[[], None]]:
    role = world.post("race-holder", ADMINISTRATOR)
    return world.assume(role), lambda: world.revoke(Principal=world.arn(role))


@pytest.mark.parametrize("act", [session_revoked, parent_revoked, holder_revoked])
def test_who_is_revoked_by_the_time_he_acts_does_nothing(
    world: World, service: Callable[[AccountSnapshot], None], act: Act
) -> None:
    """A session that is ended while its request is under way reads, mints and changes nothing any more."""
    signer, revoke = act(world)
    old = world.snapshot()
    revoke()
    new = world.snapshot()
    for operation in ON_THE_WIRE:
        service(old)
        answer = world.call(operation, signer)
        assert code_of(answer) in {"ExpiredToken", "AccessDenied"}, operation
        assert not element(answer, "SecretAccessKey")
    assert world.snapshot() is new


def test_what_is_minted_by_a_node_that_has_not_heard_of_the_revocation_is_refused(
    world: World, service: Callable[[AccountSnapshot], None]
) -> None:
    """Another host may open a session for a revoked one within its second of ignorance; it is dead from the start."""
    role = world.post("race-child", ADMINISTRATOR)
    for named in ("AccessKeyId", "Principal"):
        parent = world.assume(role)
        child = world.assume(role, parent)
        world.revoke(**{named: parent.access_key_id if named == "AccessKeyId" else world.arn(role)})
        assert code_of(world.call("sts:GetCallerIdentity", child)) == "ExpiredToken"


TAGGED = '"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}, "Resource"'


def tag_removed(world: World) -> tuple[Signer, Callable[[], None]]:
    user, signer = world.person("race-tag", world.policy("race-tag", document("*").replace('"Resource"', TAGGED)))
    tagged = replace(user, tags=(("team", "red"),))
    world.put(tagged)
    return signer, lambda: world.put(user)


def session_tag_removed(world: World) -> tuple[Signer, Callable[[], None]]:
    role = world.post(
        "race-tags", world.policy("race-tags", document("*").replace('"Resource"', TAGGED)), tags=(("team", "red"),)
    )
    return world.assume(role), lambda: world.put(replace(role, tags=()))


def renamed(world: World) -> tuple[Signer, Callable[[], None]]:
    own = document("*", resource=f"arn:aws:iam::{world.account}:user/${{aws:username}}")
    user, signer = world.person("bare-user-race", world.policy("race-name", own))
    world.names["bare_user"] = user.name

    def rename() -> None:
        world.put(replace(user, name="somebody-else"))
        world.put(world.user(user.name))

    return signer, rename


@pytest.mark.parametrize("act", [tag_removed, session_tag_removed, renamed])
def test_who_is_no_longer_what_he_was_by_the_time_he_acts_is_taken_as_he_is(
    world: World, service: Callable[[AccountSnapshot], None], act: Act
) -> None:
    """Tags and names that policies ask about are those of the account as it is changed, not as the request found it."""
    signer, change = act(world)
    names = world.prepare() | {"bare_user": world.names["bare_user"]}
    assert code_of(world.call("iam:CreateAccessKey", signer, names)) == "200"
    old = world.snapshot()
    change()
    service(old)
    assert code_of(world.call("iam:CreateAccessKey", signer, names)) == "AccessDenied"


@pytest.mark.parametrize(("error", "says"), [(StoreUnavailable("x"), True), (OutcomeUnknown("x"), False)])
def test_a_change_whose_outcome_nobody_knows_is_not_called_undone(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, says: bool
) -> None:
    """`Nothing was changed` is said only when that is certain; a commit cut off in the middle may have happened."""

    def cut_off(*_: object) -> None:
        raise error

    monkeypatch.setattr(world.daypass.daypass.storage.store._database, "commit", cut_off)
    answer = world.call("iam:CreateUser", world.daypass.admin, world.names | {"n": f"unknown-{says}"})
    assert (answer.status, code_of(answer)) == (503, "ServiceUnavailable")
    assert ("Nothing was changed" in element(answer, "Message")) is says
