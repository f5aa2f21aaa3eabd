"""Checks at write time: one validator a kind, each with the messages that AWS uses for that kind.

A validator looks at a document in AWS's order and raises for the first fault; what it lets through is compiled under
the same rules as a stored document, so nothing can be saved that could not be read back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daypass.errors import Malformed, MalformedPolicyDocument
from daypass.policy.document import Kind, Policy
from daypass.policy.parse.compile import compile_policy
from daypass.policy.parse.identity import check_identity
from daypass.policy.parse.organization import check_rcp, check_scp
from daypass.policy.parse.resource import check_resource_policy
from daypass.policy.parse.shape import RawDocument, RawStatement
from daypass.policy.parse.trust import check_trust

Checked = tuple[RawDocument, Sequence[RawStatement]]

_VALIDATORS: dict[Kind, Callable[[str], Checked]] = {
    Kind.IDENTITY_MANAGED: lambda text: check_identity(text, needs_version=True),
    Kind.IDENTITY_INLINE: check_identity,
    Kind.SESSION: lambda text: check_identity(text, not_json="This policy contains invalid Json"),
    Kind.TRUST: check_trust,
    Kind.RESOURCE: check_resource_policy,
    Kind.ENDPOINT: check_resource_policy,
    Kind.SCP: check_scp,
    Kind.RCP: check_rcp,
}
assert set(_VALIDATORS) == set(Kind)


def check_document(text: str, kind: Kind) -> Policy:
    """Validate a document that is about to be saved or passed with a session, and compile it.

    Quotas (``policy_size``) and the existence of principals (``Policy.principals``) are checked by the services; the
    form of principals is checked here.

    Raises:
        MalformedPolicyDocument: with AWS's message for this kind of policy; ``detail`` says what and where.
    """
    document, statements = _VALIDATORS[kind](text)
    try:
        return compile_policy(text, document, statements, kind)
    except Malformed as fault:
        raise MalformedPolicyDocument("Syntax errors in policy.", detail=str(fault)) from None
