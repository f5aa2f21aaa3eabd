"""Proofs by z3 about how the engine combines its layers, over a table that the engine itself has filled in."""

from __future__ import annotations

import importlib

import pytest
import z3

from daypass.policy import evaluate
from daypass.policy.principal import DIRECT
from tests.oracle.asking import Engine, context
from tests.oracle.generator import make
from tests.properties.combination import ALLOWS, DENIES, NONE, SAYS, SILENT, Formula, Row, enumerate_engine, row_of

LAYERS = ("identity", "boundary", "session", "scp", "rcp", "endpoint")
CUTS = ("boundary", "session", "scp", "rcp", "endpoint")


@pytest.fixture(scope="module")
def rows() -> dict[Row, bool]:
    return enumerate_engine()


@pytest.fixture(scope="module")
def allowed(rows: dict[Row, bool]) -> Formula:
    return Formula(rows)


def test_rows_are_all_that_matters(rows: dict[Row, bool]) -> None:
    """Whatever the policies are: the decision is that of the row of what each layer says when it is asked alone."""
    asked = 0
    for number in range(12):
        table = make("everything", number)
        engine = Engine()
        requests = [one for one in table.requests if one["caller"]["type"] in ("user", "role", "federated")]
        requests = [one for one in requests if one["caller"].get("user", one)]
        for policies in (engine.policy_set(one | {"root": False}) for one in table.policies):
            for request in map(context, requests):
                assert evaluate(request, policies).allowed == rows[row_of(request, policies)], request
                asked += 1
    assert asked > 5000


def test_a_session_never_exceeds_its_role(allowed: Formula) -> None:
    """What a role session may do with a session policy it may do without: the policy only takes away."""
    row = allowed.row(caller="role session")
    assert allowed.counterexample(z3.Implies(allowed(row), allowed(row._replace(session=NONE)))) is None


def test_a_session_does_what_its_role_allows_and_no_more(allowed: Formula) -> None:
    """But for a resource that names who asks, role, boundary and session policy all have to allow it."""
    row = allowed.row(caller="role session")
    named = allowed.one_of(row.grant, "behind", "self", "everyone")
    cut = z3.And([allowed.one_of(getattr(row, name), NONE, ALLOWS) for name in CUTS])
    claim = z3.Implies(z3.And(allowed(row), z3.Not(named)), z3.And(row.identity == allowed.of[ALLOWS], cut))
    assert allowed.counterexample(claim) is None


def test_a_federated_user_never_exceeds_his_user(allowed: Formula) -> None:
    """What a GetFederationToken session may do its user may do, but where a resource names the session itself."""
    row = allowed.row(caller="federated user")
    of_user = row._replace(caller="user", session=NONE)
    by_grant = [
        z3.Implies(row.grant == allowed.of[grant], allowed(of_user._replace(grant=users)))
        for grant, users in ((NONE, NONE), ("account", "account"), ("behind", "self"), ("everyone", "everyone"))
    ]
    assert allowed.counterexample(z3.Implies(allowed(row), z3.And(by_grant))) is None


def test_only_a_grant_to_the_session_itself_frees_it_on_the_way_to_a_role(allowed: Formula) -> None:
    """Trusting everyone, an account or a role leaves boundary and session policy of who asks in force."""
    assert allowed.counterexample(_cut_on_the_way_to_a_role(allowed)) is None


def _cut_on_the_way_to_a_role(allowed: Formula) -> z3.BoolRef:
    row = allowed.row(kind="trust")
    cut = z3.And([allowed.one_of(getattr(row, name), NONE, ALLOWS) for name in ("boundary", "session")])
    return z3.Implies(allowed(row), z3.Or(row.grant == allowed.of["self"], cut))


def test_nothing_is_reached_across_accounts_without_both_sides(allowed: Formula) -> None:
    """A grant of the resource, an identity-based Allow, and nothing that cuts it away."""
    row = allowed.row(account="other")
    both = [row.identity == allowed.of[ALLOWS], z3.Not(allowed.one_of(row.grant, NONE, DENIES))]
    cut = [allowed.one_of(getattr(row, name), NONE, ALLOWS) for name in CUTS]
    assert allowed.counterexample(z3.Implies(allowed(row), z3.And(both + cut))) is None


def test_roles_and_keys_are_reached_by_their_own_policy_only(allowed: Formula) -> None:
    """Whoever is not named there does not get in, whatever else allows him."""
    row = allowed.row()
    claim = z3.Implies(z3.And(allowed(row), row.grant == allowed.of[NONE]), row.kind == allowed.of["resource"])
    assert allowed.counterexample(claim) is None


def test_a_deny_anywhere_is_the_end(allowed: Formula) -> None:
    """No row is allowed in which any layer denies."""
    row = allowed.row()
    denies = z3.Or([getattr(row, name) == allowed.of[DENIES] for name in (*LAYERS, "grant")])
    assert allowed.counterexample(z3.Not(z3.And(allowed(row), denies))) is None


@pytest.mark.parametrize("guard", ["scp", "rcp", "endpoint"])
def test_every_guard_holds_whoever_is_named(allowed: Formula, guard: str) -> None:
    """A guard that is there and does not allow is the end, whatever the resource grants."""
    row = allowed.row()
    assert allowed.counterexample(z3.Implies(allowed(row), allowed.one_of(getattr(row, guard), NONE, ALLOWS))) is None


@pytest.mark.parametrize("layer", CUTS)
def test_a_layer_that_cuts_never_widens(allowed: Formula, layer: str) -> None:
    """With a boundary, SCP, RCP, endpoint or session policy nothing is allowed that is not without."""
    row = allowed.row()
    federated = row.caller == allowed.of["federated user"]
    less = z3.Implies(allowed(row), allowed(row._replace(**{layer: NONE})))
    assert allowed.counterexample(z3.Or(federated, less) if layer == "session" else less) is None


@pytest.mark.parametrize("layer", LAYERS)
def test_saying_more_in_favour_never_denies(allowed: Formula, layer: str) -> None:
    """A Deny taken away, or an Allow added, in any layer, takes nothing away."""
    row = allowed.row()
    denied, silent, allows = (allowed(row._replace(**{layer: says})) for says in (DENIES, SILENT, ALLOWS))
    assert allowed.counterexample(z3.And(z3.Implies(denied, silent), z3.Implies(silent, allows))) is None


def test_every_layer_matters(rows: dict[Row, bool]) -> None:
    """The proofs are not about nothing: each layer decides some row, and each caller is allowed in some."""
    assert {row.caller for row, allowed in rows.items() if allowed} == {"user", "role session", "federated user"}
    for layer in LAYERS:
        assert any(
            rows[row] != rows[row._replace(**{layer: says})]
            for row in rows
            if rows[row]
            for says in SAYS
            if layer != "identity" or says != NONE
        )


def test_a_proof_fails_when_the_engine_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a role that frees of cuts by trusting everyone, z3 finds the row."""
    grades = importlib.import_module("daypass.policy.evaluate").EVERYONE_GRADES
    monkeypatch.setitem(grades, "trust", DIRECT)
    wrong = Formula(enumerate_engine())
    found = wrong.counterexample(_cut_on_the_way_to_a_role(wrong))
    assert found is not None
    assert found["grant"] == "everyone"
