"""The facts of one request that policies may ask about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from daypass.principals import Requester as Requester  # noqa: PLC0414  the engine's word for who asks

KeyValue = str | tuple[str, ...]


class Values(dict[str, KeyValue | None]):
    """Context keys by lower-case name. A key that is not there yet is asked of ``lazy`` once and remembered."""

    __slots__ = ("lazy",)

    lazy: Callable[[str], KeyValue | None] | None

    def __missing__(self, key: str) -> KeyValue | None:
        value = self[key] = self.lazy(key) if self.lazy is not None else None
        return value


class RequestContext:
    """Who asks for which action on which resource, and the context keys. Treat as immutable.

    Args:
        action: ``service:Action``, as it shall appear in messages.
        resource: ARN of the resource, or ``*`` for actions that know no resources.
        principal: who asks.
        resource_account: the account that owns the resource; the principal's own for ``*``. Decides between the
            rules for same-account and cross-account access.
        keys: context keys by **lower-case** name (``aws:requesttag/team``); a tuple is a multivalued key. They win
            over ``lazy``.
        lazy: asked with the lower-case name for every other key that a condition or variable names; None: not
            present. Global keys cost nothing until a policy asks for them.
    """

    __slots__ = ("action", "folded", "principal", "resource", "resource_account", "values")

    def __init__(
        self,
        action: str,
        resource: str,
        principal: Requester,
        resource_account: str,
        keys: Mapping[str, KeyValue],
        lazy: Callable[[str], KeyValue | None] | None = None,
    ) -> None:
        self.action = action
        self.folded = action.lower()
        self.resource = resource
        self.principal = principal
        self.resource_account = resource_account
        self.values = values = Values(keys)
        values.lazy = lazy

    def single(self, key: str) -> str | None:
        """The value of single-valued ``key`` (lower-case), None when absent, empty or multivalued."""
        value = self.values[key]
        return value if isinstance(value, str) and value else None


Test = Callable[[RequestContext], bool]
"""A compiled condition or resource element."""
