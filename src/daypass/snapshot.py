"""One account at one revision, complete and immutable: the only thing a request reads (docs/adr/0006-snapshot.md).

Names are looked up exactly and conflict without case, independent of the path (IAM User Guide, "IAM and AWS
STS quotas").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from daypass.entities import (
    KINDS,
    AccessKey,
    Account,
    ControlPolicy,
    Delegation,
    DelegationRequest,
    Entity,
    Group,
    ManagedPolicy,
    MfaDevice,
    Organization,
    Revocation,
    Role,
    TokenIssuer,
    User,
)
from daypass.organization import Membership
from daypass.revocation import Revocations


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class AccountSnapshot:
    """All entities of ``account`` as of ``revision``, indexed by unique id and by name.

    ``derived`` memoises what is computed from the snapshot (compiled policies, effective tags) and dies with it, or
    before: it may be emptied at any time (``operations/compiled.py``).
    ``partition`` is where the account's ARNs live. ``membership`` is the account's place in the organization with all
    that restricts it there, None outside; ``organizations`` (none or one) and ``control_policies`` are filled in the
    management account alone. ``issuers`` holds none or one. ``revoked`` are the ``revocations`` as requests ask them.
    """

    account: Account
    revision: int
    users: dict[str, User] = field(repr=False)
    groups: dict[str, Group] = field(repr=False)
    roles: dict[str, Role] = field(repr=False)
    access_keys: dict[str, AccessKey] = field(repr=False)
    policies: dict[str, ManagedPolicy] = field(repr=False)
    users_by_name: dict[str, User] = field(repr=False)
    groups_by_name: dict[str, Group] = field(repr=False)
    roles_by_name: dict[str, Role] = field(repr=False)
    policies_by_arn: dict[str, ManagedPolicy] = field(repr=False)
    partition: str = "aws"
    organizations: dict[str, Organization] = field(default_factory=dict, repr=False)
    control_policies: dict[str, ControlPolicy] = field(default_factory=dict, repr=False)
    mfa_devices: dict[str, MfaDevice] = field(default_factory=dict, repr=False)
    membership: Membership | None = field(default=None, repr=False)
    issuers: dict[str, TokenIssuer] = field(default_factory=dict, repr=False)
    delegation_requests: dict[str, DelegationRequest] = field(default_factory=dict, repr=False)
    delegations: dict[str, Delegation] = field(default_factory=dict, repr=False)
    revocations: dict[str, Revocation] = field(default_factory=dict, repr=False)
    revoked: Revocations = field(default=Revocations(""), repr=False)
    derived: dict[object, object] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, revision: int, entities: Iterable[Entity], *, partition: str = "aws") -> AccountSnapshot:
        """Index ``entities``, among them exactly one ``Account``."""
        by_kind: dict[str, dict[str, Entity]] = {kind: {} for kind in KINDS}
        for entity in entities:
            by_kind[entity.kind][entity.key] = entity
        (account,) = by_kind["account"].values()
        users: dict[str, User] = by_kind["user"]  # type: ignore[assignment]
        groups: dict[str, Group] = by_kind["group"]  # type: ignore[assignment]
        roles: dict[str, Role] = by_kind["role"]  # type: ignore[assignment]
        policies: dict[str, ManagedPolicy] = by_kind["policy"]  # type: ignore[assignment]
        revocations: dict[str, Revocation] = by_kind["revocation"]  # type: ignore[assignment]
        assert isinstance(account, Account)
        return cls(
            account,
            revision,
            users,
            groups,
            roles,
            by_kind["access-key"],  # type: ignore[arg-type]
            policies,
            {user.name: user for user in users.values()},
            {group.name: group for group in groups.values()},
            {role.name: role for role in roles.values()},
            {f"arn:{partition}:iam::{account.id}:policy{p.path}{p.name}": p for p in policies.values()},
            partition,
            by_kind["organization"],  # type: ignore[arg-type]
            by_kind["control-policy"],  # type: ignore[arg-type]
            by_kind["mfa"],  # type: ignore[arg-type]
            issuers=by_kind["token-issuer"],  # type: ignore[arg-type]
            delegation_requests=by_kind["delegation-request"],  # type: ignore[arg-type]
            delegations=by_kind["delegation"],  # type: ignore[arg-type]
            revocations=revocations,
            revoked=Revocations(account.id, revocations.values()),
        )

    @property
    def id(self) -> str:
        """The 12-digit account id."""
        return self.account.id

    @property
    def issuer(self) -> TokenIssuer | None:
        """The account as an issuer of web identity tokens, None when it has never been one."""
        return next(iter(self.issuers.values()), None)

    def find(self, kind: str, key: str) -> Entity | None:
        """The entity of ``kind`` whose unique id is ``key``, or None."""
        table: dict[str, dict[str, Entity]] = {
            "user": self.users,  # type: ignore[dict-item]
            "group": self.groups,  # type: ignore[dict-item]
            "role": self.roles,  # type: ignore[dict-item]
            "access-key": self.access_keys,  # type: ignore[dict-item]
            "policy": self.policies,  # type: ignore[dict-item]
            "organization": self.organizations,  # type: ignore[dict-item]
            "control-policy": self.control_policies,  # type: ignore[dict-item]
            "token-issuer": self.issuers,  # type: ignore[dict-item]
            "delegation-request": self.delegation_requests,  # type: ignore[dict-item]
            "delegation": self.delegations,  # type: ignore[dict-item]
            "revocation": self.revocations,  # type: ignore[dict-item]
            "mfa": self.mfa_devices,  # type: ignore[dict-item]
        }
        return self.account if kind == "account" else table[kind].get(key)

    def arn(self, entity: User | Group | Role | ManagedPolicy | MfaDevice) -> str:
        """The ARN of an entity of this account."""
        return f"arn:{self.partition}:iam::{self.account.id}:{entity.kind}{entity.path}{entity.name}"

    def entities(self) -> Iterator[Entity]:
        """Every entity, the account first."""
        yield self.account
        yield from self.users.values()
        yield from self.groups.values()
        yield from self.roles.values()
        yield from self.policies.values()
        yield from self.access_keys.values()
        yield from self.organizations.values()
        yield from self.control_policies.values()
        yield from self.issuers.values()
        yield from self.delegation_requests.values()
        yield from self.delegations.values()
        yield from self.revocations.values()
        yield from self.mfa_devices.values()

    def placed(self, membership: Membership | None) -> AccountSnapshot:
        """The same account at the same revision, at another place of the organization."""
        return replace(self, membership=membership, derived={})

    def replaced(self, revision: int, put: Iterable[Entity], deleted: Iterable[tuple[str, str]]) -> AccountSnapshot:
        """The snapshot after a change: ``put`` entities added or replaced, ``deleted`` (kind, key) pairs gone.

        Tables that the change does not touch are shared between the two; the others are copied once.
        """
        put, deleted = tuple(put), tuple(deleted)
        outdated = [old for pair in (*deleted, *((e.kind, e.key) for e in put)) if (old := self.find(*pair))]
        touched = {entity.kind for entity in (*outdated, *put)}
        tables = {kind: dict(t) if kind in touched else t for kind, t in self._tables().items()}
        indexes = {kind: dict(i) if kind in touched else i for kind, i in self._indexes().items()}
        for entity in outdated:  # all old names go before any new one comes: names may have been swapped
            indexes.get(entity.kind, {}).pop(self._index_key(entity), None)
        for kind, key in deleted:
            tables[kind].pop(key, None)
        for entity in put:
            tables[entity.kind][entity.key] = entity
            if entity.kind in indexes:
                indexes[entity.kind][self._index_key(entity)] = entity
        return self._with(revision, tables, indexes)

    def _tables(self) -> dict[str, dict[str, Any]]:
        return {
            "account": {self.account.id: self.account},
            "user": self.users,
            "group": self.groups,
            "role": self.roles,
            "access-key": self.access_keys,
            "policy": self.policies,
            "organization": self.organizations,
            "control-policy": self.control_policies,
            "token-issuer": self.issuers,
            "delegation-request": self.delegation_requests,
            "delegation": self.delegations,
            "revocation": self.revocations,
            "mfa": self.mfa_devices,
        }

    def _indexes(self) -> dict[str, dict[str, Any]]:
        return {
            "user": self.users_by_name,
            "group": self.groups_by_name,
            "role": self.roles_by_name,
            "policy": self.policies_by_arn,
        }

    def _index_key(self, entity: Entity) -> str:
        if isinstance(entity, ManagedPolicy):
            return self.arn(entity)
        return entity.name if isinstance(entity, User | Group | Role) else ""

    def _with(
        self, revision: int, tables: dict[str, dict[str, Any]], indexes: dict[str, dict[str, Any]]
    ) -> AccountSnapshot:
        rules = tables["revocation"]
        return AccountSnapshot(
            tables["account"][self.account.id],
            revision,
            tables["user"],
            tables["group"],
            tables["role"],
            tables["access-key"],
            tables["policy"],
            indexes["user"],
            indexes["group"],
            indexes["role"],
            indexes["policy"],
            self.partition,
            tables["organization"],
            tables["control-policy"],
            tables["mfa"],
            self.membership,
            tables["token-issuer"],
            tables["delegation-request"],
            tables["delegation"],
            rules,
            self.revoked if rules is self.revocations else Revocations(self.account.id, rules.values()),
        )
