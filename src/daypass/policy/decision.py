"""What was decided, by which layer, policy and statement, and AWS's words for it.

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from typing import Literal

from daypass.policy.context import RequestContext
from daypass.policy.document import Policy, Statement
from daypass.policy.principal import Bindings

Effect = Literal["allowed", "explicitDeny", "implicitDeny"]
Layer = Literal["identity", "boundary", "session", "resource", "trust", "scp", "rcp", "endpoint", "root"]
ResourceKind = Literal["trust", "resource", "key"]
"""What a resource's own policy is. Nobody reaches a role or a key whose own policy (``trust``, ``key``) says nothing
of him, whatever else he may do; for other resources it is one way of several."""


class Attached:
    """A policy where it hangs.

    Args:
        policy: the compiled policy.
        name: how people know it (policy name, role name of a trust policy).
        arn: its ARN, None for inline, session and trust policies.
        bindings: for trust and other resource-based policies: from the user and role ARNs in it, as written, to the
            unique ids they stood for when it was saved. With bindings, an ARN that is missing from them matches
            nobody, and a bound one only the entity with that id, whatever its ARN is now. A session ARN may be bound
            to its role's id. None: ARNs compare as text, for policies that keep no ids.
    """

    __slots__ = ("arn", "arns_by_id", "bindings", "name", "policy")

    def __init__(self, policy: Policy, name: str, arn: str | None = None, bindings: Bindings | None = None) -> None:
        self.policy = policy
        self.name = name
        self.arn = arn
        self.bindings = bindings
        self.arns_by_id: dict[str, list[str]] | None = None
        if bindings is not None:
            self.arns_by_id = {}
            for bound, unique_id in bindings.items():
                self.arns_by_id.setdefault(unique_id, []).append(bound)

    def __repr__(self) -> str:
        return f"<Attached {self.arn or self.name}>"

    def is_bound(self, session_arn: str, unique_id: str) -> bool:
        """Whether a session ARN of the policy means a session of the entity with ``unique_id``: bound so, or not at all."""
        return self.bindings is None or self.bindings.get(session_arn, unique_id) == unique_id


class PolicySet:
    """All policies that bear on one request.

    Args:
        identity: the identity-based policies of the user (his groups' too) or role behind the caller.
        boundary: its permissions boundary, None when it has none.
        session: the session's policies; None: it has none; an empty tuple: it has some and they allow nothing. A
            federated user without session policies has nothing either way.
        resource: the resource's own policy: a role's trust policy, a key policy, a bucket policy.
        resource_kind: which of these; see ``ResourceKind``.
        scps: one tuple of policies a level of the organization, from the root to the caller's account; empty: the
            caller's account is in no organization, or exempt.
        rcps: the same for the resource's account.
        endpoint: the policy of the VPC endpoint that the request came through.
        root: the caller is the root user of its account (or whoever operates it): no identity-based Allow needed.
            A session of AssumeRoot carries its task policy, which only denies, in ``identity``.
    """

    __slots__ = (
        "boundary",
        "endpoint",
        "identity",
        "rcps",
        "resource",
        "resource_kind",
        "root",
        "scps",
        "session",
    )

    def __init__(
        self,
        identity: tuple[Attached, ...] = (),
        boundary: Attached | None = None,
        session: tuple[Attached, ...] | None = None,
        resource: Attached | None = None,
        resource_kind: ResourceKind = "resource",
        scps: tuple[tuple[Attached, ...], ...] = (),
        rcps: tuple[tuple[Attached, ...], ...] = (),
        endpoint: Attached | None = None,
        *,
        root: bool = False,
    ) -> None:
        self.identity = identity
        self.boundary = boundary
        self.session = session
        self.resource = resource
        self.resource_kind = resource_kind
        self.scps = scps
        self.rcps = rcps
        self.endpoint = endpoint
        self.root = root

    @property
    def resource_layer(self) -> Layer:
        """What the resource's own policy is called in decisions."""
        return "trust" if self.resource_kind == "trust" else "resource"


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
        """The decision for a reader at a terminal: what settled it, what came near, the smallest change that flips it."""
        from daypass.policy.explain import render  # noqa: PLC0415 - nothing of it is needed to decide

        return render(self)

    def to_dict(self) -> dict[str, object]:
        """The same as ``explain`` for machines: plain JSON values."""
        from daypass.policy.explain import report  # noqa: PLC0415 - nothing of it is needed to decide

        return report(self)


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
