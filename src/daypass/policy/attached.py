"""Where policies hang, and all the policies that bear on one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from daypass.policy.document import Policy
from daypass.policy.principal import Bindings

Layer = Literal["identity", "boundary", "session", "resource", "trust", "scp", "rcp", "endpoint", "root"]
ResourceKind = Literal["trust", "resource", "key"]
"""What a resource's own policy is. Nobody reaches a role or a key whose own policy (``trust``, ``key``) says nothing of
him, whatever else he may do; for other resources it is one way of several."""
RESOURCE_LAYERS: Mapping[ResourceKind, Layer] = {"trust": "trust", "resource": "resource", "key": "resource"}
"""What a resource's own policy is called in decisions."""


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
        group: the name of the group through which a user has it; None: it is the user's or role's own.
    """

    __slots__ = ("arn", "arns_by_id", "bindings", "group", "name", "policy")

    def __init__(
        self,
        policy: Policy,
        name: str,
        arn: str | None = None,
        bindings: Bindings | None = None,
        group: str | None = None,
    ) -> None:
        self.policy = policy
        self.name = name
        self.arn = arn
        self.bindings = bindings
        self.group = group
        self.arns_by_id: dict[str, list[str]] | None = None
        if bindings is not None:
            self.arns_by_id = {}
            for bound, unique_id in bindings.items():
                if not _names_session(bound):  # naming one session does not name its role
                    self.arns_by_id.setdefault(unique_id, []).append(bound)

    def __repr__(self) -> str:
        return f"<Attached {self.arn or self.name}>"

    def is_bound(self, session_arn: str, unique_id: str) -> bool:
        """Whether a session ARN in the policy means a session of the entity ``unique_id``: bound to it, or unbound."""
        return self.bindings is None or self.bindings.get(session_arn, unique_id) == unique_id


def _names_session(arn: str) -> bool:
    return arn.split(":", 3)[2:3] == ["sts"]


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

    def replaced(self, **members: Any) -> PolicySet:
        """The same policies with some members other ones."""
        return PolicySet(**{name: getattr(self, name) for name in PolicySet.__slots__} | members)

    @property
    def is_constant(self) -> bool:
        """Whether all of them are; see ``Policy``."""
        alone = [one for one in (self.boundary, self.resource, self.endpoint) if one is not None]
        levels = (self.identity, self.session or (), *self.scps, *self.rcps, alone)
        return all(attached.policy.is_constant for level in levels for attached in level)
