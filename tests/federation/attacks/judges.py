"""Who judges the attacks: daypass, from the token to what it vouches for, and PyJWT as one uses it with care."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from daypass.entities import Account, OidcProvider
from daypass.errors import Malformed, ServiceError
from daypass.federation.key_set import read_key_set
from daypass.ports import Asking, IssuerKey, KeysUnavailable, Vouched
from daypass.services.identities.builtin import NONE
from daypass.services.identities.web import vouch_for_token
from daypass.snapshot import AccountSnapshot
from tests.federation.attacks.kit import CLIENTS, HOST, ISSUER, NOW, Refusal, usual_keys

TOLERANCE = 300
ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


class PublishedKeys:
    """``ports.IssuerKeys`` over one document."""

    def __init__(self, document: bytes) -> None:
        self._keys = read_key_set(document)

    def find(self, provider: OidcProvider, algorithm: str, key_id: str | None, wait: Callable[[], None]) -> IssuerKey:
        found = self._keys.find(algorithm, key_id)
        if found is None:
            raise KeysUnavailable("no such key")
        return IssuerKey(found, "IAMTrustStore")


def _owner() -> AccountSnapshot:
    provider = OidcProvider("1", HOST, 0, CLIENTS)
    return AccountSnapshot.of(1, [Account("111122223333", "one", 0), provider])


OWNER = _owner()
USUAL = PublishedKeys(usual_keys())


def vouched(token: str, keys: PublishedKeys = USUAL) -> Vouched:
    """What daypass makes of ``token``."""
    return vouch_for_token(token, "session", Asking(OWNER, NOW, lambda: None), keys, NONE)


def verdict(token: str, document: bytes | None = None) -> tuple[Vouched | None, Refusal | None]:
    """What daypass makes of ``token``, or code and message of its refusal."""
    try:
        keys = USUAL if document is None else PublishedKeys(document)
        return vouched(token, keys), None
    except ServiceError as refusal:
        return None, (refusal.code, str(refusal))
    except Malformed as error:
        return None, ("Malformed", str(error))


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyJWT's clock stands at ``NOW``."""
    import datetime as dt

    class Stopped(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return dt.datetime.fromtimestamp(NOW, tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Stopped)


_SETS: dict[bytes, Any] = {}


def second_verdict(token: str, document: bytes | None = None) -> dict[str, Any] | None:
    """The claims, if PyJWT takes the token; the key is chosen as its own client chooses."""
    document = usual_keys() if document is None else document
    try:
        if document not in _SETS:
            _SETS[document] = jwt.PyJWKSet.from_json(document.decode())
        keys = [key for key in _SETS[document].keys if key.public_key_use in ("sig", None)]
        key_id = jwt.get_unverified_header(token).get("kid")
        fitting = [key for key in keys if key.key_id == key_id] if key_id is not None else keys[: len(keys) == 1]
        if not fitting:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            fitting[-1].key,
            algorithms=ALGORITHMS,
            issuer=ISSUER,
            leeway=TOLERANCE,
            audience=CLIENTS,
            options={"require": ["iss", "sub", "aud", "iat", "exp"], "verify_jti": False},  # AWS takes any
        )
    except Exception:
        return None
    return claims
