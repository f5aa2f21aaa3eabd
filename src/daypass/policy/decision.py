"""What was decided, by which layer, policy and statement, and AWS's words for it.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from typing import Literal

from daypass.policy.attached import Attached, Layer, PolicySet
from daypass.policy.context import RequestContext
from daypass.policy.document import Statement

Effect = Literal["allowed", "explicitDeny", "implicitDeny"]


class Decision:
    """The answer of ``evaluate``.

    ``effect`` is ``allowed``, ``explicitDeny`` or ``implicitDeny``. ``layer``, ``policy`` and ``statement`` say what
    settled it: the statement that allowed or denied; for an implicit deny the layer that lacks an Allow, with
    ``policy`` and ``statement`` None (also when ``root`` allowed).
    """

    __slots__ = ("context", "effect", "layer", "policies", "policy", "statement")

    def __init__(
        self,
        context: RequestContext,
        policies: PolicySet,
        effect: Effect,
        layer: Layer,
        policy: Attached | None = None,
        statement: Statement | None = None,
    ) -> None:
        self.context = context
        self.policies = policies
        self.effect = effect
        self.layer = layer
        self.policy = policy
        self.statement = statement

    def __repr__(self) -> str:
        return f"<Decision {self.effect} by {self.layer}: {self.context.action} on {self.context.resource}>"

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.effect == "allowed"

    def reason(self) -> str:
        """The clause that ends AWS's AccessDenied message; empty when allowed.

        Whether a caller may read it (not across accounts, not for AssumeRole) is decided where messages are made.
        """
        if self.effect == "allowed":
            return ""
        if self.effect == "implicitDeny":
            return f"because no {_NAMES[self.layer]} allows the {self.context.action} action"
        arn = self.policy.arn if self.policy is not None and self.layer in _SHOWS_ARN else None
        return f"with an explicit deny in {_ARTICLES[self.layer]} {_NAMES[self.layer]}" + (f": {arn}" if arn else "")

    def explain(self) -> str:
        """The decision for a reader at a terminal: what settled it, what came near, what change would flip it."""
        from daypass.policy.explain import render  # noqa: PLC0415 - nothing of it is needed to decide

        return render(self)

    def to_dict(self) -> dict[str, object]:
        """The same as ``explain`` for machines: plain JSON values."""
        from daypass.policy.explain import report  # noqa: PLC0415 - nothing of it is needed to decide

        return report(self)

    def to_record(self) -> dict[str, object]:
        """What of it belongs into the audit record of the caller's account: nothing of another account's policies."""
        from daypass.policy.explain import record  # noqa: PLC0415 - nothing of it is needed to decide

        return record(self)


_NAMES: dict[Layer, str] = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "resource": "resource-based policy",
    "trust": "role trust policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "endpoint": "VPC endpoint policy",
}
_ARTICLES: dict[Layer, str] = {layer: "an" if name[0] in "aeio" else "a" for layer, name in _NAMES.items()}
_ARTICLES["trust"] = "the"
_SHOWS_ARN: frozenset[Layer] = frozenset({"scp", "rcp", "identity", "boundary", "session"})
