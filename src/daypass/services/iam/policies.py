"""Managed policies: the account's own, made and deleted; AWS's, read. Versions: ``policy_versions``."""

from __future__ import annotations

from daypass.entities import Group, ManagedPolicy, PolicyVersion, Role, User
from daypass.errors import DeleteConflict, EntityAlreadyExists
from daypass.operations.call import Call
from daypass.operations.managed_policies import managed_policies
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.services.iam import quotas
from daypass.services.iam.arns import Found, authorize_tagged, not_attachable, own_policy, policy_to_read
from daypass.services.iam.documents import check_managed
from daypass.services.iam.tags import EXACT, as_sent, in_order, merged, request_tags
from daypass.services.iam.targets import GROUPS, ROLES, USERS, Kind, Named, arn_of, authorize_listing, by_name, name_key
from daypass.services.iam.usage import usage

Members = dict[str, object]


def members(call: Call, found: Found) -> Members:
    """What every answer tells of a managed policy."""
    policy, uses = found.policy, usage(call.account)
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": found.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": uses.attached[found.arn],
        "PermissionsBoundaryUsageCount": uses.boundaries[found.arn],
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


@operation("iam:CreatePolicy", "changes")
def create_policy(call: Call) -> Members:
    """Make a customer managed policy; its document becomes version v1."""
    arn = _authorize_create(call)
    policy = _requested_policy(call)
    try:
        call.put(policy)
    except AlreadyExists:
        raise EntityAlreadyExists(
            f"A policy called {policy.name} already exists. Duplicate names are not allowed."
        ) from None
    quotas.POLICIES.require(len(call.account.policies))
    given: Members = {"Tags": as_sent(policy.tags)} if policy.tags else {}
    return {"Policy": members(call, Found(arn, policy)) | given}


def _authorize_create(call: Call) -> str:
    """The ARN of the policy to be made, once the caller may make it. AWS's refusal prints the name only."""
    arn = arn_of(call, "policy", call.params["PolicyName"], call.params.get("Path", "/"))
    tags = request_tags(call)
    authorize_tagged(call, arn, f"policy {call.params['PolicyName']}", tags=tags)
    if tags:
        authorize_tagged(call, arn, f"policy {arn}", action="iam:TagPolicy", tags=tags)
    return arn


def _requested_policy(call: Call) -> ManagedPolicy:
    p = call.params
    check_managed(p["PolicyDocument"])
    return ManagedPolicy(
        call.new_id("ANPA"),
        p["PolicyName"],
        p.get("Path", "/"),
        created=call.now,
        updated=call.now,
        versions=(PolicyVersion("v1", p["PolicyDocument"], call.now),),
        description=p.get("Description") or None,
        tags=merged((), request_tags(call), EXACT),
    )


@operation("iam:GetPolicy", "reads")
def get_policy(call: Call) -> Members:
    """Tell of a managed policy; the document is a version's."""
    found = policy_to_read(call)
    policy = found.policy
    described: Members = {} if policy.description is None else {"Description": policy.description}
    return {"Policy": members(call, found) | described | {"Tags": in_order(policy.tags, EXACT)}}


@operation("iam:ListPolicies", "reads")
def list_policies(call: Call) -> Members:
    """Managed policies by name: own, AWS's, or both; all or those in use."""
    authorize_listing(call, "policy")
    prefix = call.params.get("PathPrefix", "/")
    listed = (found for found in _in_scope(call) if found.policy.path.startswith(prefix) and _is_wanted(call, found))
    return page(call, Listing.of("Policies", listed, _order, lambda found: members(call, found)))


def _in_scope(call: Call) -> list[Found]:
    scope = call.params.get("Scope", "All")
    tables = []
    if scope in ("All", "Local"):
        tables.append(call.account.policies_by_arn)
    if scope in ("All", "AWS"):
        tables.append(managed_policies(call.account.partition))
    return [Found(arn, policy) for table in tables for arn, policy in table.items()]


def _is_wanted(call: Call, found: Found) -> bool:
    """``PolicyUsageFilter``: as a boundary, or not only as a boundary. ``OnlyAttached``: in use in that way."""
    uses = usage(call.account)
    attached, bounds = uses.attached[found.arn], uses.boundaries[found.arn]
    usage_filter = call.params.get("PolicyUsageFilter")
    if usage_filter == "PermissionsBoundary":
        return bounds > 0
    if usage_filter == "PermissionsPolicy" and bounds and not attached:
        return False
    return attached > 0 or not call.params.get("OnlyAttached", False)


def _order(found: Found) -> str:
    return f"{found.policy.name.lower()} {found.arn}"


@operation("iam:DeletePolicy", "changes")
def delete_policy(call: Call) -> None:
    """Delete a customer managed policy that nobody uses and that has only its default version left."""
    found = own_policy(call, "delete policies")
    if usage(call.account).of(found.arn):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    if len(found.policy.versions) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    call.delete(found.policy)


@operation("iam:ListEntitiesForPolicy", "reads")
def list_entities_for_policy(call: Call) -> Members:
    """The users, groups and roles of this account that have a managed policy attached or as their boundary."""
    arn = policy_to_read(call, missing=not_attachable(call.params["PolicyArn"])).arn
    return page(call, _users_of(call, GROUPS, arn), _users_of(call, USERS, arn), _users_of(call, ROLES, arn))


def _users_of(call: Call, kind: Kind[Named], arn: str) -> Listing[Named]:
    """Those of a kind that use the policy, when the call asks for that kind."""
    word = kind.word.title()
    wanted = call.params.get("EntityFilter") in (None, word)
    entities = [entity for entity in by_name(call, kind) if _uses(call, entity, arn)] if wanted else []
    return Listing(f"Policy{word}s", entities, name_key, lambda each: {f"{word}Name": each.name, f"{word}Id": each.id})


def _uses(call: Call, entity: User | Group | Role, arn: str) -> bool:
    usage_filter = call.params.get("PolicyUsageFilter")
    attached = arn in entity.attached and usage_filter != "PermissionsBoundary"
    boundary = None if isinstance(entity, Group) else entity.boundary
    bounds = boundary == arn and usage_filter != "PermissionsPolicy"
    return (attached or bounds) and entity.path.startswith(call.params.get("PathPrefix", "/"))
