"""The same question to both evaluators: plain JSON in, (effect, layer) out, and where they differ the smallest form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from daypass.policy import Attached, Kind, PolicySet, RequestContext, evaluate, parse_policy
from tests.oracle import evaluator
from tests.oracle.people import principal

Json = dict[str, Any]
Answer = tuple[str, str]

KINDS = {
    "identity": Kind.IDENTITY_MANAGED,
    "boundary": Kind.IDENTITY_MANAGED,
    "session": Kind.SESSION,
    "resource": Kind.RESOURCE,
    "trust": Kind.TRUST,
    "scps": Kind.SCP,
    "rcps": Kind.RCP,
    "endpoint": Kind.ENDPOINT,
}


class Engine:
    """The engine, asked in plain JSON. Each document is compiled once, however many policy sets it is in."""

    def __init__(self) -> None:
        self._attached: dict[Any, tuple[Json, Attached]] = {}

    def policy_set(self, policies: Json) -> PolicySet:
        """``policies`` as the engine takes them."""
        resource_kind = policies.get("resource kind", "resource")
        place = "trust" if resource_kind == "trust" else "resource"
        session = policies.get("session")
        return PolicySet(
            tuple(self._attach(one, "identity") for one in policies.get("identity", ())),
            self._attach_if_any(policies.get("boundary"), "boundary"),
            None if session is None else tuple(self._attach(one, "session") for one in session),
            self._attach_if_any(policies.get("resource"), place, policies.get("bindings")),
            resource_kind,
            tuple(tuple(self._attach(one, "scps") for one in level) for level in policies.get("scps", ())),
            tuple(tuple(self._attach(one, "rcps") for one in level) for level in policies.get("rcps", ())),
            self._attach_if_any(policies.get("endpoint"), "endpoint"),
            root=policies.get("root", False),
        )

    def _attach_if_any(self, document: Json | None, place: str, bindings: Json | None = None) -> Attached | None:
        return None if document is None else self._attach(document, place, bindings)

    def _attach(self, document: Json, place: str, bindings: Json | None = None) -> Attached:
        key = (id(document), place, id(bindings))
        if key not in self._attached:
            policy = parse_policy(json.dumps(document), KINDS[place])
            self._attached[key] = document, Attached(policy, place, None, bindings)
        return self._attached[key][1]


def context(request: Json, *, lazily: bool = False) -> RequestContext:
    """``request`` as the engine takes it; ``lazily``: it has to ask for each context key."""
    keys = {name: tuple(value) if isinstance(value, list) else value for name, value in request["keys"].items()}
    given, asked = ({}, keys.get) if lazily else (keys, None)
    who = principal(request["caller"])
    return RequestContext(request["action"], request["resource"], who, request["owner"], given, asked)


def both(policies: Json, request: Json) -> tuple[Answer, Answer]:
    """The engine's answer and the second evaluator's."""
    decision = evaluate(context(request), Engine().policy_set(policies))
    return (decision.effect, decision.layer), evaluator.decide(policies, request)


def shrunk(policies: Json, request: Json) -> tuple[Json, Json]:
    """The smallest policies and request, reached by leaving things out, on which the two still answer just so."""
    case = {"policies": deepcopy(policies), "request": deepcopy(request)}
    answers = both(policies, request)
    smaller: Json | None = case
    while smaller is not None:
        case = smaller
        smaller = next((one for one in _less(case) if _answers(one) == answers), None)
    return case["policies"], case["request"]


def _answers(case: Json) -> tuple[Answer, Answer] | None:
    try:
        return both(case["policies"], case["request"])
    except Exception:  # what was left out was needed
        return None


def _less(case: Json) -> Iterator[Json]:
    """The case with one member, or one element of a list, left out, or one list of one taken as its element."""
    for path in _paths(case):
        copy = deepcopy(case)
        holder: Any = copy
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        yield copy


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (name,)
        for path in _paths(member):
            yield (name, *path)


def report(policies: Json, request: Json) -> str:
    """The smallest form of a difference, as JSON that ``python -m tests.oracle`` takes."""
    policies, request = shrunk(policies, request)
    engine, second = both(policies, request)
    return json.dumps(
        {"policies": policies, "request": request, "engine": list(engine), "second evaluator": list(second)}, indent=1
    )
