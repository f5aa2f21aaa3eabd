"""What a simulation is about, from the parameters of a call: who asks, with which policies, and for what.

Source: IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy. Their refusals are all ``InvalidInput``; texts
that AWS was not seen to use are our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from daypass.arn import Arn, is_account
from daypass.entities import Group, Role, User
from daypass.errors import InvalidInput, Malformed, MalformedPolicyDocument
from daypass.operations.authorize import caller_policies, group_policies
from daypass.operations.call import Call
from daypass.operations.guards import owner_keys
from daypass.operations.hypothetical import known_of
from daypass.policy import Attached, Kind, PolicySet, check_document
from daypass.policy.simulate import ContextEntry, Scene, read_entries
from daypass.principals import Caller, RoleSession, Root
from daypass.principals import User as UserPrincipal
from daypass.services.iam.simulation.exclusions import without_excluded
from daypass.services.iam.targets import GROUPS, ROLES, USERS

Entity = User | Group | Role

MOST_TEXT = 262_144
"""Characters of all policies that one call may bring along."""

_UNKNOWN = "?"
"""Stands for an id or name that nobody has: no policy can mean it."""


def source_of(call: Call) -> Entity:
    """The user, group or role whose policies the call is about, once the caller may ask about it.

    Raises:
        InvalidInput: the ARN names no user, group or role, or one of another account.
        AccessDenied: he may not.
        NoSuchEntity: there is none.
    """
    text: str = call.params["PolicySourceArn"]
    arn = _entity_arn(text)
    word, _, named = arn.resource.partition("/")
    name = named.rsplit("/", 1)[-1]
    kind = next((kind for kind in (USERS, GROUPS, ROLES) if kind.word == word), None)
    if kind is None or not name:
        raise _no_entity(text)
    entity = kind.by_name(call.account).get(name)
    if entity is None or call.account.arn(entity) != text:
        entity = None
    call.authorize(text, resource_tags=() if entity is None or isinstance(entity, Group) else entity.tags)
    if arn.account != call.account.id:
        raise InvalidInput(
            f"Invalid Policy Source Arn: caller's account {call.account.id} does not have access to policies in "
            f"account {arn.account}"
        )
    if entity is None:
        raise kind.missing(name)
    return entity


def custom_scene(call: Call) -> Scene:
    """Nobody's policies but those that the call brings.

    Raises:
        InvalidInput: a parameter is not understood.
    """
    levels = call.params.get("OrderedOrganizationPolicyInputList", ())
    scps = tuple(_level(level, number) for number, level in enumerate(levels, 1))
    anybody = UserPrincipal(call.account.id, _UNKNOWN, _UNKNOWN, partition=call.account.partition)
    scene = Scene(anybody, PolicySet(scps=scps), call.account.id, is_anybody=True)
    return _with_parameters(call, scene)


def _level(level: Mapping[str, Any], number: int) -> tuple[Attached, ...]:
    texts = level.get("ServiceControlPolicyInputList", ())
    return tuple(_given(texts, Kind.SCP, f"OrderedOrganizationPolicyInputList.{number}"))


def principal_scene(call: Call, source: Entity) -> Scene:
    """A user, group or role with all its policies as they are now, and what the call adds or takes away.

    Raises:
        InvalidInput: a parameter is not understood.
    """
    account = call.account
    who: UserPrincipal | RoleSession
    if isinstance(source, Group):
        # A group cannot ask; the organization limits its members as it limits the account's root user.
        everybody = caller_policies(Caller(Root(account.id, account.partition), ""), account)
        policies = PolicySet(group_policies(source.id, account), scps=everybody.scps, rcps=everybody.rcps)
        who = UserPrincipal(account.id, _UNKNOWN, _UNKNOWN, partition=account.partition)
        scene = Scene(who, policies, account.id, is_anybody=True)
    else:
        if isinstance(source, User):
            who = UserPrincipal(account.id, source.id, source.name, source.path, account.partition)
        else:
            who = RoleSession(account.id, source.id, source.name, _UNKNOWN, source.path, account.partition)
        policies = caller_policies(Caller(who, "", None, source.tags), account)
        scene = Scene(who, policies, account.id, known=known_of(who, source.tags, account.membership))
    if account.membership is not None:
        scene = replace(scene, owned=owner_keys(account.membership), is_member=True)
    kept = without_excluded(scene.policies, source, call.params.get("PolicyExclusionList", ()))
    return _with_parameters(call, replace(scene, policies=_labelled(kept, source)))


def _labelled(policies: PolicySet, source: Entity) -> PolicySet:
    """The policies under the names that the simulator gives them: inline ones with whose they are."""

    def label(attached: Attached) -> Attached:
        if attached.arn is not None:
            return attached
        owner = f"group_{attached.group}" if attached.group else f"{source.kind}_{source.name}"
        return Attached(attached.policy, f"{owner}_{attached.name}", group=attached.group)

    return policies.replaced(identity=tuple(map(label, policies.identity)))


# ── what every simulation takes ──────────────────────────────────────────────────────────────────────


def _with_parameters(call: Call, scene: Scene) -> Scene:
    params = call.params
    check_sizes(params)
    policies = scene.policies
    identity = (*policies.identity, *given_policies(params))
    boundaries = params.get("PermissionsBoundaryPolicyInputList", ())
    if len(boundaries) > 1:
        raise InvalidInput("The list of Permissions Boundary policies cannot exceed 1 items.")
    given = _given(boundaries, Kind.IDENTITY_INLINE, "PermissionsBoundaryPolicyInputList")
    policies = policies.replaced(identity=identity, boundary=given[0] if given else policies.boundary)
    scene = replace(scene, policies=policies, keys=_context(params.get("ContextEntries", ())))
    return _with_resource_policy(params, _with_owner(params, _with_caller(params, scene)))


def given_policies(params: Mapping[str, Any]) -> list[Attached]:
    """The identity-based policies that the call brings.

    Raises:
        InvalidInput: one cannot be read.
    """
    return _given(params.get("PolicyInputList", ()), Kind.IDENTITY_INLINE, "PolicyInputList")


def check_sizes(params: Mapping[str, Any]) -> None:
    """Refuse before anything is parsed.

    Raises:
        InvalidInput: more than ``MOST_TEXT`` characters of policies.
    """
    levels = params.get("OrderedOrganizationPolicyInputList", ())
    texts = [*params.get("PolicyInputList", ()), *params.get("PermissionsBoundaryPolicyInputList", ())]
    texts += [text for level in levels for text in level.get("ServiceControlPolicyInputList", ())]
    texts.append(params.get("ResourcePolicy", ""))
    if sum(map(len, texts)) > MOST_TEXT:
        raise InvalidInput(f"The policies of one call cannot exceed {MOST_TEXT} characters together.")


def _given(texts: Iterable[str], kind: Kind, name: str) -> list[Attached]:
    return [_parsed(text, kind, f"{name}.{number}") for number, text in enumerate(texts, 1)]


def _parsed(text: str, kind: Kind, name: str) -> Attached:
    try:
        return Attached(check_document(text, kind), name)
    except MalformedPolicyDocument as fault:
        raise InvalidInput(f"{name}: {fault.message}", detail=fault.detail) from None


def _context(entries: Iterable[Mapping[str, Any]]) -> Mapping[str, str | tuple[str, ...]]:
    try:
        return read_entries(
            ContextEntry(
                entry.get("ContextKeyName", ""),
                tuple(entry.get("ContextKeyValues", ())),
                entry.get("ContextKeyType", "string"),
            )
            for entry in entries
        )
    except Malformed as fault:
        raise InvalidInput(str(fault)) from None


def _with_caller(params: Mapping[str, Any], scene: Scene) -> Scene:
    """The same with ``CallerArn`` as who asks. Of him no more is known than his ARN says, unless he is the source.

    # INVARIANT: 2. whoever may simulate with a name does not learn that user's tags and ids.
    #   tests/services/iam/test_simulation.py::test_a_made_up_caller_has_nothing_but_his_name
    """
    text = params.get("CallerArn")
    if text is None or text == scene.principal.arn:
        return scene
    arn = _entity_arn(text)
    word, _, named = arn.resource.partition("/")
    path, _, name = named.rpartition("/")
    if word != "user" or not name:
        raise _no_entity(text)
    who = UserPrincipal(arn.account, _UNKNOWN, name, f"/{path}/" if path else "/", arn.partition)
    find = known_of(who)
    return replace(
        scene,
        principal=who,
        known=lambda key: None if key == "aws:userid" else find(key),
        owner=arn.account,
        owned=scene.owned if arn.account == scene.owner else {},
        is_anybody=False,
    )


def _with_owner(params: Mapping[str, Any], scene: Scene) -> Scene:
    text = params.get("ResourceOwner")
    if text is None:
        return scene
    head, found, owner = text.partition(":iam::")
    owner = owner.removesuffix(":root")
    if not (found and head == f"arn:{scene.principal.partition}" and text.endswith(":root") and is_account(owner)):
        raise InvalidInput(f"'{text}' is not a valid as a Resource Owner.")
    return replace(scene, owner=owner, owned=scene.owned if owner == scene.owner else {})


def _with_resource_policy(params: Mapping[str, Any], scene: Scene) -> Scene:
    text = params.get("ResourcePolicy")
    if text is None:
        return scene
    if not isinstance(scene.principal, UserPrincipal) or scene.is_anybody:
        raise InvalidInput("Invalid caller - Caller cannot be null or empty.")
    if any(arn.split(":")[2:3] == ["iam"] and ":role/" in arn for arn in params.get("ResourceArns", ())):
        raise InvalidInput("Simulation of resource-based policies isn't supported for IAM roles.")
    return replace(scene, resource_policy=_parsed(text, Kind.RESOURCE, "ResourcePolicy"))


def _entity_arn(text: str) -> Arn:
    try:
        arn = Arn.parse(text)
    except Malformed:
        raise _no_entity(text) from None
    if arn.service != "iam" or arn.region or not is_account(arn.account):
        raise _no_entity(text)
    return arn


def _no_entity(text: str) -> InvalidInput:
    return InvalidInput(f"Invalid Entity Arn: {text} does not clearly define entity type and name.")
