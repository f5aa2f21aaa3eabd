"""Tagging users, roles, managed policies, MFA devices, identity providers.

Tagging merges; untagging what is not there succeeds. Keys of users and roles know no case, the others do (``tags``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from daypass.entities import ManagedPolicy, MfaDevice, OidcProvider, SamlProvider
from daypass.operations.call import Call
from daypass.operations.paging import page
from daypass.operations.registry import operation
from daypass.principals import Tags
from daypass.services.iam.arns import own_policy, policy_to_read
from daypass.services.iam.mfa.targets import device_to_use
from daypass.services.iam.providers.targets import oidc_provider, saml_provider
from daypass.services.iam.tags import EXACT, WITHOUT_CASE, Keys, listing, merged, request_keys, request_tags, without
from daypass.services.iam.targets import ROLES, USERS, Kind, Principal, target


@operation("iam:TagUser", "changes")
def tag_user(call: Call) -> None:
    """Add tags to a user or replace their values."""
    _tag(call, USERS)


@operation("iam:TagRole", "changes")
def tag_role(call: Call) -> None:
    """Add tags to a role or replace their values."""
    _tag(call, ROLES)


@operation("iam:UntagUser", "changes")
def untag_user(call: Call) -> None:
    """Take tags off a user."""
    _untag(call, USERS)


@operation("iam:UntagRole", "changes")
def untag_role(call: Call) -> None:
    """Take tags off a role."""
    _untag(call, ROLES)


@operation("iam:ListUserTags", "reads")
def list_user_tags(call: Call) -> dict[str, object]:
    """A user's tags."""
    return page(call, listing(target(call, USERS).tags, WITHOUT_CASE))


@operation("iam:ListRoleTags", "reads")
def list_role_tags(call: Call) -> dict[str, object]:
    """A role's tags."""
    return page(call, listing(target(call, ROLES).tags, WITHOUT_CASE))


@operation("iam:TagPolicy", "changes")
def tag_policy(call: Call) -> None:
    """Add tags to a customer managed policy or replace their values."""
    _put_tags(call, _own_policy)


@operation("iam:UntagPolicy", "changes")
def untag_policy(call: Call) -> None:
    """Take tags off a customer managed policy."""
    _take_tags(call, _own_policy)


@operation("iam:ListPolicyTags", "reads")
def list_policy_tags(call: Call) -> dict[str, object]:
    """A managed policy's tags."""
    return page(call, listing(policy_to_read(call).policy.tags, EXACT))


@operation("iam:TagMFADevice", "changes")
def tag_mfa_device(call: Call) -> None:
    """Add tags to a virtual MFA device or replace their values."""
    _put_tags(call, device_to_use)


@operation("iam:UntagMFADevice", "changes")
def untag_mfa_device(call: Call) -> None:
    """Take tags off a virtual MFA device."""
    _take_tags(call, device_to_use)


@operation("iam:ListMFADeviceTags", "reads")
def list_mfa_device_tags(call: Call) -> dict[str, object]:
    """A virtual MFA device's tags."""
    return page(call, listing(device_to_use(call).tags, EXACT))


@operation("iam:TagOpenIDConnectProvider", "changes")
def tag_oidc_provider(call: Call) -> None:
    """Add tags to an OpenID Connect provider or replace their values."""
    _put_tags(call, oidc_provider)


@operation("iam:UntagOpenIDConnectProvider", "changes")
def untag_oidc_provider(call: Call) -> None:
    """Take tags off an OpenID Connect provider."""
    _take_tags(call, oidc_provider)


@operation("iam:ListOpenIDConnectProviderTags", "reads")
def list_oidc_provider_tags(call: Call) -> dict[str, object]:
    """An OpenID Connect provider's tags."""
    return page(call, listing(oidc_provider(call).tags, EXACT))


@operation("iam:TagSAMLProvider", "changes")
def tag_saml_provider(call: Call) -> None:
    """Add tags to a SAML provider or replace their values."""
    _put_tags(call, saml_provider)


@operation("iam:UntagSAMLProvider", "changes")
def untag_saml_provider(call: Call) -> None:
    """Take tags off a SAML provider."""
    _take_tags(call, saml_provider)


@operation("iam:ListSAMLProviderTags", "reads")
def list_saml_provider_tags(call: Call) -> dict[str, object]:
    """A SAML provider's tags."""
    return page(call, listing(saml_provider(call).tags, EXACT))


def _tag(call: Call, kind: Kind[Principal]) -> None:
    tags = request_tags(call)
    entity = target(call, kind, request_keys(tags))
    call.put(replace(entity, tags=merged(entity.tags, tags, WITHOUT_CASE)))


def _untag(call: Call, kind: Kind[Principal]) -> None:
    entity = target(call, kind, _removed(call))
    call.put(replace(entity, tags=without(entity.tags, call.params["TagKeys"], WITHOUT_CASE)))


Tagged = ManagedPolicy | MfaDevice | OidcProvider | SamlProvider
"""What has tags whose keys know case."""


class Find(Protocol):
    """Finds what the call names, once the caller may do this to it and to the tags, or condition keys, of the call."""

    def __call__(self, call: Call, *, tags: Tags = (), keys: Keys | None = None) -> Tagged: ...


def _put_tags(call: Call, find: Find) -> None:
    tags = request_tags(call)
    entity = find(call, tags=tags)
    call.put(replace(entity, tags=merged(entity.tags, tags, EXACT)))


def _take_tags(call: Call, find: Find) -> None:
    entity = find(call, keys=_removed(call))
    call.put(replace(entity, tags=without(entity.tags, call.params["TagKeys"], EXACT)))


def _own_policy(call: Call, *, tags: Tags = (), keys: Keys | None = None) -> ManagedPolicy:
    return own_policy(call, "update policies", tags=tags, keys=keys).policy


def _removed(call: Call) -> Keys:
    """What policies may ask about keys to remove: ``aws:TagKeys``; none without any."""
    return {"aws:TagKeys": tuple(call.params["TagKeys"])} if call.params["TagKeys"] else {}
