"""Providers that AWS knows without an account's having to make them: off until the operator names them.

Whoever has a token of theirs, for whatever application, is known here; which application and which users may come is
for the trust policy to say, which names the provider by its host (IAM User Guide, "Available keys for AWS OIDC
federation").
"""

from __future__ import annotations

from collections.abc import Collection

from daypass.entities import OidcProvider
from daypass.errors import InvalidIdentityToken
from daypass.operations.authorize import denied
from daypass.ports import AccessTokens, Asking, NotLoaded, Vouched
from daypass.revocation import FEDERATED_PROVIDER

_GOOGLE, _COGNITO = "accounts.google.com", "cognito-identity.amazonaws.com"
OPENID = {host: OidcProvider(f"builtin-{host}", host, 0) for host in (_GOOGLE, _COGNITO)}
"""Issuers of OpenID Connect tokens."""

OAUTH = {"www.amazon.com": "user_id", "graph.facebook.com": "id"}
"""Providers of access tokens, and the condition key that tells whose one is."""

LONGEST = 1_500
"""Characters of an access token; theirs have some hundred."""


def is_builtin(provider: OidcProvider) -> bool:
    """Whether no account has made ``provider``."""
    return OPENID.get(provider.url) is provider


class Builtin:
    """The built-in providers that are on: those named in ``enabled``. ``tokens`` judges access tokens."""

    def __init__(self, enabled: Collection[str] = (), tokens: AccessTokens | None = None) -> None:
        self._enabled, self._tokens = frozenset(enabled), tokens

    def issuer(self, url: str) -> OidcProvider | None:
        """The provider for the issuer ``url`` (without scheme), None where it is none or off."""
        return OPENID.get(url) if url in self._enabled else None

    # INVARIANT: 10. nobody is asked, and nobody's word counts, whom the operator has not named.
    #   tests/services/sts/test_builtin_providers.py::test_what_is_off_is_never_asked
    def vouch(self, token: str, provider: str, session_name: str, asking: Asking) -> Vouched:
        """What the access token proves, by the word of ``provider``.

        Raises:
            AccessDenied: no such provider, or it is off.
            InvalidIdentityToken: no access token.
            IDPRejectedClaim, IDPCommunicationError: the provider does not stand by it, or does not say.
            NotLoaded: this is the event loop.
        """
        if self._tokens is None or provider not in self._enabled or provider not in OAUTH:
            raise denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
        if not 0 < len(token) <= LONGEST or token.count(".") == 2:
            raise InvalidIdentityToken("The token is not an access token of the provider.")
        try:
            asking.wait()
        except NotLoaded as reason:
            reason.awaits = provider
            raise
        application, user = self._tokens.owner(provider, token)
        kept = ((f"{provider}:app_id", application), (f"{provider}:{OAUTH[provider]}", user))
        return Vouched(
            provider=provider,
            subject=user,
            session_name=session_name,
            keys=dict(kept),
            federation=((FEDERATED_PROVIDER, provider), *kept),
            result={"SubjectFromWebIdentityToken": user, "Provider": provider, "Audience": application},
            evidence={"issuer": provider, "subject": user, "keyId": None},
            qualifier=f"{provider}:{application}",
        )


NONE = Builtin()
"""None of them is on."""
