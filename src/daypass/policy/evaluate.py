"""From a request and the policies that bear on it to a decision: each kind analysed alone, combined once.

1. Any matching Deny in any policy: explicit deny.
2. The guards (RCPs, SCPs, endpoint policy), each level of them, must allow. They never grant.
3. The resource's own policy may grant, and its grant may be worth more or less (``Grade``).
4. What the grant does not cover must be allowed by identity-based policies, boundary and session policies, all of them.

Across accounts both sides must allow, and no grant of one side replaces the other.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "Permissions boundaries",
"Session policies".
"""

from __future__ import annotations

from collections.abc import Iterable

from daypass.policy.attached import RESOURCE_LAYERS, Attached, Layer, PolicySet, ResourceKind
from daypass.policy.context import RequestContext
from daypass.policy.decision import Decision
from daypass.policy.document import Statement
from daypass.policy.principal import DIRECT, ENTITY, NO_GRADE, Grade, Names
from daypass.principals import Anonymous, AwsService, FederatedIdentity, FederatedUser

Found = tuple[Attached, Statement]
_NOBODY = Names(Anonymous())

EVERYONE_GRADES: dict[ResourceKind, Grade] = {"resource": DIRECT, "trust": ENTITY, "key": ENTITY}
"""What ``*`` in a resource's policy is worth. AWS says of buckets and queues that it needs nothing else, and of roles
and keys nothing: there it stands for an identity-based Allow and no more.

# INVARIANT: 2. a role that trusts everybody does not free a session of its session policy, nor anybody of his boundary.
#   tests/cases/test_decisions.py::test_the_decision_is_the_one_written_down
"""


# INVARIANT: 8. The same request and policies give the same decision, on every node and whatever it remembers.
# tests/security/test_same_decision.py::test_two_nodes_at_one_revision_decide_alike,
# tests/oracle/test_differential.py::test_the_two_evaluators_never_differ.
def evaluate(context: RequestContext, policies: PolicySet) -> Decision:
    """Decide one request. Pure: the same input gives the same decision; a denial is an answer, not an error.

    Raises:
        TypeError: a policy with principals stands where one without belongs, or the reverse.
    """
    if policies.scps or policies.rcps or policies.endpoint:
        return _evaluate_guarded(context, policies)
    names = Names(context.principal, EVERYONE_GRADES[policies.resource_kind]) if policies.resource else _NOBODY
    return _explicit_deny(context, policies, names) or _decide_grants(context, policies, names)


def _evaluate_guarded(context: RequestContext, policies: PolicySet) -> Decision:
    names = Names(context.principal, EVERYONE_GRADES[policies.resource_kind])
    passing = Names(context.principal, guard=True)
    denied = (
        _denied_by_organization(context, policies)
        or _explicit_deny(context, policies, names)
        or _denied_by_endpoint(context, policies, passing)
    )
    if denied is not None:
        return denied
    if missing := _closed_guard(context, policies, passing):
        return Decision(context, policies, "implicitDeny", missing)
    return _decide_grants(context, policies, names)


# ── 1. explicit deny ─────────────────────────────────────────────────────────────────────────────────


# INVARIANT: 2. A Deny anywhere settles it.
# tests/properties/test_policy_algebra.py::test_adding_a_deny_never_allows.
def _explicit_deny(context: RequestContext, policies: PolicySet, names: Names) -> Decision | None:
    """The first Deny that applies, in AWS's order of layers; only this one is named."""
    resource = policies.resource
    if resource and resource.policy.may_deny and (found := _deny_of(context, resource, names, policies)):
        return Decision(context, policies, "explicitDeny", RESOURCE_LAYERS[policies.resource_kind], *found)
    if policies.identity and (found := _deny(context, policies.identity)):
        return Decision(context, policies, "explicitDeny", "identity", *found)
    if policies.boundary and (found := _deny(context, (policies.boundary,))):
        return Decision(context, policies, "explicitDeny", "boundary", *found)
    if policies.session and (found := _deny(context, policies.session)):
        return Decision(context, policies, "explicitDeny", "session", *found)
    return None


def _denied_by_endpoint(context: RequestContext, policies: PolicySet, names: Names) -> Decision | None:
    if policies.endpoint and (found := _deny_of(context, policies.endpoint, names, policies)):
        return Decision(context, policies, "explicitDeny", "endpoint", *found)
    return None


def _denied_by_organization(context: RequestContext, policies: PolicySet) -> Decision | None:
    organization: tuple[tuple[Layer, tuple[tuple[Attached, ...], ...]], ...] = (
        ("scp", policies.scps),
        ("rcp", policies.rcps),
    )
    for layer, levels in organization:
        for level in levels:
            if found := _deny(context, level):
                return Decision(context, policies, "explicitDeny", layer, *found)
    return None


def _deny(context: RequestContext, group: Iterable[Attached]) -> Found | None:
    """The first Deny that applies in policies that speak of whoever they hang on."""
    action = context.folded
    for attached in group:
        for reaches, holds, statement in attached.policy.by_action[action][0]:
            if (reaches is None or reaches(context)) and (holds is None or holds(context)):
                return attached, statement
    return None


