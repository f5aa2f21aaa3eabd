"""The key ring of this node: read from the store, kept in memory, rotated together with all other nodes.

The store's rows change only by one compare-and-swap, so every state that a crash can leave behind is a whole ring:
there is nothing to resume. Whoever loses a race adopts what the winner made. While the store is away the ring stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from daypass.adapters.keys.master import MasterKey, MasterKeyError
from daypass.adapters.keys.signing import new_signing_key, open_signing_key
from daypass.credentials import Secret
from daypass.entities import AccessKey, MfaDevice, SigningAlgorithm, SigningKey
from daypass.errors import InternalFailure, Malformed
from daypass.outbound import PrivateKey
from daypass.ports import Clock, Entropy, SealingKeyStore, StoredSealingKey, StoreUnavailable
from daypass.sessions.keyring import (
    ID_BYTES,
    MATERIAL_BYTES,
    ROTATION_PERIOD,
    Keyring,
    SealingKey,
    advance,
    first_ring,
)

REFRESH_GAP = 1.0
"""Seconds between two readings of the store that unknown key ids can bring about."""

OPENED_SECRETS = 65_536
"""Long-term secrets remembered in the clear; about 20 MB when full."""

OPENED_SIGNING_KEYS = 1_024
"""Private keys for web identity tokens remembered in the clear; about 5 MB when full."""

_NONCE_BYTES = 12
_SEALING, _ACCESS, _SEED, _GIVEN = "sealing-key", "access-key", "mfa-seed", "given-key"

Rows = tuple[StoredSealingKey, ...]


class RingKeeper:
    """Implements ``ports.Keys``. The first one on an empty store makes the first key. Safe to use from any thread.

    ``held``: what is known of the rows when the store is known to be away; else it is read at once.

    Raises:
        MasterKeyError: the master key is not the one that the store's keys are wrapped with.
        StoreUnavailable: the ring could not be read.
    """

    def __init__(
        self,
        store: SealingKeyStore,
        master: MasterKey,
        *,
        clock: Clock,
        entropy: Entropy,
        monotonic: Callable[[], float] = time.monotonic,
        rotation_period: int = ROTATION_PERIOD,
        held: Rows = (),
    ) -> None:
        self._store, self._master, self._entropy, self._monotonic = store, master, entropy, monotonic
        self._period = rotation_period
        self._lock = Lock()
        self._asked = monotonic() - REFRESH_GAP
        self._rows: Rows = ()
        self._rows = held or self._first_rows(int(clock.now()))
        self._ring = self._unwrapped(self._rows)
        self._opened = lru_cache(maxsize=OPENED_SECRETS)(self._unwrapped_secret)
        self._signing = lru_cache(maxsize=OPENED_SIGNING_KEYS)(self._opened_signing_key)
        self._given = lru_cache(maxsize=OPENED_SIGNING_KEYS)(self._opened_private_key)

    # ── the ring ─────────────────────────────────────────────────────────────────────────────────────

    def ring(self) -> Keyring:
        """The present key ring; the same object until a key comes, moves or goes."""
        return self._ring

    def refresh_due(self) -> bool:
        """See ``ports.Keys``."""
        return self._monotonic() - self._asked >= REFRESH_GAP

    def find_or_refresh(self, key_id: str) -> SealingKey | None:
        """See ``ports.Keys``. None too when the store does not answer: an unknown key opens nothing."""
        found = self._ring.find(key_id)
        if found is not None:
            return found
        with self._lock:
            if self._ring.find(key_id) is None and self.refresh_due():
                try:
                    self._adopt(self._load())
                except (StoreUnavailable, MasterKeyError):
                    return None
        return self._ring.find(key_id)

    def rotate(self, now: int, *, on_demand: bool = False) -> Keyring:
        """See ``ports.Keys``. Also the way to learn what other nodes have done: call it every minute or more often.

        Raises:
            StoreUnavailable: the ring stays as it is.
            MasterKeyError: the store holds keys that this master key does not open; the ring stays as it is.
        """
        with self._lock:
            self._adopt(self._load())
            following = advance(self._ring, now, self._fresh, on_demand=on_demand, period=self._period)
            if following is not self._ring:
                rows = self._wrapped(following)
                self._adopt(rows if self._store.swap(self._rows, rows) else self._load())
            return self._ring

    def try_rotate(self, now: int) -> bool:
        """``rotate`` for a timer: False, and the ring stays as it is, when it could not be done now."""
        try:
            self.rotate(now)
        except (StoreUnavailable, MasterKeyError):
            return False
        return True

    # ── long-term secrets ────────────────────────────────────────────────────────────────────────────

    def seal_secret(self, access_key_id: str, secret: Secret) -> bytes:
        """See ``ports.Keys``."""
        nonce = self._entropy.bytes(_NONCE_BYTES)
        return self._master.wrap(_ACCESS, access_key_id, secret.reveal().encode("utf-8"), nonce)

    def open_secret(self, key: AccessKey) -> Secret:
        """See ``ports.Keys``. Remembered: it is on the path of every request that a long-term key signs."""
        return self._opened(key.id, key.sealed_secret)

    def seal_seed(self, device_id: str, seed: bytes) -> bytes:
        """See ``ports.Keys``."""
        return self._master.wrap(_SEED, device_id, seed, self._entropy.bytes(_NONCE_BYTES))

    def open_seed(self, device: MfaDevice) -> bytes:
        """See ``ports.Keys``. Not remembered: a device is asked once in half a minute at most."""
        try:
            return self._master.unwrap(_SEED, device.id, device.sealed_seed)
        except Malformed as error:
            raise InternalFailure(detail=f"seed of {device.id}: {error}") from None

    def _unwrapped_secret(self, access_key_id: str, sealed: bytes) -> Secret:
        try:
            return Secret(self._master.unwrap(_ACCESS, access_key_id, sealed).decode("utf-8"))
        except (Malformed, UnicodeDecodeError) as error:
            raise InternalFailure(detail=f"secret of {access_key_id}: {error}") from None

    # ── keys for web identity tokens ─────────────────────────────────────────────────────────────────

    def new_signing_key(self, algorithm: SigningAlgorithm, name: str) -> tuple[bytes, bytes]:
        """See ``ports.Keys``."""
        return new_signing_key(self._master, algorithm, name, self._entropy.bytes(_NONCE_BYTES))

    def open_signing_key(self, name: str, key: SigningKey) -> PrivateKey:
        """See ``ports.Keys``. Remembered: opening one takes a part of what signing takes."""
        return self._signing(name, key)

    def _opened_signing_key(self, name: str, key: SigningKey) -> PrivateKey:
        return open_signing_key(self._master, name, key)

    # ── private keys of others ───────────────────────────────────────────────────────────────────────

    def seal_private_key(self, name: str, private: bytes) -> bytes:
        """See ``ports.Keys``."""
        return self._master.wrap(_GIVEN, name, private, self._entropy.bytes(_NONCE_BYTES))

    def open_private_key(self, name: str, sealed: bytes) -> RSAPrivateKey:
        """See ``ports.Keys``. Remembered, like those for web identity tokens."""
        return self._given(name, sealed)

    def _opened_private_key(self, name: str, sealed: bytes) -> RSAPrivateKey:
        try:
            opened = self._master.unwrap(_GIVEN, name, sealed)
            # Checked before it was sealed; checking takes seconds in which no thread runs.
            private = load_der_private_key(opened, None, unsafe_skip_rsa_key_validation=True)
        except (Malformed, ValueError) as error:
            raise InternalFailure(detail=f"private key {name}: {error}") from None
        assert isinstance(private, RSAPrivateKey), "only these are ever sealed"
        return private

    # ── rows and ring ────────────────────────────────────────────────────────────────────────────────

    def _first_rows(self, now: int) -> Rows:
        rows = self._load()
        if rows:
            return rows
        made = self._wrapped(first_ring(self._new_id(), self._entropy.bytes(MATERIAL_BYTES), now))
        return made if self._store.swap((), made) else self._load()

    def _load(self) -> Rows:
        self._asked = self._monotonic()
        return self._store.load()

    def _adopt(self, rows: Rows) -> None:
        if rows != self._rows:
            self._rows, self._ring = rows, self._unwrapped(rows)

    def _fresh(self) -> tuple[str, bytes]:
        key_id = self._new_id()
        while self._ring.find(key_id):
            key_id = self._new_id()
        return key_id, self._entropy.bytes(MATERIAL_BYTES)

    def _new_id(self) -> str:
        return self._entropy.bytes(ID_BYTES).hex()

    def _wrapped(self, ring: Keyring) -> Rows:
        """The rows of ``ring``; a key that has a row keeps its wrapped bytes."""
        known = {row.id: row.wrapped for row in self._rows}
        return tuple(
            StoredSealingKey(
                key.id,
                key.state,
                known.get(key.id) or self._wrap(key),
                key.created,
                key.active_from,
                key.not_after,
            )
            for key in ring.keys
        )

    def _wrap(self, key: SealingKey) -> bytes:
        return self._master.wrap(_SEALING, key.id, key.material, self._entropy.bytes(_NONCE_BYTES))

    def _unwrapped(self, rows: Rows) -> Keyring:
        try:
            return Keyring(tuple(self._unwrap(row) for row in rows))
        except Malformed as error:
            raise MasterKeyError(
                f"the key ring in the database cannot be opened: {error}",
                "use the master key and the database that belong together, both from the same backup",
            ) from None

    def _unwrap(self, row: StoredSealingKey) -> SealingKey:
        material = self._master.unwrap(_SEALING, row.id, row.wrapped)
        return SealingKey(row.id, row.state, material, row.created, row.active_from, row.not_after)
