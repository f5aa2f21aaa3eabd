"""Session tokens: what is sealed into them, with which keys, and the rules for what may go in. Pure computation.

``keyring`` holds the sealing keys and how they succeed each other, ``token`` seals and opens, ``content`` is the byte
format, ``limits`` the rules for durations, tags and session policies. Nothing here reads a clock, a file or a random
source: time, keys and entropy are arguments, so a verifying service can use it without a server or a database.
"""

from daypass.sessions.keyring import Keyring, SealingKey
from daypass.sessions.limits import effective_tags
from daypass.sessions.token import NONCE_BYTES, Sealed, UnknownSealingKey, open_token, refuse_expired, seal

__all__ = [
    "NONCE_BYTES",
    "Keyring",
    "Sealed",
    "SealingKey",
    "UnknownSealingKey",
    "effective_tags",
    "open_token",
    "refuse_expired",
    "seal",
]
