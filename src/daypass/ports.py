"""What the services need from the world, each need a small protocol. Adapters implement them; ``app.py`` joins them.

Nothing here performs I/O. Two refusals are part of the contract: ``NotLoaded`` (an inline operation met an account
that is not in memory: run it again on a worker thread) and ``StoreUnavailable`` (the database did not answer in time).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from daypass.credentials import Secret
from daypass.entities import AccessKey, Entity, MfaDevice, OidcProvider, SigningAlgorithm, SigningKey
from daypass.exchange import Response
from daypass.federation.key_set import Key
from daypass.outbound import PrivateKey
from daypass.principals import Tags
from daypass.sessions.keyring import Keyring, KeyState, SealingKey
from daypass.snapshot import AccountSnapshot
from daypass.totp import CodeUse


class NotLoaded(Exception):
    """The account may exist but is not in this node's memory. Control flow, never an answer to a client.

    ``holder``: the verified caller's (``Caller.holder``), empty where nobody is verified yet. ``throttled`` gives the
    answer, and writes its record, for a verified caller of whom too much waits for a thread already. ``is_long``: it is
    going to compute for long.
    """

    holder: str = ""
    throttled: Callable[[], Response] | None = None

    def __init__(self, *what: object, is_long: bool = False) -> None:
        super().__init__(*what)
        self.is_long = is_long


class StoreUnavailable(Exception):
    """The database is away or too slow; nothing was changed."""


class OutcomeUnknown(StoreUnavailable):
    """The database went away while committing: the change may have been made, or not. Every node learns which."""


class AlreadyExists(Exception):
    """A write met a unique value that is taken. ``args[0]`` is the kind of entity."""


class Clock(Protocol):
    """What time it is."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


class Entropy(Protocol):
    """Where unpredictable bytes come from."""

    def bytes(self, count: int) -> bytes:
        """``count`` bytes nobody can predict."""
        ...


class Directory(Protocol):
    """The accounts in memory, always at the newest revision this host has acknowledged."""

    def find(self, account: str) -> AccountSnapshot | None:
        """The account's snapshot, or None when there is no such account. Never blocks.

        Raises:
            NotLoaded: unknown to this node's memory, or older than a write this host has acknowledged.
        """
        ...

    def load(self, account: str) -> AccountSnapshot | None:
        """Like ``find``, but reads the store where needed.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        ...

    def ids(self) -> tuple[str, ...]:
        """All account ids of this daypass, sorted. Reads the store."""
        ...


Judge = Callable[[CodeUse], CodeUse]
"""What becomes of the record of a device's codes; called once, while nobody else can read or change it."""


class CodeUses(Protocol):
    """Which one-time codes of MFA devices are used up: one truth for all nodes. No revision, no change-log row."""

    def use(self, account: str, device: str, judge: Judge) -> CodeUse:
        """Replace what is remembered of ``device`` by what ``judge`` makes of it; durable when this returns.

        Calls for one device are serial over all nodes. A device never met before is ``CodeUse()``.

        Raises:
            StoreUnavailable: the store did not answer within a second.
        """
        ...


class Transaction(Protocol):
    """Changes to one account, all or nothing. Writers of one account are serial, so ``account`` is the truth."""

    @property
    def account(self) -> AccountSnapshot:
        """The account as it is now, earlier changes of this transaction included."""
        ...

    def put(self, entity: Entity) -> None:
        """Add the entity or replace the one with the same kind and key.

        Raises:
            AlreadyExists: its name (users, groups, roles, policies: without case; account alias: everywhere) is taken.
        """
        ...

    def delete(self, kind: str, key: str) -> None:
        """Remove an entity; absent is an error of the caller."""
        ...

    def use_code(self, device: str, judge: Judge) -> CodeUse:
        """Like ``CodeUses.use``, as part of this change: undone when it is."""
        ...

    def flush(self) -> None:
        """Write everything that the store could refuse. Call it before the audit record of the change is written.

        After it only the loss of the database (or of room on its disk) can keep the change from being committed.

        Raises:
            StoreUnavailable: the store did not answer; the change is lost.
        """
        ...

    @property
    def changed(self) -> bool:
        """Whether anything was put or deleted."""
        ...

    @property
    def revision(self) -> int:
        """The revision that committing will give the account, or the present one while nothing changed."""
        ...


