"""One change to a request or to a policy, that can be told and tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from daypass.policy import edit
from daypass.policy.attached import Attached, Layer, PolicySet
from daypass.policy.context import KeyValue, RequestContext, Requester
from daypass.policy.document import Statement
from daypass.principals import Anonymous, AwsService, FederatedIdentity, RoleSession, User

ChangeKind = Literal["changeRequest", "changeStatement", "addAllow", "removeDeny"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change that takes an obstacle away.

    ``changeRequest``: the request brings ``key`` with ``value`` (None: without it). ``changeStatement``: statement
    ``index`` of ``policy`` becomes ``statement``. ``addAllow``: ``statement`` is added to ``policy``, or to a new one
    (None) in ``layer``. ``removeDeny``: statement ``index`` of ``policy`` goes, and with its last one the policy.
    """

    kind: ChangeKind
    says: str
    layer: Layer
    level: int = 0
    policy: Attached | None = None
    index: int | None = None
    statement: Mapping[str, Any] | None = None
    key: str = ""
    value: KeyValue | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        found: dict[str, object] = {"kind": self.kind, "says": self.says}
        if self.kind == "changeRequest":
            value = list(self.value) if isinstance(self.value, tuple) else self.value
            return found | {"context": {self.key: value}}
        return found | {
            "layer": self.layer,
            "level": self.level,
            "policy": policy_facts(self.policy),
            "index": self.index,
            "statement": dict(self.statement) if self.statement is not None else None,
        }

    def apply(self, context: RequestContext, policies: PolicySet) -> tuple[RequestContext, PolicySet]:
        """The request and its policies as they would be after the change.

        Raises:
            Malformed: the changed policy would be none.
        """
        if self.kind == "changeRequest":
            return with_key(context, self.key, self.value), policies
        old, new = self.policy, None
        if self.kind == "removeDeny" and old is not None and self.index is not None:
            new = edit.without_statement(old, self.index)
        elif self.kind == "changeStatement" and old is not None and self.index is not None and self.statement:
            new = edit.with_other_statement(old, self.index, self.statement)
        elif self.statement is not None:
            new = (
                edit.new_policy(self.layer, self.statement) if old is None else edit.with_statement(old, self.statement)
            )
        if new is not None and isinstance(context.principal, User | RoleSession):
            new = edit.bound(new, context.principal.principal_arn, _id_of(context.principal))
        return context, edit.with_policy(policies, self.layer, self.level, old, new)


def with_key(context: RequestContext, key: str, value: KeyValue | None) -> RequestContext:
    """The same request with another value for one key; None: without it."""
    keys = {name: known for name, known in context.values.items() if known is not None}
    other = RequestContext(
        context.action, context.resource, context.principal, context.resource_account, keys, context.values.lazy
    )
    other.values[key.lower()] = value
    return other


def principal_entry(principal: Requester) -> tuple[str, str]:
    """How a policy names who asks: type and value; a role for its sessions."""
    if isinstance(principal, AwsService):
        return "Service", principal.name
    if isinstance(principal, FederatedIdentity):
        return "Federated", principal.provider
    if isinstance(principal, Anonymous):
        return "*", "*"
    return "AWS", principal.principal_arn


def _id_of(principal: User | RoleSession) -> str:
    return principal.id if isinstance(principal, User) else principal.role_id


def place(attached: Attached, statement: Statement) -> str:
    """Where a statement stands, in words."""
    sid = f" ({statement.sid})" if statement.sid else ""
    group = f" (group {attached.group})" if attached.group else ""
    return f"statement {statement.index + 1}{sid} of {attached.arn or attached.name}{group}"


def policy_facts(attached: Attached | None) -> dict[str, str | None] | None:
    """Which policy it is, as plain JSON; ``group`` only where a user has it through one."""
    if attached is None:
        return None
    group = {} if attached.group is None else {"group": attached.group}
    return {"name": attached.name, "arn": attached.arn, **group}


def literal(text: str, *, wildcards: bool = False) -> str:
    """``text`` for a policy, where ``${`` and, if ``wildcards``, ``*`` and ``?`` would mean something else."""
    text = text.replace("${", "${$}{")
    return "".join(f"${{{one}}}" if one in "*?" else one for one in text) if wildcards else text
