"""Rules on resource control policies, and on the sizes of all kinds.

Source: AWS Organizations User Guide, "RCP syntax", "Quotas"; IAM User Guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from collections.abc import Iterator

from daypass.policy.document import Kind
from daypass.policy.lint.document import Document, StatementView, is_text
from daypass.policy.lint.finding import Finding
from daypass.policy.lint.report import found
from daypass.policy.parse.organization import RCP_SERVICES
from daypass.policy.parse.text import policy_size

_MANAGED = 6_144
_INLINE = 10_240
_TRUST = 2_048
_QUOTAS = {
    Kind.IDENTITY_MANAGED: (_MANAGED, "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"),
    Kind.IDENTITY_INLINE: (_INLINE, "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"),
    Kind.TRUST: (_TRUST, "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA"),
    Kind.SCP: (10_240, "POLICY_SIZE_EXCEEDS_SCP_QUOTA"),
    Kind.RCP: (5_120, "POLICY_SIZE_EXCEEDS_RCP_QUOTA"),
}


def sizes(document: Document) -> Iterator[Finding]:
    """The quota of the kind. Organizations counts white space too."""
    if document.kind not in _QUOTAS:
        return
    quota, code = _QUOTAS[document.kind]
    counts_all = document.kind in {Kind.SCP, Kind.RCP}
    size = len(document.text) if counts_all else policy_size(document.text)
    if size > quota:
        yield found(code, document.root.location, size=f"{size:,}", quota=f"{quota:,}")


def rcps(document: Document) -> Iterator[Finding]:
    """What only resource control policies must and must not say."""
    if document.kind is not Kind.RCP:
        return
    for statement in document.statements:
        principal = statement.place.member("Principal")
        if principal is None or not is_text(principal.node) or principal.node.value != "*":
            yield found("RCP_SYNTAX_ERROR_PRINCIPAL", statement.where("Principal", "NotPrincipal"))
        if statement.has("NotAction"):
            yield found("RCP_SYNTAX_ERROR_NOTACTION", statement.place.key("NotAction"))
        if statement.allows and not _is_full_access(statement):
            yield found("RCP_SYNTAX_ERROR_ALLOW", statement.at)
        if statement.denies:
            for entry in statement.texts("Action"):
                if entry.text.partition(":")[0].lower() not in RCP_SERVICES:
                    yield found("RCP_SYNTAX_ERROR_ACTION", entry.location)


def _is_full_access(statement: StatementView) -> bool:
    everything = [[entry.text for entry in statement.texts(element)] == ["*"] for element in ("Action", "Resource")]
    return all(everything) and not statement.has("Condition")