class Store(Protocol):
    """The durable truth: accounts with a revision each, a change log, the sealing keys, single-use marks."""

    def transaction(self, account: str) -> AbstractContextManager[Transaction]:
        """Open, commit on normal exit, roll back on any exception. After exit, ``Directory.find`` sees the change.

        Raises:
            StoreUnavailable: could not begin or commit; nothing was changed.
            OutcomeUnknown: the connection was lost while committing.
            KeyError: no such account.
        """
        ...

    def create_account(self, account: str) -> AbstractContextManager[Transaction]:
        """A transaction that makes the account. The first ``put`` must be its ``Account`` entity.

        Raises:
            AlreadyExists: the id is taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredSealingKey:
    """One row of the store's table of sealing keys. ``wrapped`` is the key material under the master key.

    Times are epoch seconds. ``active_from`` is planned while the key is announced, actual from then on; ``not_after``
    is set when the key is retired: after it, no token that the key sealed can still be alive.
    """

    id: str
    state: KeyState
    wrapped: bytes = field(repr=False)
    created: int
    active_from: int
    not_after: int | None = None


class SealingKeyStore(Protocol):
    """The sealing keys as the store holds them: a handful of rows that always change together."""

    def load(self) -> tuple[StoredSealingKey, ...]:
        """All rows, sorted by id; empty before the first start.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        ...

    def swap(self, before: tuple[StoredSealingKey, ...], after: tuple[StoredSealingKey, ...]) -> bool:
        """In one transaction: if the table holds exactly ``before``, make it hold exactly ``after``.

        False, and nothing changed, when another process was faster. Both arguments are sorted by id. When it returns
        True the change is durable.

        Raises:
            StoreUnavailable: could not begin or commit. Whether the change happened is then seen by ``load``.
        """
        ...


class Keys(Protocol):
    """Keys this node holds: the ring that seals session tokens, and the master key's box for long-term secrets."""

    def ring(self) -> Keyring:
        """The present key ring, immutable. Never blocks."""
        ...

    def refresh_due(self) -> bool:
        """Whether an unknown key id in a token justifies reading the store now (bounded rate). Never blocks.

        An inline operation that meets ``sessions.token.UnknownSealingKey`` raises ``NotLoaded`` when this is true, and
        refuses the token when it is not.
        """
        ...

    def find_or_refresh(self, key_id: str) -> SealingKey | None:
        """The sealing key ``key_id``; reads the store when the ring lacks it and ``refresh_due``. May block."""
        ...

    def rotate(self, now: int, *, on_demand: bool = False) -> Keyring:
        """Take every step of rotation that is due at ``now`` and return the ring as it then is. May block.

        Safe to repeat, to interrupt and to run on several nodes at once. ``on_demand`` announces a new key although
        the active one is not old yet; it becomes active after the propagation delay, at a later call.

        Raises:
            StoreUnavailable: the ring stays as it is.
        """
        ...

    def seal_secret(self, access_key_id: str, secret: Secret) -> bytes:
        """Wrap a long-term secret for the store."""
        ...

    def open_secret(self, key: AccessKey) -> Secret:
        """Unwrap it again. Never blocks.

        Raises:
            InternalFailure: the stored bytes do not belong to this key under this master key.
        """
        ...

    def new_signing_key(self, algorithm: SigningAlgorithm, name: str) -> tuple[bytes, bytes]:
        """A fresh key pair: the private half, sealed for ``name`` (``ACCOUNT/KID``) only, and the public one (DER).

        Takes a tenth of a second or more.
        """
        ...

    def open_signing_key(self, name: str, key: SigningKey) -> PrivateKey:
        """The private half of ``key``, which was made for ``name``. Never blocks.

        Raises:
            InternalFailure: the stored bytes do not belong to this key under this master key.
        """
        ...

    def seal_seed(self, device_id: str, seed: bytes) -> bytes:
        """Wrap the seed of an MFA device for the store."""
        ...

    def open_seed(self, device: MfaDevice) -> bytes:
        """Unwrap it again. Never blocks.

        Raises:
            InternalFailure: the stored bytes do not belong to this device under this master key.
        """
        ...


class AuditLog(Protocol):
    """The audit trail. One record, one line, hash-chained; never a secret inside."""

    def append(self, record: Mapping[str, object], *, durable: bool = False, into_reserve: bool = False) -> None:
        """Write one record; ``durable``: on disk before returning; ``into_reserve``: may use the reserved space.

        Raises:
            AuditUnavailable: the record could not be written; the caller must not mint or change anything.
        """
        ...

    def gather(self) -> None:
        """Hold back what this thread appends until ``write_gathered``, unless it is durable."""
        ...

    def write_gathered(self) -> None:
        """Write what was held back.

        Raises:
            AuditUnavailable: some of it is not written; whatever it was the record of must not leave.
        """
        ...

    def append_refusal(self, record: Mapping[str, object], holder: str) -> None:
        """Write the record of what a verified caller was refused; too many of one ``holder`` are counted and summed up.

        Raises:
            AuditUnavailable: the record could not be written.
        """
        ...

    def count_failure(self, rendered: Callable[[], Mapping[str, object]]) -> None:
        """Count a failed authentication and sample it at a bounded rate into a file of its own. Never raises.

        ``rendered`` makes the record; it is called only if the record is written.
        """
        ...


