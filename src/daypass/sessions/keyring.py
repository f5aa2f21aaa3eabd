"""Sealing keys and how they succeed each other: announced, then active, then retired, then gone.

Exactly one key is active and seals; every key in the ring opens. A new key is announced first, so that every node
knows it before the first token is sealed with it. Rotation is a pure function from ring to ring; whoever stores the
ring replaces it in one transaction, so there is no state between two steps and nothing to repair after a crash.

Times are epoch seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daypass.errors import Malformed

KeyState = Literal["announced", "active", "retired"]

MATERIAL_BYTES = 32
"""Length of a sealing key."""

ID_BYTES = 4
"""Length of a key id as it stands in a token; as text, twice as many lower-case hexadecimal digits."""

LONGEST_SESSION = 129_600
"""Seconds the longest token lives: GetSessionToken and GetFederationToken, 36 hours (STS API reference)."""

ROTATION_PERIOD = 86_400
"""Seconds a key is active before its successor is announced."""

PROPAGATION_DELAY = 300
"""Seconds between announcing a key and sealing with it; every node reads the ring several times meanwhile."""

RETENTION = LONGEST_SESSION + 86_400 + 3_600
"""Seconds a retired key still opens tokens: the longest token, plus the day that a node cut off from the database may
go on sealing with it, plus an hour for clocks that differ."""

_HASH_BLOCK = 64
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One key of the ring. ``not_after`` is set exactly when the key is retired.

    What is made from ``material`` is made once: sealing a token costs no key setup.

    Raises:
        Malformed: id, material, state or ``not_after`` do not have the form they must have.
    """

    id: str
    state: KeyState
    material: bytes = field(repr=False)
    created: int
    active_from: int
    not_after: int | None = None
    tag: bytes = field(init=False, repr=False, compare=False)
    cipher: AESGCMSIV = field(init=False, repr=False, compare=False)
    _inner: bytes = field(init=False, repr=False, compare=False)
    _outer: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check()
        secret_key = self.subkey("secret").ljust(_HASH_BLOCK, b"\0")
        put = object.__setattr__
        put(self, "tag", bytes.fromhex(self.id))
        put(self, "cipher", AESGCMSIV(self.subkey("seal")))
        put(self, "_inner", secret_key.translate(_INNER_PAD))
        put(self, "_outer", secret_key.translate(_OUTER_PAD))

    def _check(self) -> None:
        if len(self.id) != 2 * ID_BYTES or self.id.strip("0123456789abcdef"):
            raise Malformed(f"`{self.id}` is not the id of a sealing key")
        if len(self.material) != MATERIAL_BYTES:
            raise Malformed(f"sealing key `{self.id}` does not have {MATERIAL_BYTES} bytes")
        if self.state not in ("announced", "active", "retired"):
            raise Malformed(f"sealing key `{self.id}` is in no known state")
        if (self.state == "retired") != (self.not_after is not None):
            raise Malformed(f"sealing key `{self.id}` must have an end exactly when it is retired")

    def subkey(self, purpose: str) -> bytes:
        """32 bytes for one purpose, by HKDF (RFC 5869). Subkeys of different purposes tell nothing about each other."""
        info = b"daypass sealing key v1 " + purpose.encode("ascii")
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self.material)

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104) of ``data`` under the ``secret`` subkey.

        Both padded keys are made beforehand: a third of the time of ``hmac.digest``, and it is on every request's path.
        """
        return hashlib.sha256(self._outer + hashlib.sha256(self._inner + data).digest()).digest()


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys that can open a token, one of them active. ``keys`` are kept sorted by id.

    Raises:
        Malformed: not exactly one active key, more than one announced, or an id twice.
    """

    keys: tuple[SealingKey, ...]
    active: SealingKey = field(init=False, repr=False, compare=False)
    _by_tag: dict[bytes, SealingKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = tuple(sorted(self.keys, key=lambda key: key.id))
        active = [key for key in keys if key.state == "active"]
        by_tag = {key.tag: key for key in keys}
        if len(active) != 1 or sum(key.state == "announced" for key in keys) > 1 or len(by_tag) != len(keys):
            raise Malformed("a key ring has one active key, at most one announced, and each id once")
        put = object.__setattr__
        put(self, "keys", keys)
        put(self, "active", active[0])
        put(self, "_by_tag", by_tag)

    @property
    def announced(self) -> SealingKey | None:
        """The key that becomes active next, if there is one."""
        return next((key for key in self.keys if key.state == "announced"), None)

    def find(self, key_id: str) -> SealingKey | None:
        """The key whose id is ``key_id`` (hexadecimal text), or None."""
        return next((key for key in self.keys if key.id == key_id), None)

    def find_tag(self, tag: bytes) -> SealingKey | None:
        """The key whose id is ``tag`` (the bytes in a token), or None."""
        return self._by_tag.get(tag)


def first_ring(key_id: str, material: bytes, now: int) -> Keyring:
    """The ring of a new installation: one key, active at once since no other node can be behind."""
    return Keyring((SealingKey(key_id, "active", material, now, now),))


def announce(ring: Keyring, key_id: str, material: bytes, now: int) -> Keyring:
    """Add the next key, to become active after ``PROPAGATION_DELAY``. A ring that has one announced stays as it is."""
    if ring.announced:
        return ring
    return Keyring((*ring.keys, SealingKey(key_id, "announced", material, now, now + PROPAGATION_DELAY)))


def activate(ring: Keyring, now: int) -> Keyring:
    """Let the announced key take over, once its time has come, and retire the active one. Else the same ring."""
    following = ring.announced
    if following is None or now < following.active_from:
        return ring
    changed = {
        following.id: replace(following, state="active", active_from=now),
        ring.active.id: replace(ring.active, state="retired", not_after=now + RETENTION),
    }
    return Keyring(tuple(changed.get(key.id, key) for key in ring.keys))


def drop(ring: Keyring, now: int) -> Keyring:
    """Take out the retired keys whose last token has expired.

    # INVARIANT: 1. a key outlives the longest token it sealed, and no longer than ``RETENTION``.
    # tests/sessions/test_keyring.py::test_a_key_outlives_every_token_it_sealed.
    """
    kept = tuple(key for key in ring.keys if key.not_after is None or now <= key.not_after)
    return ring if len(kept) == len(ring.keys) else Keyring(kept)


def advance(
    ring: Keyring,
    now: int,
    fresh: Callable[[], tuple[str, bytes]],
    *,
    on_demand: bool = False,
    period: int = ROTATION_PERIOD,
) -> Keyring:
    """Take every step that is due at ``now``; the same ring when none is.

    ``fresh`` makes the id and material of a new key; it is called only when one is announced. ``on_demand`` announces
    one although the active key is not yet ``period`` seconds old.
    """
    ring = drop(ring, now)
    activated = activate(ring, now)
    if activated is not ring:
        return activated
    due = on_demand or now >= ring.active.active_from + period
    return announce(ring, *fresh(), now) if due and not ring.announced else ring
