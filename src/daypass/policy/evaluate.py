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

from daypass.policy.attached import Attached, Layer, PolicySet
from daypass.policy.context import RequestContext
from daypass.policy.decision import Decision
from daypass.policy.document import Statement
from daypass.policy.principal import Grade, Names, names_of
from daypass.principals import Anonymous, AwsService, FederatedIdentity, FederatedUser

Found = tuple[Attached, Statement]
_NOTHING = Names()


# INVARIANT: 8. The same request and policies give the same decision, on every node and whatever it remembers.
# tests/security/test_same_decision.py::test_two_nodes_at_one_revision_decide_alike.
def evaluate(context: RequestContext, policies: PolicySet) -> Decision:
    """Decide one request. Pure: the same input gives the same decision; a denial is an answer, not an error.

    Raises:
        TypeError: a policy with principals stands where one without belongs, or the reverse.
    """
    names = names_of(context.principal) if policies.resource or policies.endpoint else _NOTHING
    denied = _explicit_deny(context, policies, names)
    if denied is not None:
        return denied
    if (policies.rcps or policies.scps or policies.endpoint) and (missing := _closed_guard(context, policies, names)):
        return Decision(context, policies, "implicitDeny", missing)
    return _decide_grants(context, policies, names)


# ── 1. explicit deny ─────────────────────────────────────────────────────────────────────────────────


# INVARIANT: 2. A Deny anywhere settles it.
# tests/properties/test_policy_algebra.py::test_adding_a_deny_never_allows.
def _explicit_deny(context: RequestContext, policies: PolicySet, names: Names) -> Decision | None:
    """The first Deny that applies, in AWS's order of layers; only this one is named."""
    if policies.scps or policies.rcps:
        for layer, levels in _organization(policies):
            for level in levels:
                if found := _deny(context, level):
                    return Decision(context, policies, "explicitDeny", layer, *found)
    if policies.resource and (found := _deny_of(context, policies.resource, names, policies)):
        return Decision(context, policies, "explicitDeny", policies.resource_layer, *found)
    if found := _deny(context, policies.identity):
        return Decision(context, policies, "explicitDeny", "identity", *found)
    if policies.boundary and (found := _deny(context, (policies.boundary,))):
        return Decision(context, policies, "explicitDeny", "boundary", *found)
    if policies.session and (found := _deny(context, policies.session)):
        return Decision(context, policies, "explicitDeny", "session", *found)
    if policies.endpoint and (found := _deny_of(context, policies.endpoint, names, policies)):
        return Decision(context, policies, "explicitDeny", "endpoint", *found)
    return None


def _organization(policies: PolicySet) -> tuple[tuple[Layer, tuple[tuple[Attached, ...], ...]], ...]:
    return ("scp", policies.scps), ("rcp", policies.rcps)


def _deny(context: RequestContext, group: Iterable[Attached]) -> Found | None:
    """The first Deny that applies in policies that speak of whoever they hang on."""
    action = context.folded
    for attached in group:
        for test, statement in attached.policy.by_action[action][0]:
            if test is None or test(context):
                return attached, statement
    return None


def _deny_of(context: RequestContext, attached: Attached, names: Names, policies: PolicySet) -> Found | None:
    """The first Deny that applies in a policy that names principals."""
    bounded = policies.boundary is not None
    for test, statement in attached.policy.by_action_and_principal[context.folded][0]:
        principal = statement.principal
        if (
            principal is not None
            and principal.is_denied(names, attached, bounded=bounded)
            and (test is None or test(context))
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
        for test, statement in attached.policy.by_action[action][1]:
            if test is None or test(context):
                return attached, statement
    return None


# ── 3. the resource's own policy ─────────────────────────────────────────────────────────────────────


def _grant(context: RequestContext, attached: Attached, names: Names) -> tuple[Grade, Statement | None]:
    """The strongest Allow for this principal in a policy that names principals."""
    best, holder = Grade.NONE, None
    for test, statement in attached.policy.by_action_and_principal[context.folded][1]:
        grade = statement.principal.grade(names, attached) if statement.principal is not None else Grade.NONE
        if grade > best and (test is None or test(context)):
            best, holder = grade, statement
            if best is Grade.DIRECT:
                break
    return best, holder


def _decide_grants(context: RequestContext, policies: PolicySet, names: Names) -> Decision:
    """Join the two sides: what the resource grants, and what the principal's own policies allow."""
    resource = policies.resource
    if resource is None and context.same_account and policies.resource_kind == "resource":
        return _own_side(context, policies, None)
    grade, statement = _grant(context, resource, names) if resource else (Grade.NONE, None)
    stranger = isinstance(context.principal, _ONLY_BY_RESOURCE)
    same_account = context.same_account
    # A role or key must say itself who may reach it; so must every resource towards those without an account here.
    if grade is Grade.NONE and (stranger or not same_account or policies.resource_kind != "resource"):
        return Decision(context, policies, "implicitDeny", policies.resource_layer)
    if stranger or (same_account and grade is Grade.DIRECT):
        return Decision(context, policies, "allowed", policies.resource_layer, resource, statement)
    replaces_identity = same_account and grade is Grade.ENTITY
    return _own_side(context, policies, statement if replaces_identity else None)


_ONLY_BY_RESOURCE = (AwsService, FederatedIdentity, Anonymous)
"""Principals without identity-based policies: what the resource says is all there is."""


# ── 4. the principal's own policies ──────────────────────────────────────────────────────────────────


# INVARIANT: 2. A session has at most its role's permissions, cut by boundary and session policy.
# tests/properties/test_policy_algebra.py::test_adding_a_session_policy_never_widens.
def _own_side(context: RequestContext, policies: PolicySet, granted: Statement | None) -> Decision:
    """Identity-based policies, boundary, session policies: all must allow.

    ``granted``: the statement of the resource's policy that takes the place of an identity-based Allow, and of no more.
    """
    layer: Layer
    if granted is not None:
        layer, policy, statement = policies.resource_layer, policies.resource, granted
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
