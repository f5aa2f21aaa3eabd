"""Why a decision came out as it did, for people and for machines. Computed when asked, never while deciding.

``report`` gives plain JSON values; ``render`` turns the report into text. The values of context keys are shown: whoever
reads an explanation must be allowed to see the request and the policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daypass.policy.attached import RESOURCE_LAYERS, Attached, Layer, PolicySet
from daypass.policy.context import RequestContext
from daypass.policy.decision import Decision
from daypass.policy.document import Condition, Statement
from daypass.policy.principal import Grade, Names

_MOST_NEAR = 10
"""How many statements that came near are shown; the nearest come first."""


def report(decision: Decision) -> dict[str, object]:
    """The decision with all that explains it.

    Members: ``allowed``, ``effect``, ``layer``, ``reason``, ``action``, ``resource``, ``resourceAccount``,
    ``principal``, ``policy``, ``statement``, ``layers`` (verdict of each policy kind alone), ``near`` (statements
    that would have allowed but for the listed parts), ``change`` (the smallest change that flips a denial).
    """
    context = decision.context
    near = list(_near(decision))[:_MOST_NEAR] if decision.effect == "implicitDeny" else []
    return {
        "allowed": decision.allowed,
        "effect": decision.effect,
        "layer": decision.layer,
        "reason": decision.reason(),
        "action": context.action,
        "resource": context.resource,
        "resourceAccount": context.resource_account,
        "principal": {"type": context.principal.type, "arn": context.principal.arn},
        "policy": _policy(decision.policy),
        "statement": _statement(decision.statement, context),
        "layers": [{"layer": layer, "verdict": verdict} for layer, verdict in _verdicts(decision)],
        "near": [one.as_dict() for one in near],
        "change": _change(decision, near),
    }


# ── each policy kind alone ───────────────────────────────────────────────────────────────────────────


def _groups(policies: PolicySet) -> Iterator[tuple[Layer, tuple[Attached, ...]]]:
    """The policies by layer, each organization level apart, in AWS's order of evaluation."""
    for level in policies.rcps:
        yield "rcp", level
    for level in policies.scps:
        yield "scp", level
    if policies.endpoint is not None:
        yield "endpoint", (policies.endpoint,)
    if policies.resource is not None:
        yield RESOURCE_LAYERS[policies.resource_kind], (policies.resource,)
    if not policies.root or policies.identity:
        yield "identity", policies.identity
    if policies.boundary is not None:
        yield "boundary", (policies.boundary,)
    if policies.session is not None:
        yield "session", policies.session


def _verdicts(decision: Decision) -> Iterator[tuple[Layer, str]]:
    """What each kind of policy says, whether or not it mattered."""
    for layer, group in _groups(decision.policies):
        matching = [s for attached in group for s in attached.policy.statements if not _missing(decision, attached, s)]
        if any(statement.denies for statement in matching):
            yield layer, "denies"
        else:
            yield layer, "allows" if matching else "does not allow"
    if decision.policies.root:
        yield "root", "allows"


