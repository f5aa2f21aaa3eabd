"""Identity-based policies: managed, inline, boundaries; session policies have the same grammar.

The checks run in the order in which CreatePolicy was seen to answer; the first fault decides the message.

Source: responses of IAM CreatePolicy; IAM User Guide, "IAM JSON policy element reference".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy.conditions import USES
from daypass.policy.conditions.values import read_instant
from daypass.policy.parse.resource_entry import resource_fault
from daypass.policy.parse.shape import VERSIONS, RawDocument, RawStatement, read_document, read_statement
from daypass.policy.parse.text import read_json

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
_VENDOR = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")
_SID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def check_identity(
    text: str, *, needs_version: bool = False, not_json: str = SYNTAX
) -> tuple[RawDocument, list[RawStatement]]:
    """The parts of an identity-based policy. ``needs_version``: managed policies must be of 2012-10-17.

    Raises:
        MalformedPolicyDocument: AWS's message for the first fault.
    """
    document, statements = _read(text, not_json)
    if needs_version and document.version != VERSIONS[0]:
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    _check_legacy(statements)
    _check_sids(statements)
    if not all(statement.actions or statement.not_actions for statement in statements):
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    _check_resource_forms(statements)
    for action in _all(statements, "actions", "not_actions"):
        _check_action(action)
    if not all(statement.resources or statement.not_resources for statement in statements):
        raise MalformedPolicyDocument("Policy statement must contain resources.")
    if any("Principal" in s.members or "NotPrincipal" in s.members for s in statements):
        raise MalformedPolicyDocument("Policy document should not specify a principal.")
    return document, statements


def _read(text: str, not_json: str) -> tuple[RawDocument, list[RawStatement]]:
    try:
        value = read_json(text)
    except Malformed as fault:
        raise MalformedPolicyDocument(not_json, detail=str(fault)) from None
    try:
        document = read_document(value)
        statements = [read_statement(entry, index) for index, entry in enumerate(document.statements)]
        _check_basics(document, statements)
    except Malformed as fault:
        raise MalformedPolicyDocument(SYNTAX, detail=str(fault)) from None
    return document, statements


def _check_basics(document: RawDocument, statements: Sequence[RawStatement]) -> None:
    if document.version is not None and document.version not in VERSIONS:
        raise Malformed("`Version` is neither 2012-10-17 nor 2008-10-17")
    if not statements:
        raise Malformed("the policy has no statement")
    for statement in statements:
        if (statement.effect or "").lower() not in {"allow", "deny"}:
            raise Malformed(f"the effect of statement {statement.index + 1} is neither Allow nor Deny")


def _check_legacy(statements: Iterable[RawStatement]) -> None:
    for statement in statements:
        if statement.effect not in {"Allow", "Deny"}:
            raise MalformedPolicyDocument(LEGACY, detail=f"the effect is spelled `{statement.effect}`")
        for operator, _, values in statement.conditions:
            if not USES[operator].operator.name.startswith("Date"):
                continue
            for value in values:
                if read_instant(value) is None:
                    raise MalformedPolicyDocument(LEGACY, detail=f"`{value}` is not a date")
        for entry in (*(statement.resources or ()), *(statement.not_resources or ())):
            if _is_legacy_fault(entry):
                raise MalformedPolicyDocument(LEGACY, detail=f"`{entry}` is not an ARN")


def _is_legacy_fault(entry: str) -> bool:
    """Too few colons with an empty field among them, or no service."""
    fields = entry.split(":", 5)
    return (len(fields) < 6 and "::" in entry) or (len(fields) == 6 and fields[0] == "arn" and not fields[2])


def _check_sids(statements: Iterable[RawStatement]) -> None:
    sids = [statement.sid for statement in statements if statement.sid]
    for sid in sids:
        if not _SID.issuperset(sid):
            raise MalformedPolicyDocument(
                "Statement IDs (SID) must be alpha-numeric. "
                "Check that your input satisfies the regular expression [0-9A-Za-z]*"
            )
    if len(set(sids)) != len(sids):
        raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")


def _check_resource_forms(statements: Iterable[RawStatement]) -> None:
    """Of several bad resources AWS names the last in lexical order."""
    for entry in sorted(_all(statements, "resources", "not_resources"), reverse=True):
        fault = resource_fault(entry)
        if fault:
            raise MalformedPolicyDocument(fault)


def _check_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon:
        raise MalformedPolicyDocument("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        raise MalformedPolicyDocument("Actions/Condition can contain only one colon.")
    if vendor != "*" and not (vendor and _VENDOR.issuperset(vendor)):
        raise MalformedPolicyDocument(f"Vendor {vendor} is not valid")


def _all(statements: Iterable[RawStatement], element: str, opposite: str) -> Iterator[str]:
    for statement in statements:
        yield from getattr(statement, element) or ()
        yield from getattr(statement, opposite) or ()
