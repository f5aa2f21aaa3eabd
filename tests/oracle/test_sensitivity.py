"""The differential run sees mistakes: each of these, made on purpose on one side, makes the two evaluators differ."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daypass.policy.principal import DIRECT, PrincipalElement
from daypass.principals import AwsService
from tests.oracle import conditions, evaluator, statements, text
from tests.oracle.asking import Json, both, shrunk
from tests.oracle.conditions import NEGATED, POSITIVE
from tests.oracle.generator import make
from tests.oracle.run import Run

HERE = Path(__file__).parent
Patch = pytest.MonkeyPatch
Mistake = Callable[[Patch], None]

engine_evaluate = importlib.import_module("daypass.policy.evaluate")
engine_quantify = importlib.import_module("daypass.policy.conditions.quantify")


def entry(table: Any, key: str, other: Any) -> Mistake:
    """Another entry in a table."""
    return lambda patch: patch.setitem(table, key, other)


def member(place: Any, name: str, other: Any) -> Mistake:
    """Another function or value."""
    return lambda patch: patch.setattr(place, name, other)


def wrapped(place: Any, name: str, other: Callable[..., Any]) -> Mistake:
    """Another function, which is given the right one first."""
    right = getattr(place, name)
    return lambda patch: patch.setattr(place, name, lambda *given, **named: other(right, *given, **named))


def _instead(grants: set[str], wrong: str, right: str) -> set[str]:
    return {right if one == wrong else one for one in grants}


def _patterns_in_values(right: Any, some: Any, keys: Json, *, wildcards: bool) -> Any:
    tokens = right(some, keys, wildcards=wildcards)
    return tokens and tuple(text.ANY if wildcards and one == "*" else one for one in tokens)


def _action(one: Json) -> Json:
    return {"Action": one.get("NotAction", one.get("Action"))}


OF_THE_SECOND: dict[str, tuple[str, Mistake]] = {
    # mistake: the subject in which it must be seen, and how it is made
    "less than means less or equal": (
        "conditions",
        entry(POSITIVE, "NumericLessThan", POSITIVE["NumericLessThanEquals"]),
    ),
    "StringLike knows no wildcards": ("conditions", entry(POSITIVE, "StringLike", POSITIVE["StringEquals"])),
    "StringNotLike never matches": ("conditions", entry(NEGATED, "StringNotLike", lambda *_: False)),
    "ARNs are compared as texts": ("conditions", entry(POSITIVE, "ArnLike", POSITIVE["StringLike"])),
    "names of keys have a case": (
        "conditions",
        wrapped(conditions, "holds", lambda right, name, key, *rest: right(name, key.replace("K", "other"), *rest)),
    ),
    "Version 2008-10-17 knows variables": (
        "conditions",
        wrapped(conditions, "parts", lambda right, written, version: right(written, "2012-10-17")),
    ),
    "a star in a value is a wildcard": ("conditions", wrapped(conditions, "filled_in", _patterns_in_values)),
    "numbers may have a digit more": ("conditions", member(conditions, "LONGEST", 65)),
    "what cannot be read does not refuse": (
        "conditions",
        wrapped(conditions, "_ok", lambda right, *given: right(*given[:4], "Deny", given[5])),
    ),
    "short ARNs are never completed": ("elements", member(statements, "_may_be_short", lambda *_: False)),
    "stars reach over ARN fields": (
        "elements",
        wrapped(statements, "matches", lambda right, tokens, written: text.ANY in tokens or right(tokens, written)),
    ),
    "NotAction is Action": (
        "elements",
        wrapped(statements, "_action_applies", lambda right, one, action: right(_action(one), action)),
    ),
    "ids do not matter": (
        "principals",
        wrapped(statements, "_standing", lambda right, name, caller, _: right(name, caller, None)),
    ),
    "NotPrincipal spares who is listed in part": (
        "principals",
        member(evaluator, "is_denied_by_not_principal", lambda listed, *_, **__: not listed),
    ),
    "NotPrincipal spares nobody": (
        "principals",
        member(evaluator, "is_denied_by_not_principal", lambda listed, *_, **__: "everyone" not in listed),
    ),
    "a role's grant frees its sessions of their cuts": (
        "combinations",
        wrapped(evaluator, "_weight", lambda right, grants, *rest: right(_instead(grants, "behind", "self"), *rest)),
    ),
    "an account's grant is enough": (
        "combinations",
        wrapped(evaluator, "_weight", lambda right, grants, *rest: right(_instead(grants, "account", "self"), *rest)),
    ),
    "boundaries and session policies cut nothing": (
        "combinations",
        member(evaluator, "_cut", lambda said, layer: (evaluator.ALLOWED, layer)),
    ),
    "guards are open": ("combinations", member(evaluator, "_first_silent_guard", lambda said: None)),
}
OF_THE_ENGINE: dict[str, tuple[str, Mistake]] = {
    "a role that trusts everyone frees of cuts": (
        "combinations",
        entry(engine_evaluate.EVERYONE_GRADES, "trust", DIRECT),
    ),
    "organizations deny nothing": ("combinations", member(engine_evaluate, "_denied_by_organization", lambda *_: None)),
    "services have identity-based policies": ("combinations", member(engine_evaluate, "_ONLY_BY_RESOURCE", ())),
    "federated users need no session policy": ("combinations", member(engine_evaluate, "FederatedUser", AwsService)),
    "NotPrincipal denies nobody": ("principals", member(PrincipalElement, "_spared", lambda *_: True)),
    "any is all": ("conditions", entry(engine_quantify._JUDGES, "ForAnyValue", engine_quantify._for_all)),
    "a Deny misses sets": ("conditions", member(engine_quantify, "_plain_in_deny", engine_quantify._plain)),
}
MISTAKES = OF_THE_SECOND | OF_THE_ENGINE
MOST_TABLES = 160


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What was read before a mistake was made, or while it was, is read again."""
    for place in (conditions, text):
        for cached in (one for one in vars(place).values() if hasattr(one, "cache_clear")):
            cached.cache_clear()
    yield
    conditions.number.cache_clear()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the mistake some pair differs, within as many tables as every run has."""
    subject, mistake = MISTAKES[name]
    mistake(monkeypatch)
    done = Run(shown=0)
    for number in range(MOST_TABLES):
        done.take_all(subject, make, [number])
        if done.found:
            return
    pytest.fail(f"not seen in {done.pairs} pairs")


def test_a_difference_is_told_in_its_smallest_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed still differs when asked again, and does not when anything is left out of its policies."""
    MISTAKES["guards are open"][1](monkeypatch)
    done = Run(shown=1)
    done.take_all("combinations", make, range(4))
    case = json.loads(done.reports[0].split("\n", 1)[1])
    engine, second = both(case["policies"], case["request"])
    assert [list(engine), list(second)] == [case["engine"], case["second evaluator"]]
    assert engine != second
    assert set(case["policies"]) <= {"scps", "rcps", "endpoint"}
    assert set(case["request"]) == {"action", "resource", "owner", "keys", "caller"}
    assert shrunk(case["policies"], case["request"]) == (case["policies"], case["request"])


@pytest.mark.parametrize("module", ["text", "conditions", "statements", "evaluator"])
def test_the_second_evaluator_shares_no_code_with_the_engine(module: str) -> None:
    """It imports the standard library and itself, and nothing of daypass."""
    tree = ast.parse((HERE / f"{module}.py").read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    own = {f"tests.oracle.{one}" for one in ("text", "conditions", "statements")}
    assert imported - own <= sys.stdlib_module_names | {"collections.abc"}
