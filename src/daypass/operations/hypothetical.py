"""The facts that follow from the caller, for hypothetical requests: in simulations and tests of policies."""

from __future__ import annotations

from collections.abc import Callable

from daypass.operations.facts import RequestFacts, Value
from daypass.organization import Membership
from daypass.policy.context import Requester
from daypass.principals import Caller, RoleSession, Tags

_FOLLOWS = ("aws:principal", "aws:username", "aws:userid")
"""How the keys begin that who asks decides. All others are facts of a request, which there is none."""


def known_of(principal: Requester, tags: Tags = (), membership: Membership | None = None) -> Callable[[str], Value]:
    """Finds the context keys that are the same in every request of ``principal``, by lower-case name.

    ``membership`` is the place of his account in an organization. Which session of a role asks is not known, so
    ``aws:userid`` of a role is not either.
    """
    facts = RequestFacts(Caller(principal, "", None, tags), 0, "", "", membership=membership)

    def find(key: str) -> Value:
        if not key.startswith(_FOLLOWS) or (key == "aws:userid" and isinstance(principal, RoleSession)):
            return None
        return facts.find(key)

    return find
