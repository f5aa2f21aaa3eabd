"""From a caller and a wish to a decision, and from a denial to AWS's words. The only builder of ``AccessDenied``.

Policies are live: they are read from the newest snapshot at each request, compiled once per snapshot. Session policies
and tags are frozen in the session token (IAM User Guide, "Policy evaluation logic").
"""

from __future__ import annotations

from collections.abc import Mapping

from daypass.entities import ManagedPolicy, Role, User
from daypass.errors import AccessDenied, InternalFailure
from daypass.operations.compiled import BROUGHT, STORED, compiled
from daypass.operations.facts import RequestFacts
from daypass.operations.guards import control_policies, owner_keys
from daypass.operations.managed_policies import find_managed_policy
from daypass.policy import Attached, Decision, PolicySet, RequestContext, evaluate, parse_policy
from daypass.policy.attached import ResourceKind
from daypass.principals import Caller, FederatedUser, Operator, RoleSession, Root, Session, Tags
from daypass.principals import User as UserPrincipal
from daypass.snapshot import AccountSnapshot

Keys = Mapping[str, str | tuple[str, ...]]

_NO_KEYS: dict[str, str | tuple[str, ...]] = {}


def denied(message: str, decision: Decision | None = None) -> AccessDenied:
    """An AccessDenied with ``message`` for the client and the decision for the record."""
    error = AccessDenied(message)
    error.decision = decision
    return error


def find_policy(arn: str, snapshot: AccountSnapshot) -> ManagedPolicy | None:
    """The managed policy called ``arn`` that the account may use: its own, or one of AWS's in its partition."""
    own = snapshot.policies_by_arn.get(arn)
    if own is None and arn.startswith(f"arn:{snapshot.partition}:iam::aws:"):
        return find_managed_policy(arn)
    return own


def attached_policy(arn: str, snapshot: AccountSnapshot) -> Attached | None:
    """The default version of managed policy ``arn``, compiled, or None when it does not exist."""
    key = ("policy", arn)
    found = snapshot.derived.get(key)
    if found is None:
        managed = find_policy(arn, snapshot)
        if managed is None:
            return None
        document = next(v.document for v in managed.versions if v.id == managed.default_version)
        found = snapshot.derived[key] = Attached(compiled(document, snapshot), managed.name, arn)
    assert isinstance(found, Attached)
    return found


def _must_exist(arn: str, snapshot: AccountSnapshot) -> Attached:
    """An attached policy that is gone may have held a Deny, so nothing is decided without it."""
    found = attached_policy(arn, snapshot)
    if found is None:
        raise InternalFailure(detail=f"policy {arn} is attached and does not exist")
    return found


def entity_policies(entity: User | Role, snapshot: AccountSnapshot) -> PolicySet:
    """Identity-based policies and boundary of a user or role, compiled once per snapshot.

    A user's groups are part of him: their policies allow and deny whatever his own could.
    """
    key = ("set", entity.id)
    found = snapshot.derived.get(key)
    if found is None:
        managed = tuple(_must_exist(arn, snapshot) for arn in entity.attached)
        inline = tuple(Attached(compiled(policy.document, snapshot), policy.name) for policy in entity.inline)
        groups = entity.groups if isinstance(entity, User) else ()
        through = tuple(attached for group in groups for attached in group_policies(group, snapshot))
        boundary = _must_exist(entity.boundary, snapshot) if entity.boundary else None
        found = snapshot.derived[key] = PolicySet(identity=managed + inline + through, boundary=boundary)
    assert isinstance(found, PolicySet)
    return found


