"""Policies of resources other than roles, and endpoint policies: principals required, Resource optional.

AWS words these differently from service to service; where IAM has a text for the same fault it is used.
"""

from __future__ import annotations

from typing import Any

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy.parse.principal_entry import principal_fault
from daypass.policy.parse.shape import read_principal, read_statement
from daypass.policy.parse.trust import SYNTAX, check_effect, read_statements


def check_resource_policy(text: str) -> None:
    """Refuse what cannot be the policy of a resource.

    Raises:
        MalformedPolicyDocument: for the first fault.
    """
    for index, value in enumerate(read_statements(text)):
        if not isinstance(value, dict):
            raise MalformedPolicyDocument(SYNTAX, detail="a statement is not a JSON object")
        check_effect(value)
        _check_principal(value)
        try:
            statement = read_statement(value, index)
        except Malformed as fault:
            raise MalformedPolicyDocument(SYNTAX, detail=str(fault)) from None
        if not (statement.actions or statement.not_actions):
            raise MalformedPolicyDocument("Missing required field Action")


def _check_principal(members: dict[str, Any]) -> None:
    element = "NotPrincipal" if "NotPrincipal" in members else "Principal"
    if element not in members:
        raise MalformedPolicyDocument("Missing required field Principal")
    if element == "NotPrincipal" and members["Effect"] == "Allow":
        raise MalformedPolicyDocument("Allow with NotPrincipal is not allowed.")
    try:
        entries = read_principal(members[element])
    except Malformed as fault:
        raise MalformedPolicyDocument(SYNTAX, detail=str(fault)) from None
    if not entries:
        raise MalformedPolicyDocument("Missing required field Principal cannot be empty!")
    for kind, value in entries:
        fault_text = principal_fault(kind, value) if kind in {"AWS", "Service", "Federated"} else None
        if fault_text:
            raise MalformedPolicyDocument(fault_text)
