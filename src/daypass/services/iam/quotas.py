"""How much an account may hold, and what AWS says when it is more (IAM User Guide, "IAM and AWS STS quotas").

White space that JSON ignores is not counted in the size of a policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from daypass.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Quota:
    """``limit`` of a thing, and the text of its LimitExceeded."""

    limit: int
    message: str

    def require(self, used: int, name: str = "") -> None:
        """Refuse when ``used`` is above the limit. ``name``: the entity the text speaks of.

        Raises:
            LimitExceeded: with AWS's text.
        """
        if used > self.limit:
            raise LimitExceeded(self.message.format(limit=self.limit, name=name))


def _counted(name: str, limit: int) -> Quota:
    return Quota(limit, f"Cannot exceed quota for {name}: {{limit}}")


USERS = _counted("UsersPerAccount", 5000)
GROUPS = _counted("GroupsPerAccount", 300)
GROUPS_OF_USER = _counted("GroupsPerUser", 10)
ROLES = _counted("RolesPerAccount", 1000)
POLICIES = _counted("PoliciesPerAccount", 1500)
ACCESS_KEYS = _counted("AccessKeysPerUser", 2)
MFA_DEVICES = _counted("VirtualMFADevicesPerAccount", USERS.limit)
MFA_DEVICES_OF_USER = _counted("MFADevicesPerUser", 8)
OIDC_PROVIDERS = _counted("OpenIDConnectProvidersPerAccount", 100)
CLIENT_IDS = _counted("ClientIdsPerOpenIdConnectProvider", 100)
SAML_PROVIDERS = _counted("SAMLProvidersPerAccount", 100)
TRUST_SIZE = _counted("ACLSizePerRole", 2048)
POLICY_SIZE = _counted("PolicySize", 6144)
POLICY_VERSIONS = Quota(
    5,
    "A managed policy can have up to {limit} versions. "
    "Before you create a new version, you must delete an existing version.",
)
TAGS = Quota(50, "The number of tags has reached the maximum limit.")
ATTACHED = {
    "user": _counted("PoliciesPerUser", 10),
    "group": _counted("PoliciesPerGroup", 10),
    "role": _counted("PoliciesPerRole", 10),
}
INLINE_SIZE = {
    "user": Quota(2048, "Maximum policy size of {limit} bytes exceeded for user {name}"),
    "group": Quota(5120, "Maximum policy size of {limit} bytes exceeded for group {name}"),
    "role": Quota(10240, "Maximum policy size of {limit} bytes exceeded for role {name}"),
}

SUMMARY = {
    "AccessKeysPerUserQuota": ACCESS_KEYS.limit,
    "AssumeRolePolicySizeQuota": TRUST_SIZE.limit,
    "AttachedPoliciesPerGroupQuota": ATTACHED["group"].limit,
    "AttachedPoliciesPerRoleQuota": ATTACHED["role"].limit,
    "AttachedPoliciesPerUserQuota": ATTACHED["user"].limit,
    "GroupPolicySizeQuota": INLINE_SIZE["group"].limit,
    "GroupsPerUserQuota": GROUPS_OF_USER.limit,
    "GroupsQuota": GROUPS.limit,
    "InstanceProfilesQuota": 1000,
    "PoliciesQuota": POLICIES.limit,
    "PolicySizeQuota": POLICY_SIZE.limit,
    "PolicyVersionsInUseQuota": 10000,
    "RolePolicySizeQuota": INLINE_SIZE["role"].limit,
    "RolesQuota": ROLES.limit,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "UserPolicySizeQuota": INLINE_SIZE["user"].limit,
    "UsersQuota": USERS.limit,
    "VersionsPerPolicyQuota": POLICY_VERSIONS.limit,
}
"""The limits that GetAccountSummary tells, by its keys."""
