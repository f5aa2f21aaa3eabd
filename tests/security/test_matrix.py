"""Every implemented operation by every kind of caller: allowed and refused as the rules in callers.json say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from daypass.credentials import Secret
from daypass.operations.registry import REGISTRY
from daypass.testing.local import Signer
from tests.calling import code_of
from tests.security.callers import MAKERS
from tests.security.world import (
    HERE,
    ON_THE_WIRE,
    OPERATIONS,
    UNSIGNED,
    World,
    filled,
    new_world,
    trusting,
    unsigned,
)

OF_MEMBERS = {"AccountNotManagementOrDelegatedAdministratorException", "CallerIsNotManagementAccountException"}
RULES: Mapping[str, Mapping[str, Any]] = json.loads((HERE / "callers.json").read_text())


def expected(kind: str, operation: str) -> str:
    """``200`` or the error code that the rules foretell."""
    rule = RULES[kind]
    if "all" in rule:
        return str(rule["all"])
    service, action = operation.split(":")
    may = rule[service]
    if isinstance(may, str):
        return may
    return "200" if any(fnmatchcase(action, pattern) for pattern in may) else "AccessDenied"


def test_every_operation_and_every_kind_of_caller_has_its_row() -> None:
    """A new operation fails here until it has parameters, a new kind of caller until it has rules."""
    assert tuple(sorted(OPERATIONS)) == ON_THE_WIRE
    assert MAKERS.keys() == RULES.keys()


@pytest.mark.parametrize("kind", RULES)
def test_no_rule_is_dead(kind: str) -> None:
    """Every pattern of the rules names at least one operation, so that a misspelt one cannot allow nothing unseen."""
    for service in ("iam", "sts"):
        may = RULES[kind].get(service, "")
        for pattern in [] if isinstance(may, str) else may:
            assert any(fnmatchcase(operation, f"{service}:{pattern}") for operation in ON_THE_WIRE), pattern


@pytest.mark.parametrize("kind", RULES)
def test_each_operation_is_allowed_or_refused_as_the_rules_say(kind: str) -> None:
    """Each cell of the matrix has the foretold code, and what was refused has changed nothing."""
    with new_world() as world:  # of its own: all rows together would exceed the quota of groups
        assert wrong_cells(world, kind) == {}


PROOFS = {
    "sts:AssumeRoleWithSAML": {
        "PrincipalArn": "arn:aws:iam::{account}:saml-provider/x",
        "SAMLAssertion": "PHNhbWw+",
    },
    "sts:AssumeRoleWithWebIdentity": {
        "RoleSessionName": "matrix",
        "WebIdentityToken": "e30.eyJpc3MiOiJodHRwOi8veCJ9.x",
    },
}


def test_every_unsigned_operation_is_tried() -> None:
    """An operation without signature fails here until the next test has something to prove nothing with."""
    assert tuple(sorted(PROOFS)) == UNSIGNED


@pytest.mark.parametrize("operation", PROOFS)
def test_no_caller_is_spared_the_proof_of_an_unsigned_operation(world: World, operation: str) -> None:
    """Whoever signs, rightly or wrongly, or not at all: without proof there is nothing, and the trail does not grow."""
    trail = world.daypass.data / "audit"
    params = {"RoleArn": world.names["role_arn"], **filled(PROOFS[operation], {"account": world.account, "n": ""})}
    wrong = Signer(world.daypass.admin.access_key_id, Secret("x" * 40))
    before = sum(file.stat().st_size for file in trail.glob("2*.jsonl"))
    service, action = operation.split(":")
    answers = [world.daypass.call(service, action, params, signer) for signer in (world.daypass.admin, wrong)]
    answers.append(world.daypass.serve(unsigned(operation, params)))
    assert [code_of(answer) for answer in answers] == ["InvalidIdentityToken"] * 3
    assert sum(file.stat().st_size for file in trail.glob("2*.jsonl")) == before


def wrong_cells(world: World, kind: str) -> dict[str, str]:
    """The operations of a row that were answered otherwise than foretold."""
    signer = MAKERS[kind](world)
    shared = world.prepare()
    wrong = {}
    for operation in ON_THE_WIRE:
        foretold = expected(kind, operation)
        names = world.prepare(operation) if foretold == "200" and changes(operation) else shared
        before = world.snapshot().revision
        code = code_of(world.call(operation, signer, names))
        if code != foretold:
            wrong[operation] = f"{code}, not {foretold}"
        elif world.snapshot().revision != before + (code == "200" and changes(operation)):
            wrong[operation] = f"{code}, but the account went from revision {before} to {world.snapshot().revision}"
    return wrong


def changes(operation: str) -> bool:
    """Whether the operation changes the account when it succeeds."""
    found = REGISTRY.find(operation)
    assert found is not None
    return found.effect == "changes"


def test_another_accounts_admin_neither_changes_nor_learns_anything(world: World) -> None:
    """With the very names and ARNs of the first account, he reaches nothing of it; his own account is all he has."""
    account, stranger = world.daypass.account_named("stranger")
    own = {"trust": trusting(f"arn:aws:iam::{account}:root")}  # answers repeat it
    shared, before = world.prepare() | own, world.snapshot()
    codes = {}
    for operation in ON_THE_WIRE:
        answer = world.call(operation, stranger, shared)
        codes[operation] = code_of(answer)
        if codes[operation] == "200" and operation != "sts:GetAccessKeyInfo":  # it tells whose any key is, as on AWS
            assert world.account not in answer.body.decode(), operation
    assert world.snapshot() is before
    by_name = {"NoSuchEntity", "200", "FeatureDisabled", "OutboundWebIdentityFederationDisabledException"}
    by_arn = {"NoSuchEntity", "AccessDenied"}
    for operation, code in codes.items():
        params = OPERATIONS[operation]
        if "PolicySourceArn" in params:  # AWS says so outright, whether or not it exists there
            assert code == "InvalidInput", operation
            continue
        if operation == "sts:DecodeAuthorizationMessage":  # it was made for the first account
            assert code == "InvalidAuthorizationMessageException"
            continue
        if "TradeInToken" in params:  # it says nothing to any account but the one it was made for
            assert code == "ValidationError", operation
            continue
        if "Organizations" in operation:  # he is a member, and learns that he is
            assert code in OF_MEMBERS, operation
            continue
        assert code in (by_arn if {"PolicyArn", "RoleArn"} & params.keys() else by_name | {"AccessDenied"}), operation
    assert codes["sts:AssumeRole"] == codes["iam:GetAccessKeyLastUsed"] == "AccessDenied"


@pytest.mark.parametrize("operation", [name for name in REGISTRY.names() if name.startswith("daypass:")])
def test_the_operators_own_operations_have_no_door(world: World, operation: str) -> None:
    """What only the operator may do cannot be called over the network, by nobody and at no service."""
    action = operation.partition(":")[2]
    for signer in (world.daypass.admin, None):
        for service in ("sts", "iam"):
            code = sent(world, service, action, signer)
            assert code == "InvalidAction", service


def sent(world: World, service: str, action: str, signer: Signer | None) -> str:
    """The code of a call that is in no catalogue."""
    if signer is not None:
        return code_of(world.daypass.call(service, action, {"Name": "x"}, signer))
    return code_of(world.daypass.serve(unsigned(f"{service}:{action}", {"Name": "x"})))
