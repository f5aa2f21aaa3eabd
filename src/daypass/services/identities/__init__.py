"""Whose word counts in an account: ``Ports.identities``, which verifies what the account's identity providers say."""

from __future__ import annotations

from daypass.errors import InvalidIdentityToken
from daypass.ports import Asking, IssuerKeys, Vouched
from daypass.services.identities.web import vouch_for_token

__all__ = ["ProviderIdentities"]


class ProviderIdentities:
    """``ports.Identities`` over the providers that accounts hold."""

    def __init__(self, issuer_keys: IssuerKeys) -> None:
        self._issuer_keys = issuer_keys

    def verify_token(self, token: str, session_name: str, asking: Asking) -> Vouched:
        """See ``ports.Identities``."""
        return vouch_for_token(token, session_name, asking, self._issuer_keys)

    def verify_assertion(self, assertion: str, provider_arn: str, asking: Asking) -> Vouched:
        """See ``ports.Identities``."""
        raise InvalidIdentityToken("Specified provider doesn't exist.")
