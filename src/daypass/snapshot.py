"""One account at one revision, complete and immutable: the only thing a request reads (docs/adr/0006-snapshot.md).

Names are looked up exactly and conflict without case, independent of the path (IAM User Guide, "IAM and AWS
STS quotas").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from daypass.activation import BY_DEFAULT, usual_regions
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
    OidcProvider,
    Organization,
    Revocation,
    Role,
    SamlProvider,
    TokenIssuer,
    User,
)
from daypass.entities.keyed import Named
from daypass.organization import Membership
from daypass.revocation import Revocations

Provider = TypeVar("Provider", OidcProvider, SamlProvider)

_TABLES = {
    "user": "users",
    "group": "groups",
    "role": "roles",
    "policy": "policies",
    "access-key": "access_keys",
    "organization": "organizations",
    "control-policy": "control_policies",
    "token-issuer": "issuers",
    "delegation-request": "delegation_requests",
    "delegation": "delegations",
    "revocation": "revocations",
    "mfa": "mfa_devices",
    "oidc-provider": "oidc_providers",
    "saml-provider": "saml_providers",
}
"""By kind of entity, the attribute of the snapshot that holds them by unique id."""

_INDEXES = {
    "user": "users_by_name",
    "group": "groups_by_name",
    "role": "roles_by_name",
    "policy": "policies_by_arn",
    "oidc-provider": "oidc_providers_by_url",
    "saml-provider": "saml_providers_by_name",
}
"""By kind of entity, the attribute that holds them by name, ARN or URL."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class AccountSnapshot:
    """All entities of ``account`` as of ``revision``, indexed by unique id and by name.

    ``derived`` memoises what is computed from the snapshot (compiled policies, effective tags) and dies with it, or
    before: it may be emptied at any time (``operations/compiled.py``).
    ``partition`` is where the account's ARNs live. ``membership`` is the account's place in the organization with all
    that restricts it there, None outside; ``organizations`` (none or one) and ``control_policies`` are filled in the
    management account alone. ``issuers`` holds none or one. ``revoked`` are the ``revocations`` as requests ask them,
    and ``usual_regions`` the account's regions: where it issues credentials without more being asked.
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
    oidc_providers: dict[str, OidcProvider] = field(default_factory=dict, repr=False)
    saml_providers: dict[str, SamlProvider] = field(default_factory=dict, repr=False)
    oidc_providers_by_url: dict[str, OidcProvider] = field(default_factory=dict, repr=False)
    saml_providers_by_name: dict[str, SamlProvider] = field(default_factory=dict, repr=False)
    revoked: Revocations = field(default=Revocations(""), repr=False)
    usual_regions: frozenset[str] = field(default=BY_DEFAULT, repr=False)
    derived: dict[object, object] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, revision: int, entities: Iterable[Entity], *, partition: str = "aws") -> AccountSnapshot:
        """Index ``entities``, among them exactly one ``Account``."""
        tables: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        for entity in entities:
            tables[entity.kind][entity.key] = entity
        (account,) = tables["account"].values()
        assert isinstance(account, Account)
        named = {
            kind: {e.name: e for e in tables[kind].values()} for kind in ("user", "group", "role", "saml-provider")
        }
        named["oidc-provider"] = {e.url: e for e in tables["oidc-provider"].values()}
        arns = {f"arn:{partition}:iam::{account.id}:policy{p.path}{p.name}": p for p in tables["policy"].values()}
        return cls._indexed(account, revision, tables, named | {"policy": arns}, partition)

    @classmethod
    def _indexed(
        cls,
        account: Account,
        revision: int,
        tables: Mapping[str, dict[str, Any]],
        indexes: Mapping[str, dict[str, Any]],
        partition: str,
        membership: Membership | None = None,
        revoked: Revocations | None = None,
    ) -> AccountSnapshot:
        held: dict[str, Any] = {name: tables[kind] for kind, name in _TABLES.items()}
        held |= {name: indexes[kind] for kind, name in _INDEXES.items()}
        if revoked is None:
            revoked = Revocations(account.id, tables["revocation"].values())
        held |= {"revoked": revoked, "usual_regions": usual_regions(account)}
        return cls(account, revision, **held, partition=partition, membership=membership)

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
        if kind == "account":
            return self.account
        table: dict[str, Entity] = getattr(self, _TABLES[kind])
        return table.get(key)

    def find_oidc_provider(self, arn: str) -> OidcProvider | None:
        """The OpenID Connect provider that ``arn`` names, None where it is none of this account's."""
        return self._called(arn, self.oidc_providers_by_url)

    def find_saml_provider(self, arn: str) -> SamlProvider | None:
        """The SAML provider that ``arn`` names, None where it is none of this account's."""
        return self._called(arn, self.saml_providers_by_name)

    def _called(self, arn: str, by_name: dict[str, Provider]) -> Provider | None:
        found = by_name.get(arn.partition("/")[2])
        return found if found is not None and self.arn(found) == arn else None

    def arn(self, entity: Named | OidcProvider | SamlProvider) -> str:
        """The ARN of an entity of this account."""
        return f"arn:{self.partition}:iam::{self.account.id}:{entity.resource}"

    def entities(self) -> Iterator[Entity]:
        """Every entity, the account first."""
        yield self.account
        for name in _TABLES.values():
            yield from getattr(self, name).values()

    @property
    def size(self) -> int:
        """How many entities there are."""
        return sum(map(len, self._tables().values()))

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
        rules = self.revoked if tables["revocation"] is self.revocations else None
        account = tables["account"][self.account.id]
        return self._indexed(account, revision, tables, indexes, self.partition, self.membership, rules)

    def _tables(self) -> dict[str, dict[str, Any]]:
        tables = {kind: getattr(self, name) for kind, name in _TABLES.items()}
        return {"account": {self.account.id: self.account}, **tables}

    def _indexes(self) -> dict[str, dict[str, Any]]:
        return {kind: getattr(self, name) for kind, name in _INDEXES.items()}

    def _index_key(self, entity: Entity) -> str:
        if isinstance(entity, ManagedPolicy):
            return self.arn(entity)
        if isinstance(entity, OidcProvider):
            return entity.url
        return entity.name if isinstance(entity, User | Group | Role | SamlProvider) else ""