def group_policies(group_id: str, snapshot: AccountSnapshot) -> tuple[Attached, ...]:
    """The policies that a group's members have through it. A group that is gone may have held a Deny, as above.

    # INVARIANT: 10. nothing is decided about a user without all policies of all his groups.
    #   tests/operations/test_group_policies.py::test_nothing_is_decided_about_a_user_whose_group_is_missing
    """
    key = ("group", group_id)
    found = snapshot.derived.get(key)
    if found is None:
        group = snapshot.groups.get(group_id)
        if group is None:
            raise InternalFailure(detail=f"group {group_id} has members and does not exist")
        managed = (_must_exist(arn, snapshot) for arn in group.attached)
        inline = (Attached(compiled(policy.document, snapshot), policy.name) for policy in group.inline)
        found = snapshot.derived[key] = tuple(
            Attached(each.policy, each.name, each.arn, group=group.name) for each in (*managed, *inline)
        )
    assert isinstance(found, tuple)
    return found


UNLIMITED = PolicySet(root=True)
"""Nothing of his own limits the caller: root in his account, or anybody in an operation that needs no permission."""


def caller_policies(
    caller: Caller, snapshot: AccountSnapshot, resource: Attached | None = None, owner: AccountSnapshot | None = None
) -> PolicySet:
    """All that limits ``caller``, and the trust policy ``resource`` of what he asks for, if any.

    ``snapshot`` is the caller's account, ``owner`` the resource's; None: the same.
    """
    principal, session = caller.principal, caller.session
    if isinstance(principal, Root | Operator):
        base = _for_a_task(session, snapshot) if session and session.kind == "assumed-root" else UNLIMITED
    elif isinstance(principal, RoleSession):
        base = entity_policies(snapshot.roles[principal.role_id], snapshot)
    elif isinstance(principal, UserPrincipal):
        base = entity_policies(snapshot.users[principal.id], snapshot)
    elif isinstance(principal, FederatedUser):
        base = entity_policies(snapshot.users[principal.user.id], snapshot) if principal.user else UNLIMITED
    else:
        base = PolicySet()
    cut = _session_policies(session, snapshot) if session else None
    if owner is None:
        owner = snapshot
    guarded = snapshot.membership is not None or owner.membership is not None
    if cut is None and resource is None and not guarded:
        return base
    scps, rcps = control_policies(caller, snapshot, owner) if guarded else ((), ())
    kind: ResourceKind = "trust" if resource else "resource"
    return PolicySet(base.identity, base.boundary, cut, resource, kind, scps, rcps, root=base.root)


def _for_a_task(session: Session, snapshot: AccountSnapshot) -> PolicySet:
    """Root, for one task: AWS's task policies deny all the rest. Without one there is nothing that may be done.

    # INVARIANT: 2. no session of AssumeRoot is root without limits.
    #   tests/operations/test_survival.py::test_an_assume_root_session_may_do_its_task_and_nothing_else
    """
    arns = session.policy_arns or ("",)
    tasks = tuple((attached_policy(arn, snapshot) if _TASK in arn else None) or _DELETED for arn in arns)
    return PolicySet(identity=tasks, root=True)


_TASK = ":iam::aws:policy/root-task/"


class Standing:
    """What a caller's own policies and one resource's say of him. ``settled`` holds the actions on that resource that
    were found allowed and always will be, as the policies look at nothing that a request brings; None: they do look.
    """

    __slots__ = ("policies", "settled")

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies
        self.settled: set[str] | None = set() if policies.is_constant else None


# INVARIANT: 5. what is remembered dies with the account's snapshot or the resource's policy it was made from.
#   tests/operations/test_authorize.py::test_a_standing_ends_with_any_policy_it_was_made_from
def standing(caller: Caller, snapshot: AccountSnapshot, resource: Attached, owner: AccountSnapshot) -> Standing:
    """The standing of ``caller`` towards what ``resource`` is the policy of; remembered for holders of long-term keys.

    ``snapshot`` is the caller's account, ``owner`` the resource's.
    """
    if snapshot.derived.get(caller.access_key_id) is not caller:
        return Standing(caller_policies(caller, snapshot, resource, owner))
    known = caller.derived.get(resource)
    if known is None:
        if len(caller.derived) >= _MOST_STANDINGS:
            caller.derived.clear()
        STORED.held_by(snapshot)  # the caller is remembered there, and holds the resource owner's policies too
        known = caller.derived[resource] = Standing(caller_policies(caller, snapshot, resource, owner))
    assert isinstance(known, Standing)
    return known


