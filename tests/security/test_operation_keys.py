"""The condition keys that only some operations have: there when the call brings what they are about, and only there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daypass.operations import authorize
from daypass.operations.facts import NAMES
from daypass.testing.local import Signer
from tests.security.world import ADMINISTRATOR, ON_THE_WIRE, World, filled

TABLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "cases/context/operation-keys.json").read_text(encoding="utf-8")
)
ROWS: dict[str, dict[str, Any]] = TABLE["operations"]
OF_THE_RESOURCE = {"aws:ResourceAccount", "aws:ResourceTag/KEY", "iam:ResourceTag/KEY"}
OF_ORGANIZATIONS = {"aws:resourceorgid", "aws:resourceorgpaths"}
ALWAYS = {
    "sts:AssumeRole": {"sts:RoleSessionName"},
    "sts:GetWebIdentityToken": {"sts:DurationSeconds", "sts:IdentityTokenAudience", "sts:SigningAlgorithm"},
}
"""What a call cannot leave out, or what goes without saying."""
SPELLED = {key.lower(): key for key in TABLE["keys"]}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """For each action that was decided, the keys that the operation itself gave; nothing is decided differently."""
    found: dict[str, set[str]] = {}
    evaluate = authorize.evaluate

    def noting(context: Any, policies: Any) -> Any:
        given = {key.replace("/team", "/key") for key, value in context.values.items() if value is not None}
        found.setdefault(context.action, set()).update(SPELLED.get(key, key) for key in given - OF_ORGANIZATIONS)
        return evaluate(context, policies)

    monkeypatch.setattr(authorize, "evaluate", noting)
    return found


@pytest.fixture(scope="module")
def administrator(world: World) -> Signer:
    """Somebody who may do everything."""
    return world.person("all-powerful", ADMINISTRATOR)[1]


@pytest.mark.parametrize("operation", ON_THE_WIRE)
def test_each_action_is_asked_with_the_keys_of_the_table(
    world: World, administrator: Signer, asked: dict[str, set[str]], operation: str
) -> None:
    """Those of the table and those of the resource, for every action that the operation asks about."""
    names, row = world.prepare(operation), ROWS.get(operation, {})
    params = {**world.params(operation, names), **filled(row.get("with", {}), names)}
    if operation == "iam:DeleteRole":  # the one that can be deleted has no boundary otherwise
        role = world.snapshot().roles_by_name[names["bare_role"]]
        world.put(replace(role, boundary=names["policy_arn"]))
    service, action = operation.split(":")
    answer = world.daypass.call(service, action, params, administrator)
    assert answer.status == 200, answer.body
    assert all("aws:ResourceAccount" in keys for keys in asked.values())
    own = {about: keys - OF_THE_RESOURCE for about, keys in asked.items() if keys - OF_THE_RESOURCE}
    assert own == {about: set(keys) for about, keys in row.get("asks", {}).items()}


@pytest.mark.parametrize("operation", [name for name, row in ROWS.items() if "with" in row])
def test_what_the_call_does_not_bring_is_absent(
    world: World, administrator: Signer, asked: dict[str, set[str]], operation: str
) -> None:
    """Without tags, boundary, external id or source identity their keys are not there, not even empty."""
    service, action = operation.split(":")
    answer = world.daypass.call(service, action, world.params(operation, world.prepare(operation)), administrator)
    assert answer.status == 200, answer.body
    always = ALWAYS.get(operation, set())
    assert {about: keys - OF_THE_RESOURCE for about, keys in asked.items()} == {operation: always}


def test_every_key_is_brought_by_some_operation() -> None:
    """A key of the table that no operation has would be a promise; one of the others is not in it by mistake."""
    brought = {key for row in ROWS.values() for keys in row["asks"].values() for key in keys}
    assert brought | OF_THE_RESOURCE == set(TABLE["keys"])
    assert not set(TABLE["never"]) & set(TABLE["keys"])
    assert not {key.lower() for key in TABLE["keys"]} & NAMES
