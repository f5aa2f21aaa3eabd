"""Policies of resources other than roles, and endpoint policies: principals required, Resource optional.

AWS words these differently from service to service; where IAM has a text for the same fault it is used.
"""

from __future__ import annotations

from typing import Any

from daypass.errors import MalformedPolicyDocument
from daypass.policy.parse.principal_entry import principal_fault
from daypass.policy.parse.shape import RawDocument, RawStatement
from daypass.policy.parse.trust import (
    SYNTAX,
    check_effect,
    read_entries,
    read_resource_document,
    read_resource_statement,
)


def check_resource_policy(text: str) -> tuple[RawDocument, list[RawStatement]]:
    """The parts of a resource's policy.

    Raises:
        MalformedPolicyDocument: for the first fault.
    """
    document = read_resource_document(text)
    statements = []
    for index, value in enumerate(document.statements):
        if not isinstance(value, dict):
            raise MalformedPolicyDocument(SYNTAX, detail="a statement is not a JSON object")
        check_effect(value)
        _check_principal(value)
        statement = read_resource_statement(value, index)
        if not (statement.actions or statement.not_actions):
            raise MalformedPolicyDocument("Missing required field Action")
        statements.append(statement)
    return document, statements


def _check_principal(members: dict[str, Any]) -> None:
    element = "NotPrincipal" if "NotPrincipal" in members else "Principal"
    if element not in members:
        raise MalformedPolicyDocument("Missing required field Principal")
    if element == "NotPrincipal" and members["Effect"] == "Allow":
        raise MalformedPolicyDocument("Allow with NotPrincipal is not allowed.")
    for kind, value in read_entries(members[element]):
        fault_text = principal_fault(kind, value) if kind in {"AWS", "Service", "Federated"} else None
        if fault_text:
            raise MalformedPolicyDocument(fault_text)
