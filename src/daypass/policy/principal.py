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
NO_GRADE, _ACCOUNT, ENTITY, DIRECT = Grade


_WITHOUT_ACCOUNT = (AwsService, FederatedIdentity, Anonymous)


class Names:
    """The names one principal answers to, empty where it has none.

    ``account`` is that of who signs, empty for all others. ``entity_id`` is the IAM user or role behind it,
    ``entity_grade`` what naming that one is worth; ``session_arn`` is the session itself. ``everyone_grade`` is what
    naming everyone is worth: a role or key that trusts everybody does not free anybody of his boundary and session
    policies, and does not mean those who sign with no account's keys. A guard (``guard``) that lets everyone through
    means them too. The ARNs that few policies need are made when one does.
    """

    __slots__ = ("_principal", "account", "entity_grade", "entity_id", "everyone_grade", "session_arn")

    def __init__(self, principal: Requester, everyone_grade: Grade = DIRECT, *, guard: bool = False) -> None:
        self._principal = principal
        self.everyone_grade = everyone_grade
        self.account = principal.account
        if isinstance(principal, User):
            self.entity_id, self.entity_grade, self.session_arn = principal.id, DIRECT, ""
        elif isinstance(principal, RoleSession):
            self.entity_id, self.entity_grade, self.session_arn = principal.role_id, ENTITY, principal.arn
        elif isinstance(principal, FederatedUser):
            user = principal.user
            self.entity_id, self.entity_grade, self.session_arn = user.id if user else "", ENTITY, principal.arn
        else:
            self.entity_id, self.entity_grade, self.session_arn = "", NO_GRADE, ""
            if isinstance(principal, _WITHOUT_ACCOUNT):
                self.account = ""
                if not guard and (everyone_grade is not DIRECT or isinstance(principal, FederatedIdentity)):
                    self.everyone_grade = NO_GRADE  # whom a provider vouches for, that provider must be expected

    @property
    def service(self) -> str:
        """The AWS service's name."""
        return self._principal.name if isinstance(self._principal, AwsService) else ""

    @property
    def provider(self) -> str:
        """Who vouches for a federated identity."""
        return self._principal.provider if isinstance(self._principal, FederatedIdentity) else ""

    @property
    def entity_arn(self) -> str:
        """The ARN of the IAM user or role behind it."""
        principal = self._principal
        if isinstance(principal, RoleSession):
            return principal.principal_arn
        if isinstance(principal, FederatedUser):
            return principal.user.arn if principal.user is not None else ""
        return principal.arn if isinstance(principal, User) else ""

    @property
    def root_arn(self) -> str:
        """The ARN that stands for its account."""
        return f"arn:{self._principal.partition}:iam::{self.account}:root" if self.account else ""


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
            return NO_GRADE
        if not names.account:
            return self._grade_of_stranger(names)
        if names.session_arn and self._names_session(names, attached):
            return DIRECT
        if names.entity_id and self._names_entity(names, attached):
            return names.everyone_grade if self.everyone and names.entity_grade is not DIRECT else names.entity_grade
        if self.everyone:
            return names.everyone_grade
        return _ACCOUNT if self._names_account(names) else NO_GRADE

    def _grade_of_stranger(self, names: Names) -> Grade:
        """The grade of one without an account: a service, a federated identity, or nobody known."""
        if (names.provider and names.provider in self.federated) or (names.service and names.service in self.services):
            return DIRECT
        return names.everyone_grade if self.everyone else NO_GRADE

    def is_denied(self, names: Names, attached: Attached, *, bounded: bool) -> bool:
        """Whether a Deny of this statement speaks of a principal. ``bounded``: it has a permissions boundary."""
        if not self.negated:
            return self.everyone or self.grade(names, attached) is not NO_GRADE
        # With NotPrincipal only those are spared of whom all that they are is listed; a boundary spoils even that.
        return bounded or not self._spared(names, attached)

    def _names_account(self, names: Names) -> bool:
        return names.account in self.aws or names.root_arn in self.aws

    def _names_session(self, names: Names, attached: Attached) -> bool:
        return names.session_arn in self.aws and attached.is_bound(names.session_arn, names.entity_id)

    # INVARIANT: 2. A principal that was deleted and made anew under its old name is another one.
    # tests/policy/test_principal.py::test_a_recreated_role_of_the_same_name_does_not_match.
    def _names_entity(self, names: Names, attached: Attached) -> bool:
        """By unique id where the policy's ARNs are bound to ids, else by text."""
        bound = attached.arns_by_id
        if bound is None:
            return names.entity_id in self.aws or names.entity_arn in self.aws
        return not self.aws.isdisjoint(bound.get(names.entity_id, ())) or names.entity_id in self.aws

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
