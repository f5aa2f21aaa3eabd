"""From a person to an ID token: by a browser on this machine, or by a device code entered somewhere else.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE, S256 alone); RFC 8252; RFC 8628; RFC 9207 (``iss``).

What is asked of the provider goes over ``adapters.fetch``: https, certificates verified, no redirects, bounded. The
token comes straight from its token endpoint, so who made it is known (section 3.1.3.7, step 6); the daypass that it is
shown to verifies its signature.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from daypass.adapters.fetch import Fetcher, FetchFailed, Terms, host_of
from daypass.cli.loopback import Loopback
from daypass.cli.options import plain
from daypass.cli.problems import CANNOT, CommandError
from daypass.credentials import Secret
from daypass.errors import InvalidIdentityToken, Malformed
from daypass.federation.compact import read_token
from daypass.federation.discovery import discovery_url
from daypass.federation.strict_json import read_object

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PATIENCE = 300.0
"""Seconds in which a person has to sign in."""

_LONGEST_ANSWER = 100_000
_LONGEST_REASON = 500
_LONGEST_PAUSE = 30.0
_PENDING, _SLOWER = "authorization_pending", "slow_down"


class Client(NamedTuple):
    """Who asks: the client that the provider knows, on which terms it is reached."""

    issuer: str
    client_id: str
    client_secret: Secret | None
    scope: str
    terms: Terms


class Provider:
    """An identity provider as its discovery document describes it."""

    def __init__(self, fetcher: Fetcher, client: Client) -> None:
        """Fetch the document.

        Raises:
            CommandError: it cannot be had, or is another's.
        """
        self._fetcher, self._client = fetcher, client
        try:
            body = fetcher.get(discovery_url(client.issuer), client.terms).body
            self._said = read_object(body)
        except FetchFailed as error:
            raise _unreachable(client.issuer, error) from None
        except Malformed as error:
            raise CommandError(
                f"{client.issuer} is not understood: {error}", "is it an OpenID Connect issuer?"
            ) from None
        if self._said.get("issuer") != client.issuer:
            advice = "give it letter by letter as the provider spells it, a slash at its end included"
            raise CommandError(f"{client.issuer} calls itself `{self._said.get('issuer')}`", advice)

    @property
    def names_itself(self) -> bool:
        """Whether it says that its answers to browsers name their issuer (RFC 9207, section 3)."""
        return self._said.get("authorization_response_iss_parameter_supported") is True

    def endpoint(self, name: str) -> str:
        """A URL of the document.

        Raises:
            CommandError: it has none, so it does not do what needs it.
        """
        url = self._said.get(f"{name}_endpoint")
        if not isinstance(url, str) or host_of(url) is None:
            way = "try --device" if name == "authorization" else "leave out --device"
            raise CommandError(f"{self._client.issuer} tells no {name} endpoint", way)
        return url

    def ask(self, url: str, **form: str) -> dict[str, Any]:
        """What an endpoint of it answers this client: members, or ``error`` with what it says.

        Raises:
            CommandError: it answers nothing that can be read.
        """
        client, authorization = self._client, None
        form["client_id"] = client.client_id
        if client.client_secret is not None:
            methods = self._said.get("token_endpoint_auth_methods_supported")
            if not isinstance(methods, list) or "client_secret_basic" in methods:
                authorization = _basic(client.client_id, client.client_secret)
            else:
                form["client_secret"] = client.client_secret.reveal()
        try:
            answer = self._fetcher.post(url, urlencode(form).encode(), client.terms, authorization)
            if len(answer.body) > _LONGEST_ANSWER:
                raise Malformed("it is too long")
            said = read_object(answer.body)
        except FetchFailed as error:
            raise _unreachable(client.issuer, error) from None
        except Malformed as error:
            raise CommandError(
                f"{client.issuer} answers what is not understood: {error}", "try again", CANNOT
            ) from None
        if answer.status != 200 and not said.get("error"):
            said["error"] = f"status {answer.status}"
        return said


def with_browser(provider: Provider, client: Client, port: int, show: Callable[[str], object]) -> Secret:
    """An ID token, for whoever signs in with a browser on this machine. ``show`` is given the URL to open.

    # INVARIANT: 1. an answer that was not asked for, or a token for another sign-in, opens nothing.
    #   tests/cli/test_login.py::test_an_answer_that_was_not_asked_for_is_refused

    Raises:
        CommandError: nobody did, or the provider refuses.
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    try:
        loopback = Loopback(port)
    except OSError as error:
        raise CommandError(f"port {port} of this machine: {error.strerror}", "choose another --port", CANNOT) from None
    with loopback:
        asked = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": loopback.url,
            "scope": client.scope,
            "state": state,
            "nonce": nonce,
            **_challenge(verifier),
        }
        url = provider.endpoint("authorization")
        show(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked, quote_via=quote)}")
        answer = loopback.wait(PATIENCE)
    code = _code(answer, state, client.issuer, names_itself=provider.names_itself)
    said = provider.ask(
        provider.endpoint("token"),
        grant_type="authorization_code",
        code=code,
        redirect_uri=loopback.url,
        code_verifier=verifier,
    )
    return _token(said, client, nonce)


