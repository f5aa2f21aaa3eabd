"""IAM: users, groups, roles, keys and policies of an account. Importing the package registers its operations."""

from __future__ import annotations

from daypass.services.iam import (
    access_keys,
    account,
    attachments,
    authorization_details,
    boundaries,
    delegation_owner,
    delegation_requests,
    groups,
    inline_policies,
    mfa_assignment,
    mfa_devices,
    oidc_providers,
    outbound_federation,
    policies,
    policy_versions,
    roles,
    root_access,
    simulation,
    tagging,
    users,
)

__all__ = [
    "access_keys",
    "account",
    "attachments",
    "authorization_details",
    "boundaries",
    "delegation_owner",
    "delegation_requests",
    "groups",
    "inline_policies",
    "mfa_assignment",
    "mfa_devices",
    "oidc_providers",
    "outbound_federation",
    "policies",
    "policy_versions",
    "roles",
    "root_access",
    "simulation",
    "tagging",
    "users",
]
