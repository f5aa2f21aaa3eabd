"""GetAccountAuthorizationDetails: all users, groups, roles and policies with their permissions, one long paged list."""

from __future__ import annotations

from collections.abc import Callable, Collection

from daypass.entities import Group, Role, User
from daypass.operations.call import Call
from daypass.operations.managed_policies import managed_policies
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.services.iam import groups, policies, roles, users
from daypass.services.iam.arns import Found
from daypass.services.iam.attachments import attached_policies
from daypass.services.iam.boundaries import boundary_member
from daypass.services.iam.inline_policies import inline_policies
from daypass.services.iam.policy_versions import version_members
from daypass.services.iam.tags import WITHOUT_CASE, in_order
from daypass.services.iam.targets import GROUPS, ROLES, USERS, Kind, Named, by_name, name_key
from daypass.services.iam.usage import usage

Members = dict[str, object]

_ALL = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")


@operation("iam:GetAccountAuthorizationDetails", "reads", reads_store=True)
def get_account_authorization_details(call: Call) -> Members:
    """All that decides who may do what in the account; ``Filter`` chooses kinds. Every list is present, some empty."""
    call.authorize()
    wanted = call.params.get("Filter") or _ALL
    return page(
        call,
        _listed(call, USERS, wanted, lambda user: _user(call, user)),
        _listed(call, GROUPS, wanted, lambda group: _group(call, group)),
        _listed(call, ROLES, wanted, lambda role: _role(call, role)),
        Listing.of("Policies", _policies(call, wanted), lambda found: found.arn, lambda found: _policy(call, found)),
    )


def _listed(call: Call, kind: Kind[Named], wanted: Collection[str], show: Callable[[Named], Members]) -> Listing[Named]:
    word = kind.word.title()
    return Listing(f"{word}DetailList", by_name(call, kind) if word in wanted else [], name_key, show)


def _user(call: Call, user: User) -> Members:
    inline: Members = {"UserPolicyList": inline_policies(user)} if user.inline else {}
    return (
        users.members(call, user)
        | inline
        | {
            "GroupList": [group.name for group in groups.groups_of(call, user)],
            "AttachedManagedPolicies": attached_policies(user),
        }
        | boundary_member(user)
        | {"Tags": in_order(user.tags, WITHOUT_CASE)}
    )


def _group(call: Call, group: Group) -> Members:
    return groups.members(call, group) | {
        "GroupPolicyList": inline_policies(group),
        "AttachedManagedPolicies": attached_policies(group),
    }


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


def _policies(call: Call, wanted: Collection[str]) -> list[Found]:
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
