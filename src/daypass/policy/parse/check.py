"""Write-time checks."""

from __future__ import annotations

from daypass.policy.document import Kind, Policy


def check_document(text: str, kind: Kind) -> Policy:
    """Validate a document that is about to be saved or passed with a session, and compile it.

    Quotas (``policy_size``) and the existence of principals (``Policy.principals``) are checked by the services; the
    form of principals is checked here.

    Raises:
        MalformedPolicyDocument: with AWS's message for this kind of policy; ``detail`` says what and where.
    """
    raise NotImplementedError
