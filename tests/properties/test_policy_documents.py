"""A compiled policy holds all that was written: what is rendered from it is the same policy."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daypass.policy import Policy, Statement, evaluate, parse_policy
from tests.oracle import strategies
from tests.oracle.asking import KINDS, Engine, context
from tests.oracle.tables import hung

Json = dict[str, Any]
SLOTS = st.sampled_from(sorted(KINDS))


def render(policy: Policy) -> Json:
    """The document again, every list written as a list."""
    identity = {"Id": policy.id} if policy.id is not None else {}
    return {"Version": policy.version, **identity, "Statement": [render_statement(one) for one in policy.statements]}


def render_statement(statement: Statement) -> Json:
    """One statement from what was compiled, not from the text."""
    made: Json = {"Sid": statement.sid} if statement.sid is not None else {}
    made["Effect"] = statement.effect
    if statement.principal is not None:
        entries: dict[str, list[str]] = {}
        for kind, value in statement.principal.entries:
            entries.setdefault(kind, []).append(value)
        made["NotPrincipal" if statement.principal.negated else "Principal"] = "*" if "*" in entries else entries
    made["NotAction" if statement.actions.negated else "Action"] = list(statement.actions.patterns)
    if statement.resources is not None:
        made["NotResource" if statement.resources.negated else "Resource"] = list(statement.resources.patterns)
    block: Json = {}
    for condition in statement.conditions:
        block.setdefault(condition.operator, {})[condition.key] = list(condition.values)
    return made | ({"Condition": block} if block else {})


def normal(document: Json) -> Json:
    """The document with lists for lone values, texts for numbers and booleans, and the version that none means."""
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    named = {"Id": document["Id"]} if "Id" in document else {}
    return {
        "Version": document.get("Version", "2008-10-17"),
        **named,
        "Statement": [{name: _normal_member(name, value) for name, value in one.items()} for one in statements],
    }


def _normal_member(name: str, value: Any) -> Any:
    if name in ("Sid", "Effect"):
        return value
    if name == "Condition":
        return {operator: {key: _texts(wanted) for key, wanted in lines.items()} for operator, lines in value.items()}
    if name in ("Principal", "NotPrincipal"):
        return value if value == "*" else {kind: _texts(names) for kind, names in value.items()}
    return _texts(value)


def _texts(value: Any) -> list[str]:
    return [one if isinstance(one, str) else json.dumps(one) for one in (value if isinstance(value, list) else [value])]


@st.composite
def placed(draw: st.DrawFn) -> tuple[str, Json]:
    """A document with its slot; some with Sids and an Id."""
    slot = draw(SLOTS)
    document = draw(strategies.documents(slot))
    if draw(st.booleans()):
        document = {"Id": "An Id", **document}
        document["Statement"] = [{"Sid": f"S{index}", **one} for index, one in enumerate(document["Statement"])]
    return slot, document


@given(placed())
def test_parse_then_render_is_the_same_policy(given_: tuple[str, Json]) -> None:
    """Nothing that was written is lost, and nothing is added."""
    slot, document = given_
    assert render(parse_policy(json.dumps(document), KINDS[slot])) == normal(document)


@given(placed())
def test_render_then_parse_is_the_same_policy(given_: tuple[str, Json]) -> None:
    """Rendering is a fixed point: what was rendered parses to what it was rendered from."""
    slot, document = given_
    once = render(parse_policy(json.dumps(document), KINDS[slot]))
    assert render(parse_policy(json.dumps(once), KINDS[slot])) == once


@given(placed(), st.lists(strategies.requests(), min_size=1, max_size=8))
def test_what_was_rendered_decides_alike(given_: tuple[str, Json], requests: list[Json]) -> None:
    """The written and the rendered document give the same decisions, wherever they hang."""
    slot, document = given_
    rendered = render(parse_policy(json.dumps(document), KINDS[slot]))
    sets = [Engine().policy_set(hung(slot, one)) for one in (document, rendered)]
    for asked in map(context, requests):
        first, second = (evaluate(asked, policies) for policies in sets)
        assert (first.effect, first.layer) == (second.effect, second.layer)
