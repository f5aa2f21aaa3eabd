"""AWS's codes for what an organization refuses (AWS Organizations API reference, "Errors" of each operation)."""

from __future__ import annotations

from daypass.errors import ServiceError


class NotInUse(ServiceError):
    """There is no organization."""

    code = "AWSOrganizationsNotInUseException"


class AlreadyInOrganization(ServiceError):
    """There is one already."""

    code = "AlreadyInOrganizationException"


class OrganizationNotEmpty(ServiceError):
    """Units or policies are left."""

    code = "OrganizationNotEmptyException"


class ManagementCannotLeave(ServiceError):
    """The management account stays as long as the organization does."""

    code = "MasterCannotLeaveOrganizationException"


class AccountNotFound(ServiceError):
    """No such account here, or it is outside."""

    code = "AccountNotFoundException"


class UnitNotFound(ServiceError):
    """No such root or unit."""

    code = "ParentNotFoundException"


class TargetNotFound(ServiceError):
    """No such root, unit or account."""

    code = "TargetNotFoundException"


class DuplicateUnit(ServiceError):
    """The name is taken at this place."""

    code = "DuplicateOrganizationalUnitException"


class UnitNotEmpty(ServiceError):
    """Accounts or units are left in it."""

    code = "OrganizationalUnitNotEmptyException"


class DuplicateAccount(ServiceError):
    """The account stands there already."""

    code = "DuplicateAccountException"


class PolicyNotFound(ServiceError):
    """No such policy of this type."""

    code = "PolicyNotFoundException"


class PolicyInUse(ServiceError):
    """It is attached somewhere."""

    code = "PolicyInUseException"


class PolicyChangesNotAllowed(ServiceError):
    """The policy is AWS's own."""

    code = "PolicyChangesNotAllowedException"


class DuplicateAttachment(ServiceError):
    """It is attached there already."""

    code = "DuplicatePolicyAttachmentException"


class NotAttached(ServiceError):
    """It is not attached there."""

    code = "PolicyNotAttachedException"


class TypeNotEnabled(ServiceError):
    """This type of policy is off."""

    code = "PolicyTypeNotEnabledException"


class TypeAlreadyEnabled(ServiceError):
    """This type of policy is on."""

    code = "PolicyTypeAlreadyEnabledException"


class Constraint(ServiceError):
    """A quota is used up, or a rule of the organization stands against it; ``reason`` is AWS's word for which."""

    code = "ConstraintViolationException"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{message} ({reason})")


class MalformedPolicy(ServiceError):
    """The text is no policy of its type."""

    code = "MalformedPolicyDocumentException"


class InvalidInput(ServiceError):
    """A parameter that makes no sense."""

    code = "InvalidInputException"
