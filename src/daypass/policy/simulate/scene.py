"""A scene, the requests played in it, and what comes of each.

Source: IAM API reference, EvaluationResult, ResourceSpecificResult.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from daypass.policy.attached import Attached, PolicySet, ResourceKind
from daypass.policy.context import KeyValue, RequestContext, Requester
from daypass.policy.decision import Decision, Effect
from daypass.policy.document import Policy, Statement
from daypass.policy.evaluate import evaluate
from daypass.policy.layers import View, chosen, is_meant, views
from daypass.policy.parse.positions import read_positions, statements
from daypass.policy.simulate.asked import resource_owner
from daypass.policy.simulate.keys import resource_keys, statement_keys

Mark = tuple[int, int]
"""Line and column, both from 1, as the policy simulator counts them."""


def _nothing(_: str) -> KeyValue | None:
    return None


@dataclass(frozen=True, slots=True)
class Scene:
    """What all requests of a simulation have in common.

    Args:
        principal: who asks.
        policies: all policies but the resource's own; the names of those attached are what the answer calls them.
        owner: the account that owns resources whose ARN names none.
        owned: context keys of resources of ``owner``.
        keys: context keys of the request by lower-case name. They win over ``owned`` and ``known``.
        known: what follows from who asks, by lower-case name.
        resource_policy: the own policy of every resource, None: they have none.
        is_anybody: nobody in particular asks: every resource is of his own account.
        is_member: his account is in an organization, even if no policy of it says anything about him.
    """

    principal: Requester
    policies: PolicySet
    owner: str
    owned: Mapping[str, KeyValue] = field(default_factory=dict)
    keys: Mapping[str, KeyValue] = field(default_factory=dict)
    known: Callable[[str], KeyValue | None] = _nothing
    resource_policy: Attached | None = None
    is_anybody: bool = False
    is_member: bool = False


class Matched(NamedTuple):
    """A statement that determined an outcome, and where it stands in its document."""

    attached: Attached
    statement: Statement
    start: Mark
    end: Mark


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would have been decided about one action on one resource.

    ``missing`` are the context keys that statements about this action ask for and that nobody gave. ``boundary`` and
    ``organization`` say whether those allow it; None: there is none. ``sides`` is the effect of each side's policies
    alone, of requests across accounts only.
    """

    decision: Decision
    matched: tuple[Matched, ...]
    missing: tuple[str, ...]
    boundary: bool | None
    organization: bool | None
    sides: Mapping[str, Effect]


class Simulation:
    """Plays requests in one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._marks: dict[Policy, list[tuple[Mark, Mark]]] = {}
        self._asked: dict[Statement, tuple[tuple[str, str], ...]] = {}

    def outcome(self, action: str, resource: str) -> Outcome:
        """What ``evaluate`` says of the request, with all that the policy simulator tells about it."""
        scene = self._scene
        owner = resource_owner(resource, scene.owner)
        belongs_to = scene.principal.account if scene.is_anybody else owner
        owned = scene.owned if owner == scene.owner else {}
        keys = {"aws:resourceaccount": owner, **owned, **scene.keys}
        context = RequestContext(action, resource, scene.principal, belongs_to, keys, scene.known)
        policies = _with_resource(scene.policies, scene.resource_policy, resource)
        if policies.rcps and owner != scene.owner:  # they guard the resources of their own account
            policies = policies.replaced(rcps=())
        decision = evaluate(context, policies)
        seen = views(context, policies)
        organization = _allows(seen, "scp", "rcp")
        return Outcome(
            decision,
            tuple(self._matched(decision, seen)),
            tuple(self._missing(context, policies, seen)),
            _allows(seen, "boundary"),
            True if organization is None and scene.is_member else organization,
            _sides(decision, seen),
        )

    def _matched(self, decision: Decision, seen: tuple[View, ...]) -> Iterator[Matched]:
        """The statements that determined it: every Deny that applies or, when allowed, every Allow that grants.

        Boundaries and the organization's policies only hold back, so their Allow statements determine nothing.
        """
        for view in seen:
            if decision.effect == "explicitDeny" and view.layer not in ("scp", "rcp"):
                found = view.denying
            elif decision.allowed and view.layer in ("identity", "resource"):
                found = view.allowing
            else:
                continue
            for attached, statement in found:
                yield Matched(attached, statement, *self._place(attached.policy)[statement.index])

    def _missing(self, context: RequestContext, policies: PolicySet, seen: tuple[View, ...]) -> Iterator[str]:
        """The keys that the request lacks, of statements that speak of it as far as can be told without them."""
        told: set[str] = set()
        for attached in (attached for view in seen for attached in view.group):
            for *_, statement in chain(*chosen(context, attached)):
                keys = self._keys(attached.policy, statement)
                lacking = [(key, name) for key, name in keys if key not in told and context.values[key] is None]
                if lacking and _concerns(context, policies, attached, statement):
                    told.update(key for key, _ in lacking)
                    yield from (name for _, name in lacking)

    def _keys(self, policy: Policy, statement: Statement) -> tuple[tuple[str, str], ...]:
        """The keys that a statement asks about, each in lower case and as written."""
        found = self._asked.get(statement)
        if found is None:
            by_name = {key.lower(): key for key in statement_keys(policy, statement)}
            found = self._asked[statement] = tuple(by_name.items())
        return found

    def _place(self, policy: Policy) -> list[tuple[Mark, Mark]]:
        found = self._marks.get(policy)
        if found is None:
            nodes = statements(read_positions(policy.text))
            found = self._marks[policy] = [node.marks() for node in nodes]
        return found


def _with_resource(policies: PolicySet, resource_policy: Attached | None, resource: str) -> PolicySet:
    if resource_policy is None:
        return policies
    is_key = resource.split(":")[2:3] == ["kms"] and ":key/" in resource
    kind: ResourceKind = "key" if is_key else "resource"
    return policies.replaced(resource=resource_policy, resource_kind=kind)


def _allows(seen: tuple[View, ...], *layers: str) -> bool | None:
    of_layers = [view for view in seen if view.layer in layers]
    return all(view.verdict == "allows" for view in of_layers) if of_layers else None


def _sides(decision: Decision, seen: tuple[View, ...]) -> Mapping[str, Effect]:
    context = decision.context
    if context.principal.account == context.resource_account or decision.layer in ("scp", "rcp"):
        return {}
    found: dict[str, Effect] = {"IAM Policy": "implicitDeny", "Resource Policy": "implicitDeny"}
    names = {"identity": "IAM Policy", "resource": "Resource Policy", "boundary": "Permissions Boundary Policy"}
    for view in seen:
        if view.layer in names:
            found[names[view.layer]] = _EFFECTS[view.verdict]
    return found


_EFFECTS: Mapping[str, Effect] = {
    "denies": "explicitDeny",
    "allows": "allowed",
    "does not allow": "implicitDeny",
}


def _concerns(context: RequestContext, policies: PolicySet, attached: Attached, statement: Statement) -> bool:
    """Whether a statement about the action is about who asks and what for, or would tell by a key that is missing."""
    if not is_meant(context, policies, attached, statement):
        return False
    resources = statement.resources
    if resources is None or resources.test is None or resources.test(context):
        return True
    return any(context.values[key.lower()] is None for key in resource_keys(attached.policy, statement))
