"""GetAccountAuthorizationDetails: all users, roles and policies with their permissions, paged as one long list."""

from __future__ import annotations

from collections.abc import Iterable

from daypass.entities import Role, User
from daypass.operations.call import Call
from daypass.operations.managed_policies import managed_policies
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.services.iam import policies, roles, users
from daypass.services.iam.arns import Found
from daypass.services.iam.attachments import attached_policies
from daypass.services.iam.boundaries import boundary_member
from daypass.services.iam.inline_policies import inline_policies
from daypass.services.iam.policy_versions import version_members
from daypass.services.iam.tags import WITHOUT_CASE, in_order
from daypass.services.iam.targets import ROLES, USERS, by_name, name_key
from daypass.services.iam.usage import usage

Members = dict[str, object]

_ALL = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")


@operation("iam:GetAccountAuthorizationDetails", "reads", reads_store=True)
def get_account_authorization_details(call: Call) -> Members:
    """All that decides who may do what in the account; ``Filter`` chooses kinds. Every list is present, some empty."""
    call.authorize()
    wanted = call.params.get("Filter") or _ALL
    result = page(
        call,
        Listing("UserDetailList", by_name(call, USERS) if "User" in wanted else [], name_key, lambda u: _user(call, u)),
        Listing("RoleDetailList", by_name(call, ROLES) if "Role" in wanted else [], name_key, lambda r: _role(call, r)),
        Listing.of("Policies", _policies(call, wanted), lambda found: found.arn, lambda found: _policy(call, found)),
    )
    return {"GroupDetailList": []} | result


def _user(call: Call, user: User) -> Members:
    inline: Members = {"UserPolicyList": inline_policies(user)} if user.inline else {}
    return (
        users.members(call, user)
        | inline
        | {"GroupList": [], "AttachedManagedPolicies": attached_policies(user)}
        | boundary_member(user)
        | {"Tags": in_order(user.tags, WITHOUT_CASE)}
    )


def _role(call: Call, role: Role) -> Members:
    return (
        roles.members(call, role)
        | {
            "InstanceProfileList": [],
            "RolePolicyList": inline_policies(role),
            "AttachedManagedPolicies": attached_policies(role),
            "RoleLastUsed": roles.last_used(call, role),
        }
        | boundary_member(role)
        | {"Tags": in_order(role.tags, WITHOUT_CASE)}
    )


def _policies(call: Call, wanted: Iterable[str]) -> list[Found]:
    """The account's own policies, and those of AWS's that it uses."""
    kinds, uses = set(wanted), usage(call.account)
    own = call.account.policies_by_arn.items() if "LocalManagedPolicy" in kinds else ()
    aws = managed_policies(call.account.partition).items() if "AWSManagedPolicy" in kinds else ()
    return [Found(*each) for each in own] + [Found(arn, policy) for arn, policy in aws if uses.of(arn)]


def _policy(call: Call, found: Found) -> Members:
    described: Members = {} if found.policy.description is None else {"Description": found.policy.description}
    versions = [
        {"Document": version.document} | version_members(found, version) for version in reversed(found.policy.versions)
    ]
    return policies.members(call, found) | described | {"PolicyVersionList": versions}
