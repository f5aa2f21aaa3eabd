"""What is stored about sessions and tokens, which are not stored themselves: signing keys, and revocations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from daypass.entities.keyed import Keyed

SigningAlgorithm = Literal["RS256", "ES384"]
"""RS256: RSA, PKCS 1 v1.5, SHA-256. ES384: ECDSA on P-384, SHA-384 (RFC 7518, section 3.1)."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair that signs web identity tokens. ``id`` is its ``kid``, unique in the account for all time.

    ``sealed`` is the private key (PKCS 8) under the master key, ``public`` the other half (SubjectPublicKeyInfo), both
    DER. Announced it is published, active it signs, retired it is published until ``not_after``.
    """

    id: str
    algorithm: SigningAlgorithm
    state: Literal["announced", "active", "retired"]
    sealed: bytes = field(repr=False)
    public: bytes = field(repr=False)
    created: int
    active_from: int
    not_after: int | None = None


@dataclass(frozen=True, slots=True)
class TokenIssuer(Keyed):
    """The account as an OpenID Connect issuer: at most one. ``id`` ends in the account id, and stays for all time.

    ``enabled``: it issues tokens now; keys stay published in any case. ``next_key`` numbers the next key.
    """

    kind: ClassVar[str] = "token-issuer"
    id: str
    created: int
    enabled: bool
    keys: tuple[SigningKey, ...]
    next_key: int


@dataclass(frozen=True, slots=True)
class Revocation(Keyed):
    """A rule that ends sessions before their time, and, unless ``only`` is set, all that descend from them.

    It names one of these: a session by its ``access_key``; sessions by their ``principal`` (``aws:userid``, or the
    unique id of a role for all of its sessions); sessions by the ``provider`` (ARN) that they were opened with. A rule
    that names none ends all sessions of the account. Only sessions issued before ``issued_before`` (epoch seconds) are
    ended; a rule with ``access_key`` has no such limit. After ``until`` (epoch seconds) no session that the rule could
    end is alive. ``shown``: what the operator typed.
    """

    kind: ClassVar[str] = "revocation"
    id: str
    created: int
    until: int
    issued_before: int = 0
    access_key: str = ""
    principal: str = ""
    provider: str = ""
    only: bool = False
    shown: str = ""
