"""The engine decides as the second evaluator does: every pair of policies and request, effect and layer."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.oracle import generator, strategies
from tests.oracle.asking import both, report
from tests.oracle.combining import GRANTS, KINDS, SAYS, Asking, Row, own_layers
from tests.oracle.conditions import NEGATED
from tests.oracle.naming import ENTRIES, PLACES
from tests.oracle.people import CALLERS
from tests.oracle.run import Run
from tests.oracle.tables import CELLS, PRESENCES, SLOTS

pytestmark = pytest.mark.timeout(1800)  # nightly it is millions of pairs

HERE = Path(__file__).parent
USUAL = {"conditions": 240, "elements": 110, "spellings": 100, "principals": 60, "combinations": 60, "everything": 25}
"""Tables of each subject in the usual run."""
LEAST = 200_000
ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"


@pytest.fixture(scope="module")
def run(cases: Callable[[int], int]) -> Run:
    """All tables. Longer runs add tables that nobody has seen before; their numbers stand in the report."""
    done = Run()
    for table in own_layers():
        done.take("own layers", "own layers", table)
    for subject, usual in USUAL.items():
        done.take_all(subject, generator.make, range(usual))
        first = random.SystemRandom().randrange(1000, 10**9)
        done.take_all(subject, generator.make, range(first, first + cases(usual) - usual))
    return done


def test_the_two_evaluators_never_differ(run: Run, cases: Callable[[int], int]) -> None:
    """No difference in effect or layer; what differs is printed small, as JSON that can be asked again."""
    print(run.summary)
    assert run.found == 0, run.summary
    assert run.pairs >= cases(LEAST)


@pytest.mark.parametrize(("subject", "number"), json.loads((HERE / "seeds.json").read_text()))
def test_tables_that_once_differed_agree(subject: str, number: int) -> None:
    """Tables in which a difference was found, kept for ever."""
    done = Run()
    done.take_all(subject, generator.make, [number])
    assert done.found == 0, done.summary


@settings(max_examples=20 * settings.default.max_examples)
@given(strategies.policies(), strategies.requests())
def test_policies_that_hypothesis_makes_up_are_decided_alike(policies: dict[str, Any], request: dict[str, Any]) -> None:
    """The same pools, drawn by hypothesis, which looks for differences in its own way."""
    engine, second = both(policies, request)
    assert engine == second, report(policies, request)


# ── what was seen ────────────────────────────────────────────────────────────────────────────────────

T, F, TF = {True}, {False}, {True, False}
HOLDS: dict[str, dict[str, tuple[set[bool], set[bool]]]] = {
    # qualifier → presence of the key → whether it ever holds: (positive operators, negated operators)
    "": {"absent": (F, T), "empty": (F, T), "empty text": (TF, TF), "one": (TF, TF), "many": (F, F)},
    "IfExists": {"absent": (T, T), "empty": (T, T), "empty text": (TF, TF), "one": (TF, TF), "many": (F, F)},
    "ForAllValues:": {"absent": (T, T), "empty": (T, T), "empty text": (T, T), "one": (TF, TF), "many": (TF, TF)},
    "ForAnyValue:": {"absent": (F, F), "empty": (F, F), "empty text": (F, F), "one": (TF, TF), "many": (TF, TF)},
}
HOLDS["ForAllValues:IfExists"] = HOLDS["ForAllValues:"]
HOLDS["ForAnyValue:IfExists"] = HOLDS["ForAnyValue:"] | {"absent": (T, T), "empty": (T, T)}
IN_A_DENY = {("", "many"): (TF, TF), ("IfExists", "many"): (TF, TF)}
"""Where a Deny does not read as an Allow does."""
NULL = {"": TF, "ForAllValues:": T, "ForAnyValue:": F}


def test_every_operator_qualifier_and_presence_was_seen(run: Run) -> None:
    """Each operator × qualifier × absent, empty, empty text, one, many × effect, with as many results as it has."""
    seen: dict[tuple[str, ...], set[bool]] = defaultdict(set)
    for (operator, qualifier, effect, _), presence, (decided, _) in run.cells["conditions"]:
        seen[operator, qualifier, presence, effect].add(decided != IMPLICIT)
    expected = {(cell[1], cell[2], presence, cell[3]) for cell, presence in product(CELLS, PRESENCES)}
    assert set(seen) == expected
    together: dict[tuple[Any, ...], set[bool]] = defaultdict(set)
    for (operator, qualifier, presence, effect), results in seen.items():
        if operator == "Null":
            assert results == NULL[qualifier], (operator, qualifier, presence, effect)
            continue
        possible = IN_A_DENY.get((qualifier, presence) if effect == "Deny" else ("", ""), HOLDS[qualifier][presence])
        assert results <= possible[operator in NEGATED], (operator, qualifier, presence, effect)
        assert presence != "one" or results == TF, (operator, qualifier, presence, effect)
        together[qualifier, presence, effect, operator in NEGATED] |= results
    for (qualifier, presence, effect, negated), results in together.items():
        possible = IN_A_DENY.get((qualifier, presence) if effect == "Deny" else ("", ""), HOLDS[qualifier][presence])
        assert results == possible[negated], (qualifier, presence, effect, negated)


def test_no_one_and_many_policy_values_were_seen_with_every_operator(run: Run) -> None:
    """Each operator met an empty list of values, a single one and several."""
    seen = {(operator, count) for (operator, _, _, count), *_ in run.cells["conditions"]}
    assert seen == set(product({cell[1] for cell in CELLS}, ("none", "one", "many")))


def test_actions_and_resources_were_seen_in_every_kind_of_policy(run: Run) -> None:
    """Each kind of policy, effect and negation, with and without a resource in the request, matching and not."""
    seen: dict[Any, set[bool]] = defaultdict(set)
    together: dict[Any, set[bool]] = defaultdict(set)
    for (slot, effect, *negated), resource, (decided, _) in run.cells["elements"]:
        applied = decided == (EXPLICIT if effect == "Deny" else ALLOWED)
        seen[slot, effect, *negated, resource].add(applied)
        together[slot, effect, resource].add(applied)
    flags = [False, True]
    everywhere = product(SLOTS, ["Allow", "Deny"], flags, flags, ["resource", "no resource"])
    expected = {cell for cell in everywhere if not (cell[0] == "trust" and cell[3])}
    assert set(seen) == expected
    assert {cell for cell, results in seen.items() if results != TF and cell[-1] == "resource"} == set()
    assert {cell for cell, results in together.items() if results != TF} == set()


def test_every_way_to_name_somebody_was_seen(run: Run) -> None:
    """Principal and NotPrincipal in every policy that has one, asked by everybody, to allow and to deny."""
    seen: dict[Any, set[str]] = defaultdict(set)
    for label, caller, (decided, _) in run.cells["principals"]:
        seen[label, caller].add(decided)
    labels = product(PLACES, ["Allow", "Deny"], ["Principal", "NotPrincipal"])
    assert set(seen) == set(product(labels, CALLERS))
    for caller in CALLERS:
        assert set(chain(*(seen[label, caller] for label, who in seen if who == caller))) == {
            ALLOWED, EXPLICIT, IMPLICIT,
        }, caller  # fmt: skip


def test_every_layer_allowed_denied_and_lacked_an_allow(run: Run) -> None:
    """Each layer settled some decision in every way in which it can."""
    subjects = ("own layers", "combinations", "everything", "principals")
    settled = {answer for subject in subjects for *_, answer in run.cells[subject]}
    layers = ("scp", "rcp", "resource", "trust", "identity", "boundary", "session", "endpoint")
    expected = {(effect, layer) for effect in (EXPLICIT, IMPLICIT) for layer in layers}
    assert settled == expected | {(ALLOWED, layer) for layer in ("resource", "trust", "identity", "root")}


def test_every_guard_was_seen_to_let_through_to_hold_back_and_to_deny(run: Run) -> None:
    """SCPs, RCPs and endpoint policies: what they say bounds what can come out."""
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row, _, (decided, _) in run.cells["combinations"]:
        for guard in ("scp", "rcp", "endpoint"):
            seen[guard, getattr(row, guard)].add(decided)
    every = {ALLOWED, IMPLICIT, EXPLICIT}
    possible = {"none": every, "allows": every, "silent": {IMPLICIT, EXPLICIT}, "denies": {EXPLICIT}}
    assert seen == {(guard, says): possible[says] for guard in ("scp", "rcp", "endpoint") for says in SAYS}


# ── the tables of the documentation ──────────────────────────────────────────────────────────────────

ROWS = json.loads((HERE / "rows.json").read_text())


@pytest.fixture(scope="module")
def decided(run: Run) -> dict[tuple[Row, Asking], str]:
    """The effect of every row of the caller's own layers."""
    return {(row, asking): answer[0] for row, asking, answer in run.cells["own layers"]}


