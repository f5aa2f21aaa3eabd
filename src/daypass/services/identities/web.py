"""A web identity token before an account: its provider, its keys, and what is vouched for.

Source: STS API reference, AssumeRoleWithWebIdentity; the order of the refusals is what AWS was seen to do, as far as
that is known.
"""

from __future__ import annotations

from daypass.entities import OidcProvider
from daypass.errors import IDPCommunicationError, InvalidIdentityToken
from daypass.federation.compact import UnverifiedToken, read_token
from daypass.federation.issuers import condition_keys, kept_keys
from daypass.federation.session_claims import read_session_claims
from daypass.federation.web_identity import WebIdentity, check_claims, claimed_issuer, unknown_issuer, verify_signature
from daypass.ports import Asking, IssuerKey, IssuerKeys, KeysUnavailable, NotLoaded, Vouched
from daypass.revocation import FEDERATED_PROVIDER
from daypass.services.identities.builtin import Builtin, is_builtin

_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
_WRONG_CERTIFICATE = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"


def vouch_for_token(text: str, session_name: str, asking: Asking, issuer_keys: IssuerKeys, builtin: Builtin) -> Vouched:
    """What the token proves to the account.

    Raises:
        InvalidIdentityToken, ExpiredIdentityToken: nothing.
        IDPCommunicationError: too many wait for the issuer's keys; SDKs try again.
        NotLoaded: the issuer's keys must be fetched, and this is the event loop.
    """
    tell = asking.tell
    tell("token", text)
    token = read_token(text)
    tell("issuer", token, asking.owner)
    provider = find_provider(token, asking, builtin)
    clients = None if is_builtin(provider) else provider.client_ids
    identity = check_claims(token, clients, asking.now, tell)
    tell("key", token, provider)
    key = _key(token, provider, issuer_keys, asking)
    tell("signature", key)
    verify_signature(token, key.key)
    tell("session claims", identity)
    return _vouched(identity, provider, session_name, asking, key)


def find_provider(token: UnverifiedToken, asking: Asking, builtin: Builtin) -> OidcProvider:
    """The account's provider whose issuer is the token's, exactly as written, or else the built-in one.

    Raises:
        InvalidIdentityToken: there is none.
    """
    url = claimed_issuer(token).removeprefix("https://")
    provider = asking.owner.oidc_providers_by_url.get(url) or builtin.issuer(url)
    if provider is None:
        raise unknown_issuer(token)
    return provider


def _name(provider: OidcProvider, asking: Asking) -> str:
    """What trust policies call the provider: its ARN, a built-in one by its host."""
    return provider.url if is_builtin(provider) else asking.owner.arn(provider)


def _key(token: UnverifiedToken, provider: OidcProvider, issuer_keys: IssuerKeys, asking: Asking) -> IssuerKey:
    try:
        return issuer_keys.find(provider, token.algorithm, token.key_id, asking.wait)
    except NotLoaded as reason:
        reason.awaits = _name(provider, asking)
        reason.account = "" if is_builtin(provider) else asking.owner.id
        raise
    except KeysUnavailable as error:
        if error.is_busy:
            raise IDPCommunicationError("The identity provider could not be asked yet; try again.") from None
        text = _WRONG_CERTIFICATE if error.wrong_certificate else _NO_KEY
        raise InvalidIdentityToken(text, detail=str(error)) from None


def _vouched(
    identity: WebIdentity, provider: OidcProvider, session_name: str, asking: Asking, key: IssuerKey
) -> Vouched:
    arn, keys = _name(provider, asking), condition_keys(provider, identity)
    claims = read_session_claims(identity.claims)
    return Vouched(
        provider=arn,
        subject=identity.subject,
        session_name=session_name,
        tags=claims.tags,
        transitive=claims.transitive,
        source_identity=claims.source_identity,
        roles=claims.roles,
        keys=keys,
        federation=((FEDERATED_PROVIDER, arn), *kept_keys(provider, keys)),
        result={
            "SubjectFromWebIdentityToken": identity.subject,
            "Provider": arn,
            "Audience": identity.audience,
        },
        evidence={"issuer": identity.issuer, "subject": identity.subject, "keyId": identity.key_id},
        additional={"identityProviderConnectionVerificationMethod": key.trust},
        qualifier=f"{arn}:{identity.audience}",
    )
