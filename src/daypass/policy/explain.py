"""Why a decision came out as it did, for people and for machines. Computed when asked, never while deciding.

``report`` gives plain JSON values; ``render`` turns the report into text; ``record`` is the part of it that may stand
in the audit record of who asked. The values of context keys are shown: whoever reads an explanation must be allowed to
see the request and the policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import dedent

from daypass.policy.attached import Attached, Layer
from daypass.policy.change import place, policy_facts
from daypass.policy.context import RequestContext
from daypass.policy.decision import Decision
from daypass.policy.document import Statement
from daypass.policy.layers import Miss, seen, views
from daypass.policy.obstacles import Obstacle, near_misses, obstacles
from daypass.policy.parse.positions import Span, read_positions, statements

Json = dict[str, object]

_LONGEST_TEXT = 12
"""Lines of a statement that are shown at a terminal."""

_LONGEST_QUOTED = 128
_MOST_QUOTED = 16
"""Characters of each value that a record quotes of a request or a policy, and values of one list."""

_QUOTED = frozenset({"seen", "wanted"})

OF_THE_RESOURCE: frozenset[Layer] = frozenset({"trust", "resource", "rcp"})
"""Layers that belong to the account of the resource."""


def report(decision: Decision) -> Json:
    """The decision with all that explains it.

    Members: ``allowed``, ``effect``, ``layer``, ``reason``, ``action``, ``resource``, ``resourceAccount``,
    ``principal``, ``policy``, ``statement`` (index, Sid, text, position, conditions), ``layers`` (verdict of each
    policy kind alone), ``near`` (statements that would have allowed but for the listed parts), ``obstacles`` (all that
    denies, in the order in which it is met, each with the changes that take it away), ``change`` (the nearest change
    of the first obstacle; null when allowed).
    """
    hindrances = [_obstacle(obstacle) for obstacle in obstacles(decision)]
    first = hindrances[0]["changes"] if hindrances else []
    return _outline(decision) | {
        "statement": _statement(decision.policy, decision.statement, decision.context),
        "layers": _layers(decision),
        "near": _near(decision),
        "obstacles": hindrances,
        "change": first[0] if isinstance(first, list) and first else None,
    }


# INVARIANT: 7. the record of a refusal tells an account nothing of another account's policies.
#   tests/policy/test_explain.py::test_a_record_quotes_nothing_of_another_accounts_policies
def record(decision: Decision) -> Json:
    """The decision for the audit record of the caller's account: cheap, and nothing of another account's policies.

    Members as in ``report``, without texts, obstacles and change. Across accounts ``layers`` and ``near`` are the
    caller's own, and what the resource's side said is no more than effect and layer.
    """
    foreign = (
        OF_THE_RESOURCE if decision.context.principal.account != decision.context.resource_account else frozenset()
    )
    found = _outline(decision) | {"layers": [one for one in _layers(decision) if one["layer"] not in foreign]}
    if decision.layer in foreign:
        without_arn = decision.reason().partition(": ")[0]
        return found | {"reason": without_arn, "policy": None, "statement": None, "near": []}
    return found | {"statement": _cut(_brief(decision.statement, decision.context)), "near": _cut(_near(decision))}


# INVARIANT: 9. who may do nothing must not fill the disk: policies hold long lists, and the conditions of a session
#   policy may quote one long header many times.
#   tests/policy/test_explain.py::test_a_record_keeps_the_beginning_of_what_conditions_saw
def _cut(told: object) -> object:
    """``told`` with the beginning of each value and each list of values."""
    if isinstance(told, list):
        return [_cut(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {name: _beginning(value) if name in _QUOTED else _cut(value) for name, value in told.items()}


def _beginning(value: object) -> object:
    if isinstance(value, list):
        return [_beginning(one) for one in value[:_MOST_QUOTED]]
    return f"{value[:_LONGEST_QUOTED]}…" if isinstance(value, str) and len(value) > _LONGEST_QUOTED else value


def _outline(decision: Decision) -> Json:
    context = decision.context
    return {
        "allowed": decision.allowed,
        "effect": decision.effect,
        "layer": decision.layer,
        "reason": decision.reason(),
        "action": context.action,
        "resource": context.resource,
        "resourceAccount": context.resource_account,
        "principal": {"type": context.principal.type, "arn": context.principal.arn},
        "policy": policy_facts(decision.policy),
    }


def _layers(decision: Decision) -> list[Json]:
    """What each kind of policy says, whether or not it mattered; the organization's once a level."""
    found: list[Json] = []
    for view in views(decision.context, decision.policies):
        level: Json = {"level": view.level} if view.layer in ("scp", "rcp") else {}
        found.append({"layer": view.layer, "verdict": view.verdict} | level)
    return [*found, {"layer": "root", "verdict": "allows"}] if decision.policies.root else found


