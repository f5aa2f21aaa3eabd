"""What each kind of policy says of one request by itself, and which parts of a statement do not fit it.

``evaluate`` stops at what settles a request; explanations and simulations want to see all of it. Computed when asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from daypass.policy.actions import Chosen, Selection
from daypass.policy.attached import RESOURCE_LAYERS, Attached, Layer, PolicySet
from daypass.policy.context import RequestContext
from daypass.policy.document import Condition, Statement
from daypass.policy.evaluate import EVERYONE_GRADES
from daypass.policy.principal import DIRECT, NO_GRADE, Names

Found = tuple[Attached, Statement]
Group = tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One kind of policy, or one level of the organization's: what applies in it.

    ``level`` counts from 0, from the root down, the levels that the policy set has; those that hold nothing but full
    access may have been left out of it.
    """

    layer: Layer
    level: int
    group: Group
    denying: tuple[Found, ...]
    allowing: tuple[Found, ...]

    @property
    def verdict(self) -> str:
        """In words, whether or not it mattered."""
        return "denies" if self.denying else "allows" if self.allowing else "does not allow"


def views(context: RequestContext, policies: PolicySet) -> tuple[View, ...]:
    """Every kind of policy that bears on the request, in AWS's order of evaluation."""
    return tuple(_view(context, policies, *place) for place in groups(policies))


def groups(policies: PolicySet) -> Iterator[tuple[Layer, int, Group]]:
    """The policies by layer and level; a layer that the request does not have is left out."""
    for level, group in enumerate(policies.rcps):
        yield "rcp", level, group
    for level, group in enumerate(policies.scps):
        yield "scp", level, group
    if policies.endpoint is not None:
        yield "endpoint", 0, (policies.endpoint,)
    if policies.resource is not None:
        yield RESOURCE_LAYERS[policies.resource_kind], 0, (policies.resource,)
    if not policies.root or policies.identity:
        yield "identity", 0, policies.identity
    if policies.boundary is not None:
        yield "boundary", 0, (policies.boundary,)
    if policies.session is not None:
        yield "session", 0, policies.session


def _view(context: RequestContext, policies: PolicySet, layer: Layer, level: int, group: Group) -> View:
    denying: list[Found] = []
    allowing: list[Found] = []
    for attached in group:
        denies, allows = chosen(context, attached)
        denying += _applying(context, policies, attached, denies)
        allowing += _applying(context, policies, attached, allows)
    return View(layer, level, group, tuple(denying), tuple(allowing))


def chosen(context: RequestContext, attached: Attached) -> Selection:
    """The statements of a policy that speak of the request's action, as its index has them."""
    policy = attached.policy
    return (policy.by_action_and_principal if policy.asks_who else policy.by_action)[context.folded]


def _applying(context: RequestContext, policies: PolicySet, attached: Attached, statements: Chosen) -> Iterator[Found]:
    for reaches, holds, statement in statements:
        applies = (reaches is None or reaches(context)) and (holds is None or holds(context))
        if applies and is_meant(context, policies, attached, statement):
            yield attached, statement


# ── what does not fit ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Miss:
    """One part of a statement that did not fit: what it wants and what the request has.

    ``part`` is ``action``, ``principal``, ``resource``, ``NotResource`` or ``condition``, the last with its
    ``condition``.
    """

    part: str
    wanted: tuple[str, ...]
    seen: str | list[str] | None
    condition: Condition | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values; ``operator`` and ``key`` only for conditions."""
        found: dict[str, object] = {"part": self.part, "wanted": list(self.wanted), "seen": self.seen}
        condition = self.condition
        return found | {"operator": condition.operator, "key": condition.key} if condition else found


def misses(context: RequestContext, policies: PolicySet, attached: Attached, statement: Statement) -> list[Miss]:
    """The parts of ``statement`` that do not fit the request; empty: it applies. Of another action nothing else."""
    if not statement.actions.matches(context.folded):
        return [Miss("action", statement.actions.patterns, context.action)]
    found: list[Miss] = []
    if not is_meant(context, policies, attached, statement):
        names = tuple(value for _, value in statement.principal.entries) if statement.principal else ()
        found.append(Miss("principal", names, context.principal.arn))
    resources = statement.resources
    if resources is not None and resources.test is not None and not resources.test(context):
        found.append(Miss("NotResource" if resources.negated else "resource", resources.patterns, context.resource))
    found += [Miss("condition", c.values, seen(c, context), c) for c in statement.conditions if not c.test(context)]
    return found


def is_meant(context: RequestContext, policies: PolicySet, attached: Attached, statement: Statement) -> bool:
    """Whether a statement speaks of who asks; where policies name no principals, it does."""
    if not attached.policy.asks_who:
        return True
    principal, is_guard = statement.principal, attached is policies.endpoint
    if principal is None:
        return False
    names = Names(
        context.principal, EVERYONE_GRADES[policies.resource_kind] if not is_guard else DIRECT, guard=is_guard
    )
    if statement.denies:
        return principal.is_denied(names, attached, bounded=policies.boundary is not None)
    return principal.grade(names, attached) is not NO_GRADE


def seen(condition: Condition, context: RequestContext) -> str | list[str] | None:
    """What the request has for a condition's key; None: nothing."""
    value = context.values[condition.key.lower()]
    return list(value) if isinstance(value, tuple) else value
