"""What is wrong, dangerous or superfluous in a policy document: the finding codes of Access Analyzer's ValidatePolicy.

    lint(text, Kind.TRUST)  →  (Finding, …)      in the order of the document

Other than ``check_document``, which answers as the API does and stops at the first fault, it looks at everything and
also at what works but is not meant. ``codes.CODES`` has every code. A rule is a function in one of these modules, and
all are listed in ``RULES``.

Source: IAM User Guide, "IAM policy validation check reference"; IAM Access Analyzer API reference, "ValidatePolicy".
"""

from __future__ import annotations

import json

from daypass.errors import Malformed
from daypass.policy.document import Kind
from daypass.policy.lint import (
    actions,
    conditions,
    grants,
    network,
    organization,
    principals,
    redundancy,
    resources,
    structure,
    trust,
    values,
    variables,
)
from daypass.policy.lint.codes import CODES, Code
from daypass.policy.lint.document import Document
from daypass.policy.lint.finding import Finding, FindingType, Location
from daypass.policy.lint.report import Rule, found
from daypass.policy.parse.positions import Position, Span, read_positions
from daypass.policy.parse.text import LARGEST

__all__ = ["CODES", "RULES", "Code", "Finding", "FindingType", "Location", "lint"]

RULES: tuple[Rule, ...] = (
    structure.the_whole,
    structure.the_statements,
    structure.elements,
    structure.effects,
    structure.sids,
    structure.lists_of_texts,
    structure.condition_blocks,
    organization.sizes,
    organization.rcps,
    principals.presence,
    principals.form,
    principals.names,
    principals.services,
    principals.redundant,
    trust.no_resource,
    trust.keys_need_actions,
    trust.roles_anywhere,
    trust.actions_fit_principals,
    trust.strangers,
    actions.existence,
    actions.for_trust_policies,
    actions.condition_keys,
    actions.redundant,
    resources.arns,
    resources.redundant,
    conditions.operators,
    conditions.duplicates,
    conditions.keys,
    conditions.qualifiers,
    conditions.empty_lists,
    conditions.pairs,
    conditions.always_or_never,
    conditions.irrelevant,
    conditions.particular_services,
    values.readable,
    values.dates,
    values.several_truths,
    values.types,
    values.wildcards,
    values.numbers,
    values.names,
    network.private,
    network.exact,
    variables.form,
    variables.version,
    variables.operators,
    variables.elements,
    grants.roles,
    grants.tags,
    redundancy.statements,
)
"""Every rule. Their order means nothing: findings are sorted by place."""

_SEVERITY = list(FindingType)


def lint(
    text: str, kind: Kind, *, own_services: frozenset[str] = frozenset(), for_aws: bool = False
) -> tuple[Finding, ...]:
    """Look a policy document over. What is no JSON, or too long or deep to be read, is one finding.

    Args:
        text: the document.
        kind: what it is to be.
        own_services: prefixes of services that AWS does not have and the policy may name, in lower case.
        for_aws: whether it is to work at AWS too, where requests come from public addresses only.

    Returns:
        The findings in the order of the document; at one place the worst first.
    """
    try:
        root = read_positions(text)
    except Malformed as fault:
        where = Location((), _fault_span(text))
        return (found("JSON_SYNTAX_ERROR", where, fault=str(fault).removeprefix("the policy is not JSON: ")),)
    document = Document(text, root, kind, own_services=own_services, for_aws=for_aws)
    return tuple(sorted((finding for rule in RULES for finding in rule(document)), key=_place))


def _place(finding: Finding) -> tuple[int, int, str]:
    first = finding.locations[0].span.start.offset
    return first, _SEVERITY.index(finding.type), finding.code


def _fault_span(text: str) -> Span:
    """The character at which a text stops being JSON; its beginning where no single character is to blame."""
    offset = 0
    try:
        if len(text) <= LARGEST:
            json.loads(text)
    except json.JSONDecodeError as fault:
        offset = fault.pos
    except (ValueError, RecursionError):
        pass  # a number of thousands of digits, or nested too deep: the whole text is to blame
    line_start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    line = len(text[:line_start].replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    place = Position(line, offset - line_start, offset)
    return Span(place, place)
