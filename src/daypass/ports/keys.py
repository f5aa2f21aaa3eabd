"""The keys of this node: those that seal session tokens, and the master key's box for long-term secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from daypass.credentials import Secret
from daypass.entities import AccessKey, MfaDevice, SigningAlgorithm, SigningKey
from daypass.outbound import PrivateKey
from daypass.sessions.keyring import Keyring, KeyState, SealingKey


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

    def seal_private_key(self, name: str, private: bytes) -> bytes:
        """Wrap a private key (PKCS 8, DER) that somebody has given us, for ``name`` (``ACCOUNT/PROVIDER/KEY``) only."""
        ...

    def open_private_key(self, name: str, sealed: bytes) -> RSAPrivateKey:
        """The private key again. Never blocks.

        Raises:
            InternalFailure: the stored bytes do not belong to this name under this master key.
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
