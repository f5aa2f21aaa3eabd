"""Role trust policies: who may assume a role. No Resource, principals only as an object, only STS's assume actions.

Source: responses of IAM CreateRole and UpdateAssumeRolePolicy; IAM User Guide, "Troubleshoot IAM policies".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy.actions import ActionElement
from daypass.policy.parse.principal_entry import principal_fault
from daypass.policy.parse.shape import (
    VERSIONS,
    Entries,
    RawDocument,
    RawStatement,
    read_document,
    read_principal,
    read_statement,
)
from daypass.policy.parse.tenancy import CLAIMS, tenancy_fault
from daypass.policy.parse.text import read_json

NOT_JSON = "This policy contains invalid Json"
SYNTAX = "Syntax error in policy."
ASSUME_ACTIONS = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
)
_COGNITO = "cognito-identity.amazonaws.com"


def check_trust(text: str) -> tuple[RawDocument, list[RawStatement]]:
    """The parts of a role's trust policy.

    Raises:
        MalformedPolicyDocument: AWS's message for the first fault.
    """
    document = read_resource_document(text)
    statements = []
    for index, value in enumerate(document.statements):
        _check_members(value)
        statement = read_resource_statement(value, index)
        _check_principals(statement)
        _check_actions(statement)
        statements.append(statement)
    named = [statement.sid for statement in statements if statement.sid]
    if len(set(named)) != len(named):
        raise MalformedPolicyDocument("The Statement Ids in the policy are not unique")
    return document, statements


def read_resource_document(text: str) -> RawDocument:
    """The top level of a policy that names principals.

    Raises:
        MalformedPolicyDocument: not JSON, not a policy, a bad version, no statement.
    """
    try:
        value = read_json(text)
    except Malformed as fault:
        raise MalformedPolicyDocument(NOT_JSON, detail=str(fault)) from None
    try:
        document = read_document(value)
    except Malformed as fault:
        raise MalformedPolicyDocument(SYNTAX, detail=str(fault)) from None
    if document.version is not None and document.version not in VERSIONS:
        raise MalformedPolicyDocument("The policy must contain a valid version string")
    if not document.statements:
        raise MalformedPolicyDocument("Could not parse the policy: Statement is empty!")
    return document


def _check_members(value: Any) -> None:
    """What AWS asks of a statement before it looks into its elements."""
    if not isinstance(value, dict):
        raise MalformedPolicyDocument(SYNTAX, detail="a statement is not a JSON object")
    if "Resource" in value:
        raise MalformedPolicyDocument("Has prohibited field Resource")
    if "NotResource" in value:
        raise MalformedPolicyDocument("AssumeRole policy must not contain resources.")
    check_effect(value)
    if "NotPrincipal" in value:
        allows = value["Effect"] == "Allow"
        refused = "AssumeRole policy must not contain NotPrincipal field."
        raise MalformedPolicyDocument("Allow with NotPrincipal is not allowed." if allows else refused)
    _check_principal_member(value)
    if "Action" not in value and "NotAction" not in value:
        raise MalformedPolicyDocument("Missing required field Action")


def check_effect(members: dict[str, Any]) -> None:
    """Refuse a statement whose effect is missing or neither Allow nor Deny."""
    if "Effect" not in members:
        raise MalformedPolicyDocument("Missing required field Effect")
    if members["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicyDocument(f"Invalid effect: {members['Effect']}")


def _check_principal_member(members: dict[str, Any]) -> None:
    if "Principal" not in members:
        raise MalformedPolicyDocument("Missing required field Principal")
    principal = members["Principal"]
    if not isinstance(principal, dict):
        raise MalformedPolicyDocument("Principal must be a JSON object.")
    if not principal:
        raise MalformedPolicyDocument("Missing required field Principal cannot be empty!")
    for kind in principal:
        if kind not in ("AWS", "Service", "Federated"):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind}"')


def read_resource_statement(value: Any, index: int) -> RawStatement:
    """One statement of a policy that names principals.

    Raises:
        MalformedPolicyDocument: its shape is wrong.
    """
    try:
        return read_statement(value, index)
    except Malformed as fault:
        raise MalformedPolicyDocument(SYNTAX, detail=str(fault)) from None


def read_entries(value: Any) -> Entries:
    """The (type, value) pairs of a Principal or NotPrincipal element.

    Raises:
        MalformedPolicyDocument: its shape is wrong, or it names nobody.
    """
    try:
        entries = read_principal(value)
    except Malformed as fault:
        raise MalformedPolicyDocument(SYNTAX, detail=str(fault)) from None
    if not entries:
        raise MalformedPolicyDocument("Missing required field Principal cannot be empty!")
    return entries


def _check_principals(statement: RawStatement) -> None:
    entries = read_entries(statement.members["Principal"])
    for kind, value in entries:
        fault_text = principal_fault(kind, value)
        if fault_text:
            raise MalformedPolicyDocument(fault_text)
    if ("Federated", _COGNITO) in entries and statement.effect == "Allow" and not _asks_for_pool(statement):
        raise MalformedPolicyDocument("A condition block must be present for the Cognito provider")
    _check_tenancy(statement, entries, CLAIMS)


def check_tenancy(text: str, claims: Mapping[str, str]) -> None:
    """Refuse a trust policy that lets all customers of an issuer in; ``claims`` as ``tenancy.CLAIMS``.

    Raises:
        MalformedPolicyDocument: it does, or is no policy.
    """
    for index, value in enumerate(read_resource_document(text).statements):
        statement = read_resource_statement(value, index)
        _check_tenancy(statement, read_entries(statement.members["Principal"]), claims)


def _check_tenancy(statement: RawStatement, entries: Entries, claims: Mapping[str, str]) -> None:
    lacking = tenancy_fault(entries, statement.conditions, claims) if statement.effect == "Allow" else None
    if lacking:
        raise MalformedPolicyDocument(lacking)


def _asks_for_pool(statement: RawStatement) -> bool:
    return any(key.lower() == f"{_COGNITO}:aud" for _, key, _ in statement.conditions)


def _check_actions(statement: RawStatement) -> None:
    patterns = statement.actions or statement.not_actions
    if not patterns:
        raise MalformedPolicyDocument("Missing required field Action")
    for pattern in patterns:
        if not is_assume_action(pattern):
            raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")


def is_assume_action(pattern: str) -> bool:
    """Whether ``pattern`` names one of STS's actions that open a session, and no other service."""
    element = ActionElement((pattern,), negated=False)
    return pattern.lower().startswith("sts:") and any(map(element.listed, ASSUME_ACTIONS))
