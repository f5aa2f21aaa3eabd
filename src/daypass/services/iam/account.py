"""The account itself: its alias and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from daypass.errors import EntityAlreadyExists, NoSuchEntity
from daypass.operations.call import Call
from daypass.operations.paging import Listing, page
from daypass.operations.registry import operation
from daypass.ports import AlreadyExists
from daypass.services.iam import quotas
from daypass.services.iam.usage import usage


@operation("iam:CreateAccountAlias", "changes")
def create_account_alias(call: Call) -> None:
    """Give the account an alias; the one it had is free again. Aliases are unique in this daypass."""
    call.authorize()
    alias, account = call.params["AccountAlias"], call.account.account
    if alias == account.alias:
        raise _taken(alias)
    try:
        call.put(replace(account, alias=alias))
    except AlreadyExists:
        raise _taken(alias) from None


def _taken(alias: str) -> EntityAlreadyExists:
    return EntityAlreadyExists(f"The account alias {alias} already exists.")


@operation("iam:DeleteAccountAlias", "changes")
def delete_account_alias(call: Call) -> None:
    """Take the alias away."""
    call.authorize()
    alias, account = call.params["AccountAlias"], call.account.account
    if alias != account.alias:
        raise NoSuchEntity(f"The account alias {alias} cannot be found.")
    call.put(replace(account, alias=None))


@operation("iam:ListAccountAliases", "reads")
def list_account_aliases(call: Call) -> Mapping[str, object]:
    """The alias, if there is one."""
    call.authorize()
    alias = call.account.account.alias
    return page(call, Listing("AccountAliases", [] if alias is None else [alias], str, str))


@operation("iam:SetSecurityTokenServicePreferences", "changes")
def set_security_token_service_preferences(call: Call) -> None:
    """Choose the version of the session tokens that the global endpoint issues from now on."""
    call.authorize()
    version = _TOKEN_VERSIONS[call.params["GlobalEndpointTokenVersion"]]
    call.put(replace(call.account.account, global_token_version=version))


_TOKEN_VERSIONS = {"v1Token": 1, "v2Token": 2}


@operation("iam:GetAccountSummary", "reads")
def get_account_summary(call: Call) -> Mapping[str, object]:
    """How much the account holds, and how much it may. What daypass does not have yet counts nothing."""
    call.authorize()
    account, uses = call.account, usage(call.account)
    used = {*uses.attached, *uses.boundaries}
    root_key = any(key.user_id == account.id for key in account.access_keys.values())
    devices = account.mfa_devices.values()
    counted = {
        "AccountAccessKeysPresent": int(root_key),
        "AccountMFAEnabled": int(any(device.user_id == account.id for device in devices)),
        "GlobalEndpointTokenVersion": account.account.global_token_version,
        "Groups": len(account.groups),
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(device.user_id is not None for device in devices),
        "Policies": len(account.policies),
        "PolicyVersionsInUse": len(used),
        "Providers": len(account.oidc_providers) + len(account.saml_providers),
        "Roles": len(account.roles),
        "Users": len(account.users),
    }
    return {"SummaryMap": dict.fromkeys(_NOT_YET, 0) | quotas.SUMMARY | counted}


_NOT_YET = (
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
    "InstanceProfiles",
    "ServerCertificates",
)
"""Counters of things that daypass cannot hold yet."""
