"""Verifying an OpenID Connect token (STS API reference, AssumeRoleWithWebIdentity; OpenID Connect Core 3.1.3.7).

1. the token has the claims that every one needs, each of its type;
2. it is in its time, with five minutes' tolerance, and not older than a day;
3. it was made for one of the clients that the provider lists;
4. a key of the issuer has signed it.

What is cheap comes first, so that no key is fetched for a token that would be refused anyway. The caller has found the
provider by the issuer, exactly as written, and still owes: the keys, the trust policy, the record.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from daypass.errors import ExpiredIdentityToken, InvalidIdentityToken
from daypass.federation.compact import NOT_A_JWT, UnverifiedToken
from daypass.federation.key_set import Key
from daypass.federation.steps import Tell, untold

TOLERANCE = 300
"""Seconds that the issuer's clock may differ from ours."""

OLDEST = 86_400
"""Seconds since a token was made, however long it lives."""

LONGEST_SUBJECT = 1_024

GOOGLE = "accounts.google.com"

LONGEST_ISSUER = 255
"""Characters of an issuer that a refusal repeats (IAM API reference, CreateOpenIDConnectProvider, Url)."""

_REQUIRED = ("iss", "sub", "aud", "iat", "exp")
_INTEGER = re.compile(r"[0-9]{1,15}", re.ASCII)
_UNTOLD = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ufffe\\uffff]")
"""Characters that XML cannot hold or a log would garble: the subject in answers must be the token's, unchanged."""


class WebIdentity(NamedTuple):
    """The identity in a token. ``audience`` is the client it was made for (``azp`` where it is given, else ``aud``).

    ``claims`` are all of the token's, ``key_id`` names the key that has signed it, if the token does.
    """

    issuer: str
    subject: str
    audience: str
    claims: dict[str, Any]
    key_id: str | None


def claimed_issuer(token: UnverifiedToken) -> str:
    """The issuer that the token claims, as an https URL.

    Raises:
        InvalidIdentityToken: it claims none, or something that is no https URL.
    """
    issuer = token.claims.get("iss")
    if issuer == GOOGLE:  # which leaves the scheme out at times (OpenID Connect Core, section 15.6.2)
        return f"https://{GOOGLE}"
    if not isinstance(issuer, str) or not issuer:
        raise InvalidIdentityToken("Missing a required claim: iss")
    if not issuer.startswith("https://"):
        raise InvalidIdentityToken("Issuer must be a valid URL")
    return issuer


def unknown_issuer(token: UnverifiedToken) -> InvalidIdentityToken:
    """The refusal of a token whose issuer, if it names one, is no provider of the account."""
    issuer = claimed_issuer(token)[:LONGEST_ISSUER]
    return InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")


def check_claims(
    token: UnverifiedToken, client_ids: Collection[str] | None, now: int, tell: Tell = untold
) -> WebIdentity:
    """Steps 1 to 3. What is returned is not proved before ``verify_signature`` has returned.

    ``client_ids``: None where the trust policy alone says whose tokens are taken (``services.identities.builtin``).

    Raises:
        InvalidIdentityToken, ExpiredIdentityToken: the token is refused, whoever signed it.
    """
    claims = token.claims
    tell("claims", claims, _REQUIRED)
    if not all(map(claims.get, _REQUIRED)):
        _refuse_missing(claims)
    tell("lifetime", claims, now)
    _check_times(claims, now)
    subject = _subject(claims["sub"])
    tell("audience", claims, client_ids)
    return WebIdentity(claimed_issuer(token), subject, _audience(claims, client_ids), claims, token.key_id)


def _refuse_missing(claims: dict[str, Any]) -> None:
    for name in _REQUIRED:
        if claims.get(name) in (None, "", []):
            raise InvalidIdentityToken(f"Missing a required claim: {name}")


def _subject(subject: object) -> str:
    """The subject as text; AWS takes numbers, too."""
    if isinstance(subject, int) and not isinstance(subject, bool):
        subject = str(subject)
    if not isinstance(subject, str) or len(subject) > LONGEST_SUBJECT or _UNTOLD.search(subject):
        raise InvalidIdentityToken(NOT_A_JWT, detail="`sub` is no text of usual length and letters")
    return subject


def _check_times(claims: dict[str, Any], now: int) -> None:
    made, ends = _seconds(claims, "iat"), _seconds(claims, "exp")
    begins = _seconds(claims, "nbf") if claims.get("nbf") is not None else made
    if now - TOLERANCE >= ends:
        raise ExpiredIdentityToken(
            f"Token expired: current date/time {now} must be before the expiration date/time {ends}"
        )
    if now - made > OLDEST + TOLERANCE:
        raise ExpiredIdentityToken(f"Token too old: {now - made}")
    if max(made, begins) > now + TOLERANCE:
        raise InvalidIdentityToken("The token is not valid yet.")


def _seconds(claims: dict[str, Any], name: str) -> int:
    """A time in whole seconds. AWS takes texts of digits, too, and no fractions."""
    value = claims[name]
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**15:
        raise InvalidIdentityToken(NOT_A_JWT, detail=f"`{name}` is no time")
    return value


def _audience(claims: dict[str, Any], client_ids: Collection[str] | None) -> str:
    """The one client that the token was made for.

    # INVARIANT: 1. a token for somebody else opens nothing here, and an empty list of clients matches nobody.
    #   tests/federation/test_web_identity.py::test_a_token_for_another_client_is_refused

    Raises:
        InvalidIdentityToken: not one that the provider lists, or it is not told for which of several.
    """
    audience, presented = claims["aud"], claims.get("azp")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(one, str) and one for one in named):
        raise InvalidIdentityToken(NOT_A_JWT, detail="`aud` is neither a text nor a list of texts")
    if presented is None and len(named) == 1:
        presented = named[0]
    if not isinstance(presented, str) or (client_ids is not None and presented not in client_ids):
        raise InvalidIdentityToken("Incorrect token audience")
    return presented


# INVARIANT: 1. nothing of a token is believed that its issuer has not signed.
#   tests/federation/test_mutants.py::test_no_mutant_of_a_token_is_accepted
def verify_signature(token: UnverifiedToken, key: Key) -> None:
    """Step 4.

    Raises:
        InvalidIdentityToken: ``key`` has not signed it.
    """
    algorithm = JWSRegistry.algorithms[token.algorithm]  # of the allow-list; nobody reads the header a second time
    try:
        algorithm.check_key(key)
        if algorithm.verify(token.signed, token.signature, key):
            return
    except (JoseError, ValueError):
        pass
    raise InvalidIdentityToken("Token signature invalid")
