"""Policies of an entity that a simulation leaves out (IAM API reference, PolicyIdentifier)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from daypass.entities import Group, Role, User
from daypass.errors import InvalidInput
from daypass.policy import Attached, PolicySet

_KINDS = ("PolicyType", "PolicyArn", "InlinePolicyIdentifier")


def without_excluded(
    policies: PolicySet, source: User | Group | Role, identifiers: Iterable[Mapping[str, Any]]
) -> PolicySet:
    """The policies of ``source`` but those that an identifier names: by type, by ARN, or inline by name and owner.

    Raises:
        InvalidInput: an identifier says nothing, or two things.
    """
    given = list(identifiers)
    for identifier in given:
        if sum(kind in identifier for kind in _KINDS) != 1:
            raise InvalidInput(f"A policy identifier must have exactly one of {', '.join(_KINDS)}.")
    types = {identifier.get("PolicyType") for identifier in given}
    boundary = policies.boundary
    if boundary is not None and ("permission-boundary" in types or _is_named(boundary, given)):
        boundary = None
    return PolicySet(
        tuple(one for one in policies.identity if not _is_out(one, source, types, given)),
        boundary,
        scps=() if "scp" in types else policies.scps,
        rcps=() if "rcp" in types else policies.rcps,
    )


def _is_out(
    attached: Attached, source: User | Group | Role, types: set[str | None], given: list[Mapping[str, Any]]
) -> bool:
    if attached.arn is None:
        owner = ("group", attached.group) if attached.group else (source.kind, source.name)
        return "inline" in types or any(
            _inline(identifier) == (attached.name, *owner)
            for identifier in given
            if "InlinePolicyIdentifier" in identifier
        )
    return ("aws-managed" if ":iam::aws:" in attached.arn else "user-managed") in types or _is_named(attached, given)


def _is_named(attached: Attached, given: list[Mapping[str, Any]]) -> bool:
    return any(identifier.get("PolicyArn") == attached.arn for identifier in given if "PolicyArn" in identifier)


def _inline(identifier: Mapping[str, Any]) -> tuple[str, str, str]:
    inline = identifier["InlinePolicyIdentifier"]
    return inline["PolicyName"], inline["AttachmentType"], inline["AttachmentName"]