def _near(decision: Decision) -> list[Json]:
    if decision.effect != "implicitDeny":
        return []
    return [
        {
            "policy": policy_facts(attached),
            "statement": {"index": statement.index, "sid": statement.sid},
            "missing": [miss.as_dict() for miss in missing],
        }
        for attached, statement, missing in near_misses(decision)
    ]


def _obstacle(obstacle: Obstacle) -> Json:
    attached, statement = obstacle.found or (None, None)
    return {
        "effect": obstacle.effect,
        "layer": obstacle.layer,
        "level": obstacle.level,
        "policy": policy_facts(attached),
        "statement": None if statement is None else {"index": statement.index, "sid": statement.sid},
        "changes": [change.as_dict() for change in obstacle.changes],
    }


def _statement(attached: Attached | None, statement: Statement | None, context: RequestContext) -> Json | None:
    """The statement that settled it, as it stands in its document."""
    brief = _brief(statement, context)
    if brief is None or attached is None or statement is None:
        return brief
    span = _span(attached, statement)
    text = attached.policy.text[span.start.offset : span.end.offset]
    return brief | {"text": text, "position": {"start": span.start._asdict(), "end": span.end._asdict()}}


def statement_text(attached: Attached, statement: Statement) -> str:
    """A statement as it stands in its document."""
    span = _span(attached, statement)
    return attached.policy.text[span.start.offset : span.end.offset]


def _brief(statement: Statement | None, context: RequestContext) -> Json | None:
    """The statement that settled it, with the conditions that held and the values they saw."""
    if statement is None:
        return None
    return {
        "index": statement.index,
        "sid": statement.sid,
        "effect": statement.effect,
        "conditions": [
            {"operator": c.operator, "key": c.key, "wanted": list(c.values), "seen": seen(c, context)}
            for c in statement.conditions
        ],
    }


def _span(attached: Attached, statement: Statement) -> Span:
    return statements(read_positions(attached.policy.text))[statement.index].span


# ── for a reader at a terminal ───────────────────────────────────────────────────────────────────────


def render(decision: Decision) -> str:
    """The report as text, one fact a line."""
    context = decision.context
    lines = [
        f"{decision.effect}: {context.action} on {context.resource}",
        f"asked by {context.principal.arn or 'nobody known'}",
        *_settled(decision),
    ]
    if not decision.allowed:
        lines.append(decision.reason())
    lines += [f"{view.layer}: {view.verdict}" for view in views(context, decision.policies)]
    lines += ["root: allows"] if decision.policies.root else []
    if decision.effect == "implicitDeny":
        for attached, statement, missing in near_misses(decision):
            lines.append(f"{place(attached, statement)} came near:")
            lines += [f"  {_told(miss)}" for miss in missing]
    return "\n".join([*lines, *_ways(decision)])


def _settled(decision: Decision) -> Iterator[str]:
    attached, statement = decision.policy, decision.statement
    if attached is None or statement is None:
        return
    span = _span(attached, statement)
    yield f"settled by {place(attached, statement)}, line {span.start.line}, layer {decision.layer}"
    text = attached.policy.text[: span.end.offset].splitlines()[span.start.line - 1 :]
    text[0] = " " * span.start.column + text[0][span.start.column :]
    shown = dedent("\n".join(text)).splitlines()
    yield from (f"    {line}" for line in shown[:_LONGEST_TEXT])
    if len(shown) > _LONGEST_TEXT:
        yield "    …"
    yield from (f"  {c.operator} {c.key}: {_listed(seen(c, decision.context))}" for c in statement.conditions)


def _ways(decision: Decision) -> Iterator[str]:
    """One line an obstacle: what would take it away."""
    for number, obstacle in enumerate(obstacles(decision)):
        ways = "; or ".join(change.says for change in obstacle.changes)
        before = "to change it" if number == 0 else f"then, by layer {obstacle.layer}"
        yield f"{before}: {ways or 'no single change helps'}"


def _told(miss: Miss) -> str:
    condition = miss.condition
    name = f"condition {condition.operator} {condition.key}" if condition else miss.part
    return f"{name} wants {_listed(miss.wanted)}, the request has {_listed(miss.seen)}"


def _listed(value: str | Sequence[str] | None) -> str:
    values = (value,) if isinstance(value, str) else value or ()
    return ", ".join(f"`{one}`" for one in values) or "nothing"