def with_device_code(
    provider: Provider, client: Client, show: Callable[[str], object], sleep: Callable[[float], None] = time.sleep
) -> Secret:
    """An ID token, for whoever enters a code at the provider on any device. ``show`` is given what to do.

    RFC 8628 knows nothing of PKCE, but a provider that demands it of a client may demand it here too, as Keycloak does;
    others ignore parameters that they do not know (section 3.1).

    Raises:
        CommandError: nobody did, or the provider refuses.
    """
    verifier = secrets.token_urlsafe(32)
    begun = provider.ask(provider.endpoint("device_authorization"), scope=client.scope, **_challenge(verifier))
    _raise_error(begun, client.issuer)
    try:
        code, shown, where = str(begun["device_code"]), str(begun["user_code"]), str(begun["verification_uri"])
        pause, lasts = min(max(1.0, float(begun.get("interval", 5))), _LONGEST_PAUSE), float(begun["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise CommandError(f"{client.issuer} begins no device sign-in", "try without --device", CANNOT) from None
    redeemed = {"grant_type": DEVICE_GRANT, "device_code": code, "code_verifier": verifier}
    show(f"open {plain(where[:_LONGEST_REASON])} and enter the code {plain(shown[:_LONGEST_REASON])}")
    waited = 0.0
    while waited <= min(lasts, 2 * PATIENCE):
        sleep(pause)
        waited += pause
        said = provider.ask(provider.endpoint("token"), **redeemed)
        if said.get("error") == _SLOWER:
            pause += 5  # RFC 8628, section 3.5
        elif said.get("error") != _PENDING:
            return _token(said, client, None)
    raise CommandError("nobody has entered the code in time", "try again")


def _challenge(verifier: str) -> dict[str, str]:
    """What binds a sign-in to who began it (RFC 7636, section 4.3); S256, never plain."""
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return {"code_challenge": digest, "code_challenge_method": "S256"}


def _code(answer: dict[str, str] | None, state: str, issuer: str, *, names_itself: bool) -> str:
    if answer is None:
        raise CommandError("nobody has signed in in time", "try again, or use --device")
    is_its = answer.get("iss", None if names_itself else issuer) == issuer
    if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()) or not is_its:
        raise CommandError(
            "the browser brought an answer that was not asked for", "try again; nothing was done with it"
        )
    _raise_error(dict(answer), issuer)
    code = answer.get("code")
    if not code:
        raise CommandError(f"{issuer} has answered without a code", "see its log")
    return code


def _token(said: dict[str, Any], client: Client, nonce: str | None) -> Secret:
    """The ID token of an answer, for this client and this sign-in."""
    _raise_error(said, client.issuer)
    text = said.get("id_token")
    if not isinstance(text, str):
        raise CommandError(f"{client.issuer} has answered without an ID token", "ask for it: --scope openid")
    try:
        claims = read_token(text).claims
    except InvalidIdentityToken as error:
        raise CommandError(f"{client.issuer}: {error.message}", f"{error.detail}") from None
    audience = claims.get("aud")
    meant = client.client_id in (audience if isinstance(audience, list) else [audience])
    if claims.get("iss") != client.issuer or not meant:
        raise CommandError("the token is of another issuer or for another client", "see the provider's settings")
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
        raise CommandError("the token is for another sign-in", "try again; nothing was done with it")
    return Secret(text)


def _raise_error(said: dict[str, Any], issuer: str) -> None:
    if said.get("error"):
        why = str(said.get("error_description") or "")[:_LONGEST_REASON]
        raise CommandError(f"{issuer} refuses: {str(said['error'])[:_LONGEST_REASON]}", why or "see its log")


def _basic(client_id: str, secret: Secret) -> str:
    """RFC 6749, section 2.3.1: both are form-encoded first."""
    pair = f"{quote(client_id, safe='')}:{quote(secret.reveal(), safe='')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _unreachable(issuer: str, error: FetchFailed) -> CommandError:
    from daypass.cli.federation.add import unreachable

    return unreachable(issuer, error)


def session_name(token: Secret) -> str:
    """A RoleSessionName after whom the token is for, as far as such names can have its letters."""
    try:
        claims = read_token(token.reveal()).claims
    except InvalidIdentityToken:
        return "daypass-login"
    who = next((claims[name] for name in ("email", "preferred_username", "sub") if claims.get(name)), "")
    allowed = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "_+=,.@-") else "-" for letter in str(who)
    )
    return allowed[:64] if len(allowed) > 1 else "daypass-login"
