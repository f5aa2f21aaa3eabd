"""Centralised root access: which root tasks the organization's management account may do in its members.

Source: IAM API reference, EnableOrganizationsRootCredentialsManagement, EnableOrganizationsRootSessions, their Disable
counterparts, ListOrganizationsFeatures.

The features are kept with the organization, in the management account; AssumeRoot reads them. AWS lets delegated
administrators in too, and asks for trusted access to be switched on first; daypass has neither, so it is the management
account alone, and always trusted.
"""

from __future__ import annotations

from dataclasses import replace

from daypass.entities import Organization, RootFeature
from daypass.errors import ServiceError
from daypass.operations.call import Call
from daypass.operations.registry import operation

Members = dict[str, object]


class OrganizationNotFound(ServiceError):
    """The account is in no organization."""

    code = "OrganizationNotFoundException"


class CallerIsNotManagementAccount(ServiceError):
    """Only the management account may switch this on."""

    code = "CallerIsNotManagementAccountException"


class NotManagementOrDelegatedAdministrator(ServiceError):
    """Only the management account, or whom it has named, may know of this or switch it off."""

    code = "AccountNotManagementOrDelegatedAdministratorException"


_NOT_FOUND = "The request was rejected because the account is not a member of an organization."
_NOT_MANAGEMENT = (
    "The request was rejected because the account making the request is not the management account "
    "for the organization."
)
_NOT_ADMINISTRATOR = (
    "The request was rejected because the account making the request is not the management account or delegated "
    "administrator account for centralized root access."
)


@operation("iam:EnableOrganizationsRootCredentialsManagement", "changes")
def enable_credentials_management(call: Call) -> Members:
    """Let the management account audit and delete its members' root credentials."""
    return _enable(call, "RootCredentialsManagement")


@operation("iam:EnableOrganizationsRootSessions", "changes")
def enable_sessions(call: Call) -> Members:
    """Let the management account unlock resources of its members as root."""
    return _enable(call, "RootSessions")


@operation("iam:DisableOrganizationsRootCredentialsManagement", "changes")
def disable_credentials_management(call: Call) -> Members:
    """Take that away again; sessions that are out live on for their quarter of an hour."""
    return _disable(call, "RootCredentialsManagement")


@operation("iam:DisableOrganizationsRootSessions", "changes")
def disable_sessions(call: Call) -> Members:
    """Take that away again; sessions that are out live on for their quarter of an hour."""
    return _disable(call, "RootSessions")


@operation("iam:ListOrganizationsFeatures", "reads")
def list_features(call: Call) -> Members:
    """The organization's id, and which of the two features it has."""
    call.authorize()
    return _members(_organization(call, NotManagementOrDelegatedAdministrator(_NOT_ADMINISTRATOR)))


def _enable(call: Call, feature: RootFeature) -> Members:
    call.authorize()
    organization = _organization(call, CallerIsNotManagementAccount(_NOT_MANAGEMENT))
    return _kept(call, organization, {*organization.root_features, feature})


def _disable(call: Call, feature: RootFeature) -> Members:
    call.authorize()
    organization = _organization(call, NotManagementOrDelegatedAdministrator(_NOT_ADMINISTRATOR))
    return _kept(call, organization, {*organization.root_features} - {feature})


def _organization(call: Call, elsewhere: ServiceError) -> Organization:
    """The organization that the caller's account manages.

    Raises:
        OrganizationNotFound: the account is in none.
        ServiceError: ``elsewhere``, where another account manages it.
    """
    account = call.account
    if account.membership is None:
        raise OrganizationNotFound(_NOT_FOUND)
    if account.membership.management != account.id:
        raise elsewhere
    (organization,) = account.organizations.values()
    return organization


def _kept(call: Call, organization: Organization, features: set[RootFeature]) -> Members:
    changed = replace(organization, root_features=tuple(sorted(features)))
    call.put(changed)
    return _members(changed)


def _members(organization: Organization) -> Members:
    return {"OrganizationId": organization.id, "EnabledFeatures": list(organization.root_features)}
