"""Principal and NotPrincipal: whom a statement in a trust or other resource-based policy speaks of.

The grade of a match says what the grant is worth in the resource's own account (evaluation logic, "Resource-based
policies"): naming the account only delegates to the account's own policies; naming a role, or the user behind a
federated session, needs no identity-based Allow; naming the very principal needs nothing else.

Source: AWS JSON policy elements: Principal, NotPrincipal.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

from daypass.policy.context import Requester
from daypass.principals import Anonymous, AwsService, FederatedIdentity, FederatedUser, RoleSession, User

if TYPE_CHECKING:
    from daypass.policy.attached import Attached

EVERYONE = "*"


class Grade(IntEnum):
    """How directly a statement names who asks; the greater survives more implicit denies elsewhere."""

    NONE = 0
    ACCOUNT = 1
    ENTITY = 2
    DIRECT = 3


# Looking a member up on its class costs as much as the comparison it is for.
_NONE, _ACCOUNT, _ENTITY, _DIRECT = Grade


class Names:
    """The names one principal answers to, empty where it has none.

    ``entity_id`` and ``entity_arn`` are the IAM user or role behind it, ``entity_grade`` what naming that one is worth;
    ``session_arn`` is the session itself.
    """

    __slots__ = (
        "account",
        "entity_arn",
        "entity_grade",
        "entity_id",
        "provider",
        "root_arn",
        "service",
        "session_arn",
    )

    def __init__(
        self,
        entity_id: str = "",
        entity_arn: str = "",
        entity_grade: Grade = Grade.NONE,
        session_arn: str = "",
        account: str = "",
        root_arn: str = "",
        service: str = "",
        provider: str = "",
    ) -> None:
        self.entity_id = entity_id
        self.entity_arn = entity_arn
        self.entity_grade = entity_grade
        self.session_arn = session_arn
        self.account = account
        self.root_arn = root_arn
        self.service = service
        self.provider = provider


def names_of(principal: Requester) -> Names:
    """By what names policies may speak of ``principal``."""
    if isinstance(principal, RoleSession):
        account, arn = principal.account, principal.principal_arn
        return Names(principal.role_id, arn, _ENTITY, principal.arn, account, _root(principal))
    if isinstance(principal, User):
        return Names(principal.id, principal.arn, _DIRECT, "", principal.account, _root(principal))
    if isinstance(principal, FederatedUser):
        user, account, root = principal.user, principal.account, _root(principal)
        if user is None:
            return Names(session_arn=principal.arn, account=account, root_arn=root)
        return Names(user.id, user.arn, _ENTITY, principal.arn, account, root)
    if isinstance(principal, AwsService):
        return Names(service=principal.name)
    if isinstance(principal, FederatedIdentity):
        return Names(provider=principal.provider)
    if isinstance(principal, Anonymous):
        return Names()
    return Names(account=principal.account, root_arn=_root(principal))


def _root(principal: Requester) -> str:
    return f"arn:{principal.partition}:iam::{principal.account}:root"


class PrincipalElement:
    """The principals a statement lists; ``negated``: all but those.

    ``entries`` are (type, value) pairs as written: ``("AWS", "arn:aws:iam::111122223333:root")``.
    """

    __slots__ = ("aws", "entries", "everyone", "federated", "negated", "services")

    def __init__(self, entries: tuple[tuple[str, str], ...], *, negated: bool) -> None:
        self.entries = entries
        self.negated = negated
        self.aws = frozenset(value for kind, value in entries if kind in {"AWS", EVERYONE})
        self.services = frozenset(value for kind, value in entries if kind == "Service")
        self.federated = frozenset(value for kind, value in entries if kind == "Federated")
        self.everyone = EVERYONE in self.aws

    def grade(self, names: Names, attached: Attached) -> Grade:
        """What an Allow of this statement is worth to a principal; NONE: it does not speak of it.

        Allow with NotPrincipal would grant to strangers by forgetting them: it grants nothing.
        """
        if self.negated:
            return _NONE
        return self._listed(names, attached)

    def is_denied(self, names: Names, attached: Attached, *, bounded: bool) -> bool:
        """Whether a Deny of this statement speaks of a principal. ``bounded``: it has a permissions boundary."""
        if not self.negated:
            return self.everyone or self._listed(names, attached) is not _NONE
        # With NotPrincipal only those are spared of whom all that they are is listed; a boundary spoils even that.
        return bounded or not self._spared(names, attached)

    def _listed(self, names: Names, attached: Attached) -> Grade:
        if names.provider:  # `*` means those who sign; whom a provider vouches for must be expected by that provider
            return _DIRECT if names.provider in self.federated else _NONE
        if self.everyone or (names.service and names.service in self.services):
            return _DIRECT
        if names.session_arn and self._names_session(names, attached):
            return _DIRECT
        if names.entity_id and self._names_entity(names, attached):
            return names.entity_grade
        if names.account and self._names_account(names):
            return _ACCOUNT
        return _NONE

    def _names_account(self, names: Names) -> bool:
        return names.account in self.aws or names.root_arn in self.aws

    def _names_session(self, names: Names, attached: Attached) -> bool:
        return names.session_arn in self.aws and attached.is_bound(names.session_arn, names.entity_id)

    # INVARIANT: 2. A principal that was deleted and made anew under its old name is another one.
    # tests/policy/test_principal.py::test_a_recreated_role_of_the_same_name_does_not_match.
    def _names_entity(self, names: Names, attached: Attached) -> bool:
        """By unique id where the policy's ARNs are bound to ids, else by text."""
        if names.entity_id in self.aws:
            return True
        if attached.arns_by_id is None:
            return names.entity_arn in self.aws
        return any(arn in self.aws for arn in attached.arns_by_id.get(names.entity_id, ()))

    def _spared(self, names: Names, attached: Attached) -> bool:
        if names.provider:
            return self.everyone or names.provider in self.federated
        if self.everyone or names.service:
            return self.everyone or names.service in self.services
        if not names.account or not self._names_account(names):
            return False
        if names.session_arn and not self._names_session(names, attached):
            return False
        return not names.entity_id or self._names_entity(names, attached)


Bindings = Mapping[str, str]
"""From user and role ARNs, as written in a policy, to the unique ids they stood for when it was saved."""
