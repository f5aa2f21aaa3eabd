"""An issuer's keys and how they succeed each other: announced, then active, then retired, then gone.

For each algorithm exactly one key is active and signs. A new key is published long before it signs, so that everyone
who keeps the key set for as long as it says has it by then; an old one stays published until its last token is over.
Each step is a pure function from issuer to issuer; whoever stores it replaces it whole (docs/adr/0013-issuer-keys.md).

Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

from daypass.entities import SigningAlgorithm, SigningKey, TokenIssuer

ALGORITHMS: tuple[SigningAlgorithm, ...] = get_args(SigningAlgorithm)

LONGEST_TOKEN = 3_600
"""Seconds the longest token lives (STS API reference, GetWebIdentityToken)."""

CACHED = 3_600
"""Seconds that the published documents may be kept by whoever reads them."""

LEAD = CACHED + 3_600
"""Seconds between publishing a key and signing with it: all copies without it are out of date, and an hour more."""

ROTATION_PERIOD = 90 * 86_400
"""Seconds a key is active before its successor is announced, unless a setting says otherwise."""

RETENTION = LONGEST_TOKEN + 86_400 + 3_600
"""Seconds a retired key stays published: the longest token, plus the day that a node cut off from the database may go
on signing with it, plus an hour for clocks that differ."""

Fresh = Callable[[SigningAlgorithm, str], tuple[bytes, bytes]]
"""Makes a key pair for an algorithm and a key id: the sealed private half and the public one."""

_FAMILIES: dict[SigningAlgorithm, str] = {"RS256": "RSA", "ES384": "EC"}


def first_keys(issuer_id: str, now: int, fresh: Fresh) -> TokenIssuer:
    """A new issuer, enabled, with one key for each algorithm, active at once since nobody has a copy without it."""
    return replace_at_once(TokenIssuer(issuer_id, now, True, (), 1), now, fresh)


def replace_at_once(issuer: TokenIssuer, now: int, fresh: Fresh) -> TokenIssuer:
    """New keys that sign from now on, and none of the old ones: for keys that others may know.

    Tokens that the old keys signed verify nowhere any more, once all copies of the key set are out of date.
    """
    issuer = replace(issuer, keys=())
    for algorithm in ALGORITHMS:
        issuer = _with_new(issuer, algorithm, now, 0, fresh)
    return issuer


def signing_key(issuer: TokenIssuer, algorithm: str) -> SigningKey:
    """The key that signs now.

    Raises:
        LookupError: the issuer has none for ``algorithm``.
    """
    found = _in_state(issuer, algorithm, "active")
    if found is None:
        raise LookupError(algorithm)
    return found


def advance(
    issuer: TokenIssuer, now: int, fresh: Fresh, *, on_demand: bool = False, period: int = ROTATION_PERIOD
) -> TokenIssuer:
    """Take every step that is due at ``now``; the same issuer when none is.

    ``fresh`` is called only for a key that is announced. ``on_demand`` announces one although the active key is young.

    # INVARIANT: 1. no key signs before everybody can have it, and none is gone before its last token.
    #   tests/outbound/test_keys.py::test_every_living_token_finds_its_key_in_every_copy_that_may_be_kept
    """
    kept = tuple(key for key in issuer.keys if key.not_after is None or now <= key.not_after)
    if len(kept) != len(issuer.keys):
        issuer = replace(issuer, keys=kept)
    for algorithm in ALGORITHMS:
        issuer = _activated(issuer, algorithm, now)
        due = on_demand or now >= signing_key(issuer, algorithm).active_from + period
        if due and _in_state(issuer, algorithm, "announced") is None:
            issuer = _with_new(issuer, algorithm, now, LEAD, fresh)
    return issuer


def is_due(issuer: TokenIssuer, now: int, period: int = ROTATION_PERIOD) -> bool:
    """Whether ``advance`` would change anything at ``now``."""
    for key in issuer.keys:
        followed = key.state == "active" and _in_state(issuer, key.algorithm, "announced") is not None
        ends = {"announced": key.active_from, "active": key.active_from + period, "retired": (key.not_after or 0) + 1}
        if now >= ends[key.state] and not followed:
            return True
    return False


def _activated(issuer: TokenIssuer, algorithm: SigningAlgorithm, now: int) -> TokenIssuer:
    following = _in_state(issuer, algorithm, "announced")
    if following is None or now < following.active_from:
        return issuer
    active = signing_key(issuer, algorithm)
    changed = {
        following.id: replace(following, state="active", active_from=now),
        active.id: replace(active, state="retired", not_after=now + RETENTION),
    }
    return replace(issuer, keys=tuple(changed.get(key.id, key) for key in issuer.keys))


def _with_new(issuer: TokenIssuer, algorithm: SigningAlgorithm, now: int, lead: int, fresh: Fresh) -> TokenIssuer:
    key_id = f"{_FAMILIES[algorithm]}_{issuer.next_key}"
    sealed, public = fresh(algorithm, key_id)
    made = SigningKey(key_id, algorithm, "announced" if lead else "active", sealed, public, now, now + lead)
    return replace(issuer, keys=(*issuer.keys, made), next_key=issuer.next_key + 1)


def _in_state(issuer: TokenIssuer, algorithm: str, state: str) -> SigningKey | None:
    return next((key for key in issuer.keys if key.algorithm == algorithm and key.state == state), None)
