"""IAM: users, groups, roles, keys and policies of an account. Importing the package registers its operations."""

from __future__ import annotations

from daypass.services.iam import (
    access_keys,
    account,
    attachments,
    authorization_details,
    boundaries,
    groups,
    inline_policies,
    outbound_federation,
    policies,
    policy_versions,
    roles,
    root_access,
    tagging,
    users,
)
from daypass.services.iam.delegation import owner, requests
from daypass.services.iam.mfa import assignment, devices
from daypass.services.iam.providers import oidc, saml
from daypass.services.iam.simulation import operations

__all__ = [
    "access_keys",
    "account",
    "assignment",
    "attachments",
    "authorization_details",
    "boundaries",
    "devices",
    "groups",
    "inline_policies",
    "oidc",
    "operations",
    "outbound_federation",
    "owner",
    "policies",
    "policy_versions",
    "requests",
    "roles",
    "root_access",
    "saml",
    "tagging",
    "users",
]