def _deny_of(context: RequestContext, attached: Attached, names: Names, policies: PolicySet) -> Found | None:
    """The first Deny that applies in a policy that names principals."""
    for reaches, holds, statement in attached.policy.by_action_and_principal[context.folded][0]:
        principal = statement.principal
        if (
            principal is not None
            and principal.is_denied(names, attached, bounded=policies.boundary is not None)
            and (reaches is None or reaches(context))
            and (holds is None or holds(context))
        ):
            return attached, statement
    return None


# ── 2. guards ────────────────────────────────────────────────────────────────────────────────────────


def _closed_guard(context: RequestContext, policies: PolicySet, names: Names) -> Layer | None:
    """The first guard that does not let the request through."""
    if not all(_allow(context, level) for level in policies.rcps):
        return "rcp"
    if not all(_allow(context, level) for level in policies.scps):
        return "scp"
    if policies.endpoint and not _grant(context, policies.endpoint, names)[0]:
        return "endpoint"
    return None


def _allow(context: RequestContext, group: Iterable[Attached]) -> Found | None:
    """The first Allow that applies in policies that speak of whoever they hang on."""
    action = context.folded
    for attached in group:
        for reaches, holds, statement in attached.policy.by_action[action][1]:
            if (reaches is None or reaches(context)) and (holds is None or holds(context)):
                return attached, statement
    return None


# ── 3. the resource's own policy ─────────────────────────────────────────────────────────────────────


def _grant(context: RequestContext, attached: Attached, names: Names) -> tuple[Grade, Statement | None]:
    """The strongest Allow for this principal in a policy that names principals."""
    best, holder = NO_GRADE, None
    for reaches, holds, statement in attached.policy.by_action_and_principal[context.folded][1]:
        principal = statement.principal
        if principal is None:
            continue
        grade = principal.grade(names, attached)
        if grade > best and (reaches is None or reaches(context)) and (holds is None or holds(context)):
            if grade is DIRECT:
                return grade, statement
            best, holder = grade, statement
    return best, holder


def _decide_grants(context: RequestContext, policies: PolicySet, names: Names) -> Decision:
    """Join the two sides: what the resource grants, and what the principal's own policies allow."""
    resource = policies.resource
    same_account = context.principal.account == context.resource_account
    if resource is not None:
        grade, statement = _grant(context, resource, names)
    elif same_account and policies.resource_kind == "resource":
        return _own_side(context, policies, None)
    else:
        grade, statement = NO_GRADE, None
    if grade is DIRECT and same_account:
        return Decision(context, policies, "allowed", RESOURCE_LAYERS[policies.resource_kind], resource, statement)
    stranger = isinstance(context.principal, _ONLY_BY_RESOURCE)
    # A role or key must say itself who may reach it; so must every resource towards those without an account here.
    if grade is NO_GRADE and (stranger or not same_account or policies.resource_kind != "resource"):
        return Decision(context, policies, "implicitDeny", RESOURCE_LAYERS[policies.resource_kind])
    if stranger:
        return Decision(context, policies, "allowed", RESOURCE_LAYERS[policies.resource_kind], resource, statement)
    replaces_identity = same_account and grade is ENTITY
    return _own_side(context, policies, statement if replaces_identity else None)


_ONLY_BY_RESOURCE = (AwsService, FederatedIdentity, Anonymous)
"""Principals without identity-based policies: what the resource says is all there is."""


# ── 4. the principal's own policies ──────────────────────────────────────────────────────────────────


# INVARIANT: 2. A session has at most its role's permissions, cut by boundary and session policy.
# tests/properties/test_policy_algebra.py::test_adding_a_session_policy_never_widens,
# tests/properties/test_combination_proof.py::test_a_session_never_exceeds_its_role.
def _own_side(context: RequestContext, policies: PolicySet, granted: Statement | None) -> Decision:
    """Identity-based policies, boundary, session policies: all must allow.

    ``granted``: the statement of the resource's policy that takes the place of an identity-based Allow, and of no more.
    """
    layer: Layer
    if granted is not None:
        layer, policy, statement = RESOURCE_LAYERS[policies.resource_kind], policies.resource, granted
    elif policies.root:
        layer, policy, statement = "root", None, None
    elif found := _allow(context, policies.identity):
        layer, (policy, statement) = "identity", found
    else:
        return Decision(context, policies, "implicitDeny", "identity")
    if policies.boundary is not None and not _allow(context, (policies.boundary,)):
        return Decision(context, policies, "implicitDeny", "boundary")
    session = policies.session
    if session is None:
        if isinstance(context.principal, FederatedUser):
            return Decision(context, policies, "implicitDeny", "session")
    elif not _allow(context, session):
        return Decision(context, policies, "implicitDeny", "session")
    return Decision(context, policies, "allowed", layer, policy, statement)
