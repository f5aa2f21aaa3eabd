"""Access tokens of the two OAuth 2.0 providers that AWS takes. They are opaque: the provider is asked for the owner.

Source: Login with Amazon Developer Guide, "Obtain customer profile information" (``/auth/o2/tokeninfo``); Facebook
Graph API, ``/app`` and ``/me``. Tokens are part of the URLs that are requested, and of nothing that is logged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from daypass.adapters.fetch import Answered, FetchFailed
from daypass.errors import IDPCommunicationError, IDPRejectedClaim, Malformed
from daypass.federation.strict_json import read_object
from daypass.ports import TokenOwner

AMAZON, FACEBOOK = "www.amazon.com", "graph.facebook.com"

ADDRESSES: Mapping[str, str] = {AMAZON: "https://api.amazon.com", FACEBOOK: "https://graph.facebook.com"}
"""By provider, the beginning of the URLs at which it is asked."""

_ISSUER = "https://www.amazon.com"

_OF_US = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
"""What an answer may say about who asks; it says nothing of the token."""

Ask = Callable[[str], Answered]


class AccessTokenJudges:
    """``ports.AccessTokens``. ``ask`` answers a URL; ``addresses`` says where a provider is asked."""

    def __init__(self, ask: Ask, addresses: Mapping[str, str] = ADDRESSES) -> None:
        self._ask, self._addresses = ask, addresses

    def owner(self, provider: str, token: str) -> TokenOwner:
        """See ``ports.AccessTokens``."""
        address, shown = self._addresses[provider], quote(token, safe="")
        if provider == AMAZON:
            return self._of_amazon(f"{address}/auth/o2/tokeninfo?access_token={shown}")
        app = self._members(FACEBOOK, f"{address}/app?access_token={shown}")
        user = self._members(FACEBOOK, f"{address}/me?fields=id&access_token={shown}")
        return TokenOwner(_text(FACEBOOK, app, "id"), _text(FACEBOOK, user, "id"))

    def _of_amazon(self, url: str) -> TokenOwner:
        """``aud`` is the client that the token was made for; what is left of its life is told in seconds."""
        said = self._members(AMAZON, url)
        left = said.get("exp")
        if said.get("iss") != _ISSUER or not isinstance(left, int) or left <= 0:
            raise IDPRejectedClaim(f"{AMAZON}: the token is not one of {AMAZON}, or is over")
        return TokenOwner(_text(AMAZON, said, "aud"), _text(AMAZON, said, "user_id"))

    def _members(self, provider: str, url: str) -> dict[str, Any]:
        """The members of the provider's answer about a valid token.

        Raises:
            IDPRejectedClaim: the provider says that the token is not valid.
            IDPCommunicationError: it could not be asked, or its answer cannot be understood.
        """
        try:
            answered = self._ask(url)
        except FetchFailed as error:
            raise IDPCommunicationError(f"{provider} could not be asked", detail=str(error)) from None
        if 400 <= answered.status < 500 and answered.status not in _OF_US:
            line = f"{answered.status} {_phrase(answered.status)}"
            raise IDPRejectedClaim(f"{provider}: {provider} responded with HTTP/1.1 {line}")
        if answered.status != HTTPStatus.OK:
            raise IDPCommunicationError(f"{provider} answered {answered.status}")
        try:
            return read_object(answered.body)
        except Malformed as error:
            raise IDPCommunicationError(f"{provider} was not understood", detail=str(error)) from None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _text(provider: str, said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise IDPCommunicationError(f"{provider} was not understood", detail=f"no `{name}`")
    return value
