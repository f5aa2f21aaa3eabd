"""Whose word counts in an account: ``Ports.identities``, which verifies what the account's identity providers say."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager

from daypass.ports import Asking, IssuerKeys, Keys, SingleUses, Vouched
from daypass.services.identities.builtin import Builtin
from daypass.services.identities.saml import SamlProof
from daypass.services.identities.web import vouch_for_token

__all__ = ["ProviderIdentities"]


class ProviderIdentities:
    """``ports.Identities`` over the providers that accounts hold.

    ``own`` are the names of this daypass as recipient and audience of SAML responses, beside AWS's. ``turn`` is held
    while one of them is verified: a lock that all threads share. ``builtin`` are the providers that no account makes.
    """

    def __init__(
        self,
        issuer_keys: IssuerKeys,
        keys: Keys,
        uses: SingleUses,
        own: Collection[str],
        turn: AbstractContextManager[object],
        builtin: Builtin,
    ) -> None:
        self._issuer_keys, self._keys, self._uses, self._own, self._turn = issuer_keys, keys, uses, own, turn
        self._builtin = builtin
        self._saml = SamlProof(keys, uses, own, turn)

    def verify_token(self, token: str, session_name: str, asking: Asking) -> Vouched:
        """See ``ports.Identities``."""
        return vouch_for_token(token, session_name, asking, self._issuer_keys, self._builtin)

    def verify_access_token(self, token: str, provider: str, session_name: str, asking: Asking) -> Vouched:
        """See ``ports.Identities``."""
        return self._builtin.vouch(token, provider, session_name, asking)

    def verify_assertion(self, assertion: str, provider_arn: str, role_arn: str, asking: Asking) -> Vouched:
        """See ``ports.Identities``."""
        return self._saml.vouch(assertion, provider_arn, role_arn, asking)

    def for_trial(self) -> ProviderIdentities:
        """See ``ports.Identities``."""
        looking = _Looking(self._uses)
        return ProviderIdentities(self._issuer_keys, self._keys, looking, self._own, self._turn, self._builtin)


class _Looking:
    """Single uses that are looked at: what is unused counts as used for the first time, every time."""

    def __init__(self, uses: SingleUses) -> None:
        self._uses = uses
        self.is_used = uses.is_used

    def use(self, kind: str, digest: bytes, expires: int, now: int) -> bool:
        """Whether this would be the first use."""
        return not self._uses.is_used(kind, digest)
