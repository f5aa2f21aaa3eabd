"""What the services need from the world, each need a small protocol. Adapters implement them; ``app.py`` joins them.

Nothing here performs I/O. Two refusals are part of the contract: ``NotLoaded`` (an inline operation met an account
that is not in memory: run it again on a worker thread) and ``StoreUnavailable`` (the database did not answer in time).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daypass.ports.audit import AuditLog, AuditUnavailable
from daypass.ports.failures import AlreadyExists, NotLoaded, OutcomeUnknown, StoreUnavailable
from daypass.ports.identities import (
    AccessTokens,
    Asking,
    Identities,
    IssuerKey,
    IssuerKeys,
    KeysUnavailable,
    TokenOwner,
    Vouched,
)
from daypass.ports.keys import Keys, SealingKeyStore, StoredSealingKey
from daypass.ports.store import CodeUses, Directory, Judge, LastUse, LastUsed, SingleUses, Store, Transaction
from daypass.ports.world import Clock, Entropy

__all__ = [
    "AccessTokens",
    "AlreadyExists",
    "Asking",
    "AuditLog",
    "AuditUnavailable",
    "Clock",
    "CodeUses",
    "Directory",
    "Entropy",
    "Health",
    "Identities",
    "IssuerKey",
    "IssuerKeys",
    "Judge",
    "Keys",
    "KeysUnavailable",
    "LastUse",
    "LastUsed",
    "NotLoaded",
    "OutcomeUnknown",
    "Ports",
    "SealingKeyStore",
    "SingleUses",
    "Store",
    "StoreUnavailable",
    "StoredSealingKey",
    "TokenOwner",
    "Transaction",
    "Vouched",
]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether this node may be sent work, and the facts that say why. ``facts`` become members of the JSON answer."""

    ok: bool
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the pipeline hands to an operation. ``public_url``: under what others reach this daypass, if known.

    ``identities`` verifies what identity providers say; None: there are no providers, and nobody's word counts.
    ``shared_issuers``: issuers (URL without scheme) that serve strangers, too, and the claim that tells them apart.
    """

    clock: Clock
    entropy: Entropy
    directory: Directory
    store: Store
    keys: Keys
    audit: AuditLog
    last_used: LastUsed
    codes: CodeUses
    public_url: str | None = None
    identities: Identities | None = None
    shared_issuers: Mapping[str, str] = field(default_factory=dict)