class AuditUnavailable(Exception):
    """The audit trail cannot take a record now: disk full, file gone, I/O error."""


class LastUse(NamedTuple):
    """When, where and for what a key or role was last used. ``at`` is in epoch seconds."""

    at: int
    region: str
    service: str


class LastUsed(Protocol):
    """Last-used times: kept in memory, flushed in place at most once a minute; no revision, no change-log row."""

    def touch(self, account: str, key: str, use: LastUse) -> None:
        """Remember the use of ``key`` (an access key id or a role's unique id). Never blocks."""
        ...

    def find(self, account: str, key: str) -> LastUse | None:
        """The last use this process or the store knows of. Reads the store where memory has none.

        Raises:
            StoreUnavailable: memory has none and the store did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """Whether this node may be sent work, and the facts that say why. ``facts`` become members of the JSON answer."""

    ok: bool
    facts: Mapping[str, object] = field(default_factory=dict)


class Vouched(NamedTuple):
    """What an identity provider's word proves about somebody, once its signature, times and audience are verified.

    ``provider`` is the provider's ARN, or the domain of a built-in one; ``subject`` is who it is. ``not_after`` ends
    any session that is opened on it (epoch seconds). ``roles`` are the only ones it may open, None: any that trust it.
    ``keys`` are the condition keys of the call, names lower-case; ``federation`` those that stay with the session, and
    ``result`` the members of the answer that repeat what was said. ``evidence`` is for the record: who has signed, with
    which key; ``additional`` becomes its ``additionalEventData``.
    """

    provider: str
    subject: str
    session_name: str
    not_after: int | None = None
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    roles: tuple[str, ...] | None = None
    keys: Mapping[str, str | tuple[str, ...]] = {}
    federation: Tags = ()
    result: Mapping[str, object] = {}
    evidence: Mapping[str, object] = {}
    additional: Mapping[str, object] = {}


class IssuerKey(NamedTuple):
    """A key of an issuer. ``trust``: what its connection was trusted for, in the words of AWS's records."""

    key: Key
    trust: Literal["IAMTrustStore", "Thumbprint"]


class IssuerKeys(Protocol):
    """The keys of OpenID Connect issuers: fetched, kept, and fetched again when an unknown one is asked for."""

    def find(self, provider: OidcProvider, algorithm: str, key_id: str | None, wait: Callable[[], None]) -> IssuerKey:
        """The key of ``provider`` that can have made a signature. ``wait`` is called before anything is fetched.

        Raises:
            KeysUnavailable: the issuer has no such key, or could not be asked; nobody's signature counts.
            NotLoaded: from ``wait``.
        """
        ...


class KeysUnavailable(Exception):
    """A signature of this issuer cannot be verified. The text says why, for the record.

    ``wrong_certificate``: nobody vouches for who answered in its name. ``is_busy``: ask again in a moment.
    """

    def __init__(self, why: str, *, wrong_certificate: bool = False, is_busy: bool = False) -> None:
        super().__init__(why)
        self.wrong_certificate, self.is_busy = wrong_certificate, is_busy


class Asking(NamedTuple):
    """In what call somebody's word is judged. ``now``: epoch seconds. ``wait`` goes on only where waiting is allowed.

    ``wait`` raises ``NotLoaded`` on the event loop, and is called before a fetch, a write, or a long computation.
    """

    owner: AccountSnapshot
    now: int
    wait: Callable[[], None]


class Identities(Protocol):
    """Verifies what identity providers of an account say. Every refusal is raised; what comes back is proved."""

    def verify_token(self, token: str, session_name: str, asking: Asking) -> Vouched:
        """Whom a web identity token proves to the account ``asking.owner``.

        Raises:
            InvalidIdentityToken, ServiceError: it proves nobody, or no provider of the account has issued it.
            NotLoaded: from ``asking.wait``.
        """
        ...

    def verify_assertion(self, assertion: str, provider_arn: str, asking: Asking) -> Vouched:
        """Whom a SAML response (base64) proves to the account ``asking.owner``. It is used up with that.

        Raises:
            InvalidIdentityToken, ServiceError: it proves nobody, or the provider is not one of the account.
            NotLoaded: from ``asking.wait``.
            StoreUnavailable: whether it is unused could not be learnt.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the pipeline hands to an operation. ``public_url``: under what others reach this daypass, if known.

    ``identities`` verifies what identity providers say; None: there are no providers, and nobody's word counts.
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