# ── what was missing ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Miss:
    """One part of a statement that did not fit: what it wants and what the request has."""

    part: str
    wanted: tuple[str, ...]
    seen: str | list[str] | None
    operator: str = ""
    key: str = ""

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values; ``operator`` and ``key`` only for conditions."""
        found: dict[str, object] = {"part": self.part, "wanted": list(self.wanted), "seen": self.seen}
        return found | {"operator": self.operator, "key": self.key} if self.operator else found

    def __str__(self) -> str:
        name = f"condition {self.operator} {self.key}" if self.operator else self.part
        return f"{name} wants {_listed(self.wanted)}, the request has {_listed(self.seen)}"


@dataclass(frozen=True, slots=True)
class Near:
    """A statement that would have allowed but for ``missing``."""

    attached: Attached
    statement: Statement
    missing: tuple[Miss, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            "policy": _policy(self.attached),
            "statement": {"index": self.statement.index, "sid": self.statement.sid},
            "missing": [miss.as_dict() for miss in self.missing],
        }


def _near(decision: Decision) -> list[Near]:
    """Allow statements of the lacking layer that speak of the action, those that miss least first."""
    found = []
    for layer, group in _groups(decision.policies):
        if layer != decision.layer:
            continue
        for attached in group:
            for statement in attached.policy.statements:
                missing = _missing(decision, attached, statement)
                if not statement.denies and missing and missing[0].part != "action":
                    found.append(Near(attached, statement, tuple(missing)))
    return sorted(found, key=lambda near: len(near.missing))


def _missing(decision: Decision, attached: Attached, statement: Statement) -> list[Miss]:
    """The parts of ``statement`` that do not fit the request; empty: it applies."""
    context = decision.context
    if not statement.actions.matches(context.folded):
        return [Miss("action", statement.actions.patterns, context.action)]
    misses: list[Miss] = []
    if attached.policy.asks_who:
        misses += _principal_misses(decision, attached, statement)
    resources = statement.resources
    if resources is not None and resources.test is not None and not resources.test(context):
        misses.append(Miss("NotResource" if resources.negated else "resource", resources.patterns, context.resource))
    misses += [_condition_miss(c, context) for c in statement.conditions if not c.test(context)]
    return misses


def _principal_misses(decision: Decision, attached: Attached, statement: Statement) -> Iterator[Miss]:
    principal = statement.principal
    names = Names(decision.context.principal)
    if principal is None:
        yield Miss("principal", (), decision.context.principal.arn)
    elif statement.denies:
        bounded = decision.policies.boundary is not None
        if not principal.is_denied(names, attached, bounded=bounded):
            yield Miss("principal", _values(principal.entries), decision.context.principal.arn)
    elif principal.grade(names, attached) is Grade.NONE:
        yield Miss("principal", _values(principal.entries), decision.context.principal.arn)


def _values(entries: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(value for _, value in entries)


def _condition_miss(condition: Condition, context: RequestContext) -> Miss:
    return Miss("condition", condition.values, _seen(condition, context), condition.operator, condition.key)


def _seen(condition: Condition, context: RequestContext) -> str | list[str] | None:
    value = context.values[condition.key.lower()]
    return list(value) if isinstance(value, tuple) else value


# ── shown ────────────────────────────────────────────────────────────────────────────────────────────


def _policy(attached: Attached | None) -> dict[str, str | None] | None:
    if attached is None:
        return None
    group = {} if attached.group is None else {"group": attached.group}
    return {"name": attached.name, "arn": attached.arn, **group}


def _statement(statement: Statement | None, context: RequestContext) -> dict[str, object] | None:
    """The statement that settled it, with the conditions that held and the values they saw."""
    if statement is None:
        return None
    return {
        "index": statement.index,
        "sid": statement.sid,
        "effect": statement.effect,
        "conditions": [
            {"operator": c.operator, "key": c.key, "wanted": list(c.values), "seen": _seen(c, context)}
            for c in statement.conditions
        ],
    }


def _change(decision: Decision, near: list[Near]) -> str:
    """The smallest change that flips a denial; empty when allowed."""
    if decision.allowed:
        return ""
    if decision.policy is not None and decision.statement is not None:
        return f"remove or narrow {_place(decision.policy, decision.statement)}, which denies"
    if near and len(near[0].missing) == 1:
        miss = near[0].missing[0]
        return f"{_place(near[0].attached, near[0].statement)} would allow it, but its {miss}"
    context = decision.context
    if decision.layer in {"trust", "resource"}:
        return f"allow {context.action} to {context.principal.arn or 'everyone'} in the policy of {context.resource}"
    return f"allow {context.action} on {context.resource} in {_WHERE[decision.layer]}"


_WHERE: dict[Layer, str] = {
    "identity": "an identity-based policy of the principal",
    "boundary": "the permissions boundary",
    "session": "a session policy, passed when the session is made",
    "scp": "a service control policy at every level",
    "rcp": "a resource control policy at every level",
    "endpoint": "the VPC endpoint policy",
}


def _place(attached: Attached, statement: Statement) -> str:
    sid = f" ({statement.sid})" if statement.sid else ""
    group = f" (group {attached.group})" if attached.group else ""
    return f"statement {statement.index + 1}{sid} of {attached.arn or attached.name}{group}"


def _listed(value: str | Sequence[str] | None) -> str:
    values = (value,) if isinstance(value, str) else value or ()
    return ", ".join(f"`{one}`" for one in values) or "nothing"


def render(decision: Decision) -> str:
    """The report as text, one fact a line."""
    context = decision.context
    lines = [
        f"{decision.effect}: {context.action} on {context.resource}",
        f"asked by {context.principal.arn or 'nobody known'}",
    ]
    if decision.policy is not None and decision.statement is not None:
        lines.append(f"settled by {_place(decision.policy, decision.statement)}, layer {decision.layer}")
        conditions = decision.statement.conditions
        lines += [f"  {c.operator} {c.key}: {_listed(_seen(c, context))}" for c in conditions]
    if not decision.allowed:
        lines.append(decision.reason())
    lines += [f"{layer}: {verdict}" for layer, verdict in _verdicts(decision)]
    if decision.effect == "implicitDeny":
        for near in _near(decision)[:_MOST_NEAR]:
            lines.append(f"{_place(near.attached, near.statement)} came near:")
            lines += [f"  {miss}" for miss in near.missing]
    if not decision.allowed:
        lines.append(f"to change it: {_change(decision, _near(decision) if decision.statement is None else [])}")
    return "\n".join(lines)
