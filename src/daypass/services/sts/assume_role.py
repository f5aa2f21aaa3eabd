"""AssumeRole: a session of a role that trusts the caller.

Source: STS API reference, AssumeRole; IAM User Guide, "Policy evaluation logic" and "Tag sessions".

Who may: sts:AssumeRole, and beside it sts:TagSession when tags are passed or inherited, sts:SetSourceIdentity when a
source identity is set or inherited, and sts:SetContext when contexts are provided: each allowed by the role's trust
policy and, where that only names an account or another account asks, by the caller's own policies. What the session may
is the role's, never the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from daypass.arn import Arn
from daypass.entities import Role
from daypass.errors import AccessDenied, Malformed, ValidationError
from daypass.operations.audit import role_resource
from daypass.operations.authorize import (
    Standing,
    caller_policies,
    decide,
    denied,
    refuse,
    standing,
    tag_keys,
    trust_policy,
)
from daypass.operations.call import Call, NewSession, shape
from daypass.operations.guards import GUARDS, owner_keys, tells_why
from daypass.operations.registry import operation
from daypass.policy import Attached
from daypass.principals import Operator, Root, Tags
from daypass.services.sts.mfa import prove_mfa
from daypass.services.sts.provided_contexts import context_providers, unproven
from daypass.services.sts.session_policies import must_exist, passed_policies, passed_tags
from daypass.services.sts.token_size import least_size, sizes
from daypass.sessions.limits import (
    effective_tags,
    packed_policy_size,
    role_session_duration,
    session_tags,
    source_identity,
)
from daypass.snapshot import AccountSnapshot

_ASSUMING = ("sts:AssumeRole",)


class Wish(NamedTuple):
    """The parameters of an AssumeRole call, read once.

    ``passed`` and ``marked`` are the tags and transitive tag keys of this call; ``tags`` and ``transitive`` those of
    the new session, inherited ones included. ``mfa``: the call names a device or a code. ``contexts``: the providers of
    its ProvidedContexts. ``actions``: all actions that must be allowed for it.
    """

    role_arn: str
    account: str
    session_name: str
    duration: int | None = None
    external_id: str | None = None
    passed: Tags = ()
    marked: tuple[str, ...] = ()
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    least_size: int | None = None
    mfa: bool = False
    contexts: tuple[str, ...] = ()
    actions: tuple[str, ...] = _ASSUMING


_PLAIN = frozenset({"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"})
"""Parameters that need no look at tags, policies or devices; most calls have no others."""

_SECOND_FACTOR = frozenset({"SerialNumber", "TokenCode"})


@operation("sts:AssumeRole", "mints")
def assume_role(call: Call) -> Mapping[str, object]:
    """Open a session of a role that trusts the caller. A role that does not exist and one that refuses look alike."""
    wish = _read(call)
    if isinstance(call.caller.principal, Root | Operator):
        raise denied("Roles may not be assumed by root accounts.")
    mfa_at = prove_mfa(call) if wish.mfa else None
    target, owner = _authorized_role(call, wish)
    role, session = target.role, call.caller.session
    chained = session is not None and session.kind == "role"
    _, _, name, duration, _, _, _, tags, transitive, identity, policy, arns, least, _, contexts, _ = wish
    if contexts:
        raise unproven(contexts)
    lasts = role_session_duration(duration, role.max_session_duration, chained=chained)
    if arns:
        must_exist(arns, owner)
    packed = packed_policy_size(policy, arns, tags)
    wanted = NewSession(
        "role", owner, role.id, target.principal, name, policy, arns, tags, transitive, identity, mfa_at
    )
    call.record.resources = target.resources
    credentials = call.mint(wanted, lasts, least or 0)
    result: dict[str, object] = {
        "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{name}", "Arn": f"{target.session_arn}{name}"},
        "Credentials": shape(credentials),
        "PackedPolicySize": packed,
        "SourceIdentity": identity,
    }
    return result if least is None else result | sizes(credentials, least)


def _read(call: Call) -> Wish:
    """The parameters as one value; what contradicts itself is refused before anyone looks at the role."""
    params, session = call.params, call.caller.session
    role_arn = params["RoleArn"]
    account = account_of_role(role_arn)
    name, lasts, external_id = params["RoleSessionName"], params.get("DurationSeconds"), params.get("ExternalId")
    if session is None and params.keys() <= _PLAIN:
        return Wish(role_arn, account, name, lasts, external_id)
    passed = passed_tags(params)
    marked = tuple(params.get("TransitiveTagKeys") or ())
    tags, transitive = session_tags(passed, marked, session)
    if len(tags) > len(passed):
        incoming = dict(tags[: len(tags) - len(passed)])
        call.record.request = {**(call.record.request or {}), "incomingTransitiveTags": incoming}
    policy, arns = passed_policies(params)
    identity = source_identity(params.get("SourceIdentity"), session)
    mfa = not params.keys().isdisjoint(_SECOND_FACTOR)
    contexts = context_providers(params, call.account.partition)
    tagging = ("sts:TagSession",) if passed or transitive else ()
    naming = ("sts:SetSourceIdentity",) if identity is not None else ()
    knowing = ("sts:SetContext",) if contexts else ()
    return Wish(
        role_arn, account, name, lasts, external_id, passed, marked, tags, transitive, identity, policy, arns,
        least_size(params), mfa, contexts, (*_ASSUMING, *tagging, *naming, *knowing),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def account_of_role(role_arn: str) -> str:
    """The account that a role's ARN names.

    Raises:
        ValidationError: it is no ARN.
    """
    try:
        return Arn.parse(role_arn).account
    except Malformed:
        raise ValidationError(f"{role_arn} is invalid") from None


class Target(NamedTuple):
    """A role, and what all its sessions have in common; made once for each snapshot of its account.

    ``principal`` is ``role/path/name``, ``session_arn`` the ARN of its sessions up to their name, ``resources`` the
    member ``resources`` of the audit record.
    """

    role: Role
    trust: Attached
    principal: str
    session_arn: str
    resources: list[dict[str, str]]


def find_target(arn: str, owner: AccountSnapshot) -> Target | None:
    """The role called ``arn`` in ``owner``, path included; None: there is none."""
    known: Target | None = owner.derived.get(arn)  # type: ignore[assignment]  # nothing else is kept under an ARN
    if known is not None:
        return known
    role = owner.roles_by_name.get(arn.rsplit("/", 1)[-1])
    if role is None or owner.arn(role) != arn:
        return None
    sessions = f"arn:{owner.partition}:sts::{owner.id}:assumed-role/{role.name}/"
    trust, resources = trust_policy(role, owner), role_resource(role, owner)
    made = owner.derived[arn] = Target(role, trust, role.resource, sessions, resources)
    return made


def _authorized_role(call: Call, wish: Wish) -> tuple[Target, AccountSnapshot]:
    """The role, once every action of this call is allowed on it.

    Raises:
        AccessDenied: the same words whether the role is absent, does not trust, or the caller may not ask.
    """
    arn = wish.role_arn
    owner = call.find_account(wish.account)
    target = find_target(arn, owner) if owner else None
    if owner is None or target is None:
        raise _absent(call, wish, owner)
    mine, actions = standing(call.caller, call.account, target.trust, owner), wish.actions
    if mine.settled is None or call.facts.endpoint is not None or not mine.settled.issuperset(actions):
        _authorize(call, wish, target, owner, actions, mine)
    return target, owner


def _absent(call: Call, wish: Wish, owner: AccountSnapshot | None) -> AccessDenied:
    """The refusal of a role that is not there: what guards the caller speaks first, as it does of one that is."""
    action, arn = _ASSUMING[0], wish.role_arn
    if owner is not None:
        keys, policies = _condition_keys(wish, owner), caller_policies(call.caller, call.account, None, owner)
        decision = decide(call.facts, policies, action, arn, resource_account=owner.id, keys=keys)
        if decision.layer in GUARDS and not decision.allowed and tells_why(decision, call.account, owner):
            return refuse(call.facts, decision, action, f" on resource: {arn}")
    return denied(f"User: {call.caller.arn} is not authorized to perform: {action} on resource: {arn}")


def _authorize(
    call: Call, wish: Wish, target: Target, owner: AccountSnapshot, actions: tuple[str, ...], mine: Standing
) -> None:
    keys = _condition_keys(wish, owner)
    for tags in _resource_tags(target.role, wish):
        asked = keys | tag_keys(tags, "aws:ResourceTag", "iam:ResourceTag") if tags else keys
        for action in actions:
            decision = decide(
                call.facts, mine.policies, action, wish.role_arn, resource_account=wish.account, keys=asked
            )
            if not decision.allowed:
                reason = tells_why(decision, call.account, owner)
                raise refuse(call.facts, decision, action, f" on resource: {wish.role_arn}", reason=reason)
    if mine.settled is not None:
        mine.settled.update(actions)


def _condition_keys(wish: Wish, owner: AccountSnapshot) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that only this call has (Service Authorization Reference, AWS STS)."""
    keys: dict[str, str | tuple[str, ...]] = {
        "sts:rolesessionname": wish.session_name,
        "aws:resourceaccount": wish.account,
    }
    if owner.membership is not None:
        keys.update(owner_keys(owner.membership))
    if wish.external_id is not None:
        keys["sts:externalid"] = wish.external_id
    if wish.source_identity is not None:
        keys["sts:sourceidentity"] = wish.source_identity
    if wish.passed:
        keys.update(tag_keys(wish.passed, "aws:RequestTag"))
        keys["aws:tagkeys"] = tuple(key for key, _ in wish.passed)
    if wish.marked:
        keys["sts:transitivetagkeys"] = wish.marked
    if wish.contexts:
        keys["sts:requestcontextproviders"] = wish.contexts
    return keys


def _resource_tags(role: Role, wish: Wish) -> tuple[Tags, ...]:
    """The role's tags, and where the caller's session hands on other values for their keys, also with those.

    AWS reads trust policies with the values handed on. A caller can choose them, so he must be allowed under both
    readings. A tag that the role does not have stays absent.

    # INVARIANT: 2. nobody passes a condition on the role's tags by tags that he brings along.
    #   tests/services/sts/test_assume_role.py::test_a_role_does_not_get_the_callers_tags_as_its_own
    """
    if not role.tags or not wish.tags:
        return (role.tags,)
    owned = {key.lower(): value for key, value in role.tags}
    handed_on = tuple(
        tag for tag in wish.tags if tag not in wish.passed and owned.get(tag[0].lower(), tag[1]) != tag[1]
    )
    return (role.tags, effective_tags(role.tags, handed_on)) if handed_on else (role.tags,)
