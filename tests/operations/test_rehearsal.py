"""Whoever may not change something learns so without a writer's turn; whoever may is asked again where it counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from daypass.operations.doors import Place
from daypass.operations.pipeline import Service
from daypass.operations.registry import REGISTRY
from daypass.ports import NotLoaded, StoreUnavailable, Transaction
from daypass.snapshot import AccountSnapshot
from tests.calling import code_of
from tests.security.world import ADMINISTRATOR, ON_THE_WIRE, World, new_world

OWN = frozenset({"iam:UpdateDelegationRequest"})
"""Whoever owns the request may, without any policy."""
CHANGES = [
    name
    for name in ON_THE_WIRE
    if (found := REGISTRY.find(name)) is not None and found.effect == "changes" and name not in OWN
]


class Watched:
    """The store; it counts the transactions, and may be away."""

    def __init__(self, world: World) -> None:
        self._store = world.daypass.daypass.storage.store
        self.asked = 0
        self.away = False

    def transaction(self, account: str) -> AbstractContextManager[Transaction]:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("away")
        return self._store.transaction(account)


class Behind:
    """The directory; what it finds at once is what it is told to."""

    def __init__(self, world: World) -> None:
        self._directory = world.daypass.daypass.storage.directory
        self.found: AccountSnapshot | None = None

    def find(self, account: str) -> AccountSnapshot | None:
        if self.found is None:
            raise NotLoaded(account)
        return self.found

    def load(self, account: str) -> AccountSnapshot | None:
        return self._directory.load(account)


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as one:
        yield one


def watched(world: World, **more: Any) -> Watched:
    """Have the world's daypass served on threads, over a store that is watched."""
    store = Watched(world)
    ports = replace(world.daypass.daypass.service._ports, store=store, **more)
    service = world.daypass.daypass.service = Service(ports, REGISTRY, Place())
    service.serve = service.serve_blocking  # type: ignore[method-assign]
    return store


def records(world: World) -> list[dict[str, Any]]:
    folder = world.daypass.data / "audit"
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_a_denied_change_takes_no_transaction(world: World) -> None:
    """Every operation that changes: without permission it is refused, recorded with its reason, and took no turn."""
    _, nobody = world.person("nobody")
    store, before = watched(world), world.snapshot().revision
    for operation in CHANGES:
        answer = world.call(operation, nobody)
        assert (answer.status, code_of(answer)) == (403, "AccessDenied"), operation
        record = records(world)[-1]
        assert (record["eventName"], record["readOnly"]) == (operation.partition(":")[2], False)
        assert record["daypass"]["decision"]["effect"] == "implicitDeny"
    assert len(CHANGES) > 40
    assert (store.asked, world.snapshot().revision) == (0, before)


def test_a_denied_change_does_not_wait_for_whoever_is_writing(world: World) -> None:
    """While a transaction is open, whoever may not change is told so; whoever may waits, and is told to come again."""
    _, nobody = world.person("nobody")
    with world.daypass.daypass.storage.store.transaction(world.account):
        assert code_of(world.call("iam:CreateUser", nobody)) == "AccessDenied"
        assert code_of(world.call("iam:CreateUser", world.daypass.admin)) == "ServiceUnavailable"


def test_rehearsing_has_no_effect(world: World) -> None:
    """Every operation that changes, for somebody who may: without the store there is one record, and nothing else."""
    store = watched(world)
    store.away = True
    before, entropy = world.snapshot(), world.daypass.entropy
    for operation in CHANGES:
        written, asked = len(records(world)), store.asked
        assert code_of(world.call(operation, world.daypass.admin)) == "ServiceUnavailable", operation
        assert (len(records(world)), store.asked) == (written + 1, asked + 1)
    assert world.snapshot() is before
    assert world.daypass.entropy is entropy


def test_who_loses_a_permission_between_the_two_is_denied_inside(world: World) -> None:
    """The account in memory still allows; the transaction knows better, and its decision is the one that counts."""
    user, signer = world.person("loser", ADMINISTRATOR)
    directory = Behind(world)
    store = watched(world, directory=directory)
    directory.found = world.snapshot()
    world.put(replace(user, attached=()))
    answer = world.call("iam:CreateUser", signer)
    assert (code_of(answer), store.asked) == ("AccessDenied", 1)
    assert "new-1" not in world.snapshot().users_by_name


@pytest.mark.parametrize("allowed", [True, False])
def test_without_the_account_in_memory_the_transaction_decides(world: World, allowed: bool) -> None:
    """A node that has missed a change rehearses nothing."""
    _, signer = world.person("somebody", *[ADMINISTRATOR] * allowed)
    store = watched(world, directory=Behind(world))
    answer = world.call("iam:CreateGroup", signer)
    assert (answer.status, store.asked) == (200 if allowed else 403, 1)


def test_who_is_gone_by_then_is_told_so_and_not_that_he_is_denied(world: World) -> None:
    """A key that was deleted since its signature held is no valid token any more."""
    user, signer = world.person("leaver")
    old = world.snapshot()
    directory = Behind(world)
    watched(world, directory=directory)
    world.delete(user, old.access_keys[signer.access_key_id])
    directory.found = world.snapshot()
    directory.load = lambda account: old  # type: ignore[method-assign]
    assert code_of(world.call("iam:CreateUser", signer)) == "InvalidClientTokenId"


def test_what_is_wrong_otherwise_is_told_as_ever(world: World) -> None:
    """Not found, taken, malformed: the transaction says so, since memory might be behind."""
    _, signer = world.person("clumsy", inline=())
    world.put(replace(world.snapshot().users_by_name["clumsy"], attached=(ADMINISTRATOR,)))
    store = watched(world)
    for operation, params, code in (
        ("DeleteUser", {"UserName": "no-such"}, "NoSuchEntity"),
        ("CreateUser", {"UserName": "clumsy"}, "EntityAlreadyExists"),
        ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": "{"}, "MalformedPolicyDocument"),
    ):
        asked = store.asked
        assert code_of(world.daypass.call("iam", operation, params, signer)) == code
        assert store.asked == asked + 1