_MOST_STANDINGS = 64


def _session_policies(session: Session, snapshot: AccountSnapshot) -> tuple[Attached, ...] | None:
    """The session's own cut: None when a role session brought none; a federated user always has one, if empty.

    A managed session policy that was deleted since may have held a Deny, so in its place everything is denied.

    # INVARIANT: 10. taking a policy away never widens a session.
    #   tests/services/sts/test_assume_role.py::test_a_managed_session_policy_that_is_deleted_takes_the_others_with_it
    """
    if session.policy is None and not session.policy_arns:
        return () if session.kind == "federated" else None
    if session.kind == "assumed-root":
        return None  # see `_for_a_task`
    managed = tuple(attached_policy(arn, snapshot) or _DELETED for arn in session.policy_arns)
    if session.policy is None:
        return managed
    return (Attached(BROUGHT[session.policy, None], "session policy"), *managed)


_DELETED = Attached(parse_policy('{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'), "deleted policy")


def trust_policy(role: Role, snapshot: AccountSnapshot) -> Attached:
    """The role's trust policy with its principals bound to unique ids."""
    key = ("trust", role.id)
    found = snapshot.derived.get(key)
    if found is None:
        attached = Attached(compiled(role.trust, snapshot), role.name, bindings=dict(role.trust_ids))
        found = snapshot.derived[key] = attached
    assert isinstance(found, Attached)
    return found


def decide(
    facts: RequestFacts,
    policies: PolicySet,
    action: str,
    resource: str,
    *,
    resource_account: str,
    keys: Keys = _NO_KEYS,
) -> Decision:
    """Whether ``facts.caller`` may do ``action`` on ``resource``. ``keys``: condition keys, names lower-case."""
    if facts.endpoint is not None:
        policies = policies.replaced(endpoint=facts.endpoint)
    context = RequestContext(action, resource, facts.caller.principal, resource_account, keys, facts.find)
    return evaluate(context, policies)


def refuse(facts: RequestFacts, decision: Decision, action: str, shown: str, *, reason: bool = True) -> AccessDenied:
    """AWS's sentence for a denial. ``shown``: `` on resource: …`` or empty; ``reason``: whether AWS says why here."""
    why = f" {decision.reason()}" if reason else ""
    return denied(f"User: {facts.caller.arn} is not authorized to perform: {action}{shown}{why}", decision)


def tag_keys(tags: Tags, *prefixes: str) -> dict[str, str | tuple[str, ...]]:
    """Tags as condition keys: ``tag_keys(tags, "aws:ResourceTag", "iam:ResourceTag")``; names lower-case."""
    return {f"{prefix.lower()}/{key.lower()}": value for key, value in tags for prefix in prefixes}


def request_keys(
    keys: Keys | None, resource: str, resource_tags: Tags, owner: AccountSnapshot
) -> dict[str, str | tuple[str, ...]]:
    """The condition keys of one request in lower case, the resource's owner and tags among them.

    ``iam:ResourceTag`` exists for users and roles only (Service Authorization Reference, AWS IAM).
    """
    known: dict[str, str | tuple[str, ...]] = {"aws:resourceaccount": owner.id}
    if owner.membership is not None:
        known.update(owner_keys(owner.membership))
    if keys:
        known.update((key.lower(), value) for key, value in keys.items())
    if resource_tags:
        of_people = resource.split(":", 5)[-1].startswith(("user/", "role/"))
        prefixes = ("aws:ResourceTag", "iam:ResourceTag") if of_people else ("aws:ResourceTag",)
        known.update(tag_keys(resource_tags, *prefixes))
    return known
