"""A second evaluator of IAM policies: plain, slow, written from AWS's documentation alone, over plain JSON.

It shares no code with ``daypass.policy`` and is there to disagree with it. ``decide(policies, request)`` answers
(effect, layer).

    policies = {
        "identity": [document, …], "boundary": document | None, "session": [document, …] | None,
        "resource": document | None, "resource kind": "resource" | "trust" | "key", "bindings": {arn: id} | None,
        "scps": [[document, …], …], "rcps": [[document, …], …], "endpoint": document | None, "root": bool,
    }
    request = {"action": …, "resource": …, "owner": account, "caller": {"type": …, …}, "keys": {name: text or list}}

Source: IAM User Guide, "Policy evaluation logic"; where AWS says nothing: docs/differences.md.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.statements import Request, applies, is_denied_by_not_principal, many, standings

Document = dict[str, Any]
Policies = dict[str, Any]
Memory = dict[Any, Any]
ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"
WITHOUT_IDENTITY = ("anonymous", "service", "provider")
"""Callers that belong to no account: only what the resource's own policy says counts for them."""


def decide(policies: Policies, request: Request, memory: Memory | None = None) -> tuple[str, str]:
    """Effect and layer. ``memory`` keeps what each document says of each request, for who asks often."""
    said = Sayings(policies, request, {} if memory is None else memory)
    resource_layer = "trust" if policies.get("resource kind") == "trust" else "resource"
    denied = _first_deny(said, resource_layer)
    if denied:
        return EXPLICIT, denied
    guard = _first_silent_guard(said)
    if guard:
        return IMPLICIT, guard
    return _granted(said, resource_layer)


class Sayings:
    """What each policy says of the request: ``deny``, ``allow`` or None; policies that name principals: how."""

    def __init__(self, policies: Policies, request: Request, memory: Memory) -> None:
        self.policies, self.request, self.memory = policies, request, memory
        self.has_boundary = policies.get("boundary") is not None
        self.same_account = request["caller"]["account"] == request["owner"]

    def of(self, document: Document, kind: str) -> str | None:
        """Of a policy that names nobody."""
        place = (id(document), id(self.request), kind)
        if place not in self.memory:
            effects = {
                statement["Effect"]
                for statement in many(document["Statement"])
                if applies(statement, self.request, kind, document.get("Version", "2008-10-17"))
            }
            self.memory[place] = "deny" if "Deny" in effects else "allow" if effects else None
        return self.memory[place]

    def of_any(self, documents: list[Document], kind: str) -> str | None:
        """Of several policies together: one Deny is enough, and so is one Allow."""
        said = {self.of(document, kind) for document in documents}
        return "deny" if "deny" in said else "allow" if "allow" in said else None

    def of_principal_policy(self, document: Document | None, kind: str) -> tuple[bool, set[str]]:
        """Of a policy that names principals: whether it denies, and how its Allows speak of the caller."""
        if document is None:
            return False, set()
        bindings = self.policies.get("bindings") if kind != "endpoint" else None
        place = (id(document), id(self.request), kind, self.has_boundary, id(bindings))
        if place not in self.memory:
            self.memory[place] = self._of_principal_policy(document, kind, bindings)
        return self.memory[place]

    def _of_principal_policy(self, document: Document, kind: str, bindings: Any) -> tuple[bool, set[str]]:
        caller, denies, grants = self.request["caller"], False, set()
        for statement in many(document["Statement"]):
            if not applies(statement, self.request, kind, document.get("Version", "2008-10-17")):
                continue
            listed = standings(statement.get("Principal", statement.get("NotPrincipal", {})), caller, bindings)
            if "NotPrincipal" in statement:
                not_spared = is_denied_by_not_principal(listed, caller, has_boundary=self.has_boundary)
                denies |= statement["Effect"] == "Deny" and not_spared  # with Allow it grants nothing
            elif statement["Effect"] == "Deny":
                denies |= bool(listed)
            else:
                grants |= listed
        return denies, grants


def _first_deny(said: Sayings, resource_layer: str) -> str | None:
    """The first layer with a Deny, in the order in which one of several is named."""
    policies = said.policies
    denies = {
        "scp": any(said.of_any(level, "scp") == "deny" for level in policies.get("scps", [])),
        "rcp": any(said.of_any(level, "rcp") == "deny" for level in policies.get("rcps", [])),
        resource_layer: said.of_principal_policy(policies.get("resource"), resource_layer)[0],
        "identity": said.of_any(policies.get("identity", []), "identity") == "deny",
        "boundary": said.has_boundary and said.of(policies["boundary"], "boundary") == "deny",
        "session": said.of_any(policies.get("session") or [], "session") == "deny",
        "endpoint": said.of_principal_policy(policies.get("endpoint"), "endpoint")[0],
    }
    return next((layer for layer, denied in denies.items() if denied), None)


def _first_silent_guard(said: Sayings) -> str | None:
    """The first of those that every request must pass, whoever asks, that does not let it pass."""
    policies = said.policies
    for layer, levels in (("rcp", "rcps"), ("scp", "scps")):
        if any(said.of_any(level, layer) is None for level in policies.get(levels, [])):
            return layer
    endpoint = policies.get("endpoint")
    return "endpoint" if endpoint is not None and not said.of_principal_policy(endpoint, "endpoint")[1] else None


def _granted(said: Sayings, resource_layer: str) -> tuple[str, str]:
    """Effect and layer when nothing denies and no guard is in the way."""
    caller, policies = said.request["caller"], said.policies
    grants = said.of_principal_policy(policies.get("resource"), resource_layer)[1]
    direct, replaces_identity = _weight(grants, caller, policies.get("resource kind", "resource"))
    if caller["type"] in WITHOUT_IDENTITY:
        return (ALLOWED if direct else IMPLICIT), resource_layer
    if not said.same_account:
        return _own_side(said) if grants else (IMPLICIT, resource_layer)
    if direct:
        return ALLOWED, resource_layer
    if replaces_identity:
        return _cut(said, resource_layer)
    if policies.get("resource kind", "resource") != "resource" and not grants:
        return IMPLICIT, resource_layer
    return _own_side(said)


def _weight(grants: set[str], caller: Request, resource_kind: str) -> tuple[bool, bool]:
    """Whether the resource's grant is enough by itself, and whether it stands for an identity-based Allow."""
    if "self" in grants:
        return True, True
    everyone = "everyone" in grants
    if resource_kind != "resource":
        # Roles and keys that speak of everyone mean those that sign with an account's keys, and their cuts stay on.
        return False, "behind" in grants or everyone
    return everyone and caller["type"] != "provider", "behind" in grants


def _own_side(said: Sayings) -> tuple[str, str]:
    """What the caller's own account says: identity policies, then what cuts them."""
    if said.policies.get("root"):
        return _cut(said, "root")
    if said.of_any(said.policies.get("identity", []), "identity") == "allow":
        return _cut(said, "identity")
    return IMPLICIT, "identity"


def _cut(said: Sayings, layer: str) -> tuple[str, str]:
    """Allowed by ``layer``, unless the boundary or the session's policies do not allow it too."""
    boundary, session = said.policies.get("boundary"), said.policies.get("session")
    if boundary is not None and said.of(boundary, "boundary") != "allow":
        return IMPLICIT, "boundary"
    if session is None and said.request["caller"]["type"] != "federated":
        return ALLOWED, layer
    if said.of_any(session or [], "session") != "allow":
        return IMPLICIT, "session"
    return ALLOWED, layer