@pytest.mark.parametrize(("table", "name"), [(table, name) for table, rows in ROWS.items() for name in rows["rows"]])
def test_every_row_of_the_documented_tables_was_met(
    table: str, name: str, decided: dict[tuple[Row, Asking], str]
) -> None:
    """Each row of AWS's tables is among the pairs, and came out as the table says."""
    given_to_all, (*facts, expected) = ROWS[table]["given"], ROWS[table]["rows"][name]
    row = dict(zip(ROWS[table]["columns"], facts, strict=True)) | given_to_all
    asking = Asking(row.pop("caller"), row.pop("same account"))
    met = {
        decided[Row(**dict(zip(row, says, strict=True))), asking]
        for says in product(*(one if isinstance(one, list) else [one] for one in row.values()))
    }
    assert met == {expected}


def test_everybody_is_allowed_by_some_row_and_denied_by_others(decided: dict[tuple[Row, Asking], str]) -> None:
    """Each kind of resource with each grant is decided in both ways by somebody, but where nothing is granted."""
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (row, _), effect in decided.items():
        seen[row.kind, row.grant].add(effect)
    every = {ALLOWED, IMPLICIT, EXPLICIT}
    for kind, grant in product(KINDS, GRANTS):
        nothing = grant in ("none", "nobody") and kind != "resource"
        assert seen[kind, grant] == ({EXPLICIT} if grant == "denies" else every - {ALLOWED} if nothing else every)
    assert {asking.caller for (_, asking), effect in decided.items() if effect == ALLOWED} == set(CALLERS)
    assert len(ENTRIES) > len(GRANTS)
