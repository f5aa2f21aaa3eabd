"""Versions of managed policies: up to five, numbered for ever upwards, one of them the default and in force."""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import PolicyVersion
from daypass.errors import DeleteConflict
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.services.iam import quotas
from daypass.services.iam.arns import Found, Write, no_version, own_policy, policy_arn, policy_to_read
from daypass.services.iam.documents import check_managed

Members = dict[str, object]


def version_members(found: Found, version: PolicyVersion) -> Members:
    """What every answer tells of a version; the document is told by GetPolicyVersion only."""
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == found.policy.default_version,
        "CreateDate": version.created,
    }


@operation("iam:CreatePolicyVersion", "changes")
def create_policy_version(call: Call) -> Members:
    """Add a version; with ``SetAsDefault`` it is in force at once."""
    found = own_policy(call, "update policies")
    document = call.params["PolicyDocument"]
    check_managed(document)
    policy = found.policy
    quotas.POLICY_VERSIONS.require(len(policy.versions) + 1)
    version = PolicyVersion(f"v{policy.next_version}", document, call.now)
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        next_version=policy.next_version + 1,
        default_version=version.id if call.params.get("SetAsDefault", False) else policy.default_version,
        updated=call.now,
    )
    call.put(changed)
    return {"PolicyVersion": version_members(Found(found.arn, changed), version)}


@operation("iam:GetPolicyVersion", "reads")
def get_policy_version(call: Call) -> Members:
    """A version with its document, as it was sent."""
    found = policy_to_read(call, missing=no_version(call.params["PolicyArn"], call.params["VersionId"]))
    version = _version(call, found)
    return {"PolicyVersion": {"Document": version.document} | version_members(found, version)}


@operation("iam:ListPolicyVersions", "reads")
def list_policy_versions(call: Call) -> Members:
    """Versions, newest first, without documents."""
    found = policy_to_read(call)
    return page(call, Listing.of("Versions", found.policy.versions, _newest_first, lambda v: version_members(found, v)))


def _newest_first(version: PolicyVersion) -> str:
    return f"{10**9 - int(version.id[1:]):010d}"


@operation("iam:SetDefaultPolicyVersion", "changes")
def set_default_policy_version(call: Call) -> None:
    """Put a version in force, at once, wherever the policy is used."""
    found, version = _own_version(call, "update policies")
    call.put(replace(found.policy, default_version=version.id, updated=call.now))


@operation("iam:DeletePolicyVersion", "changes")
def delete_policy_version(call: Call) -> None:
    """Delete a version that is not the default. Its number is not used again."""
    found, version = _own_version(call, "delete policy versions for policies")
    if version.id == found.policy.default_version:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    kept = tuple(other for other in found.policy.versions if other.id != version.id)
    call.put(replace(found.policy, versions=kept))


def _own_version(call: Call, write: Write) -> tuple[Found, PolicyVersion]:
    missing = no_version(policy_arn(call), call.params["VersionId"])
    found = own_policy(call, write, missing=missing)
    return found, _version(call, found)


def _version(call: Call, found: Found) -> PolicyVersion:
    wanted = call.params["VersionId"]
    for version in found.policy.versions:
        if version.id == wanted:
            return version
    raise no_version(found.arn, wanted)
