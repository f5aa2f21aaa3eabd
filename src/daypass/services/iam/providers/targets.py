"""The identity provider that a call names by its ARN, found once the caller may do this to it."""

from __future__ import annotations

from typing import TypeVar

from daypass.entities import OidcProvider, SamlProvider
from daypass.errors import NoSuchEntity
from daypass.operations.call import Call
from daypass.principals import Tags
from daypass.services.iam.arns import authorize_tagged
from daypass.services.iam.tags import Keys

Provider = TypeVar("Provider", OidcProvider, SamlProvider)


def oidc_provider(
    call: Call, *, tags: Tags = (), keys: Keys | None = None, missing: NoSuchEntity | None = None
) -> OidcProvider:
    """The OpenID Connect provider of the call. ``tags`` and ``keys``: what the request adds, for policies to ask about.

    Raises:
        AccessDenied: the caller may not.
        NoSuchEntity: there is none; ``missing`` where the text is not the usual one.
    """
    arn: str = call.params["OpenIDConnectProviderArn"]
    found = _authorized(call, arn, call.account.find_oidc_provider(arn), tags, keys)
    if found is None:
        raise missing or no_oidc_provider(arn)
    return found


def saml_provider(call: Call, *, tags: Tags = (), keys: Keys | None = None) -> SamlProvider:
    """The SAML provider of the call. ``tags`` and ``keys``: what the request adds, for policies to ask about.

    Raises:
        AccessDenied: the caller may not.
        NoSuchEntity: there is none.
    """
    arn: str = call.params["SAMLProviderArn"]
    found = _authorized(call, arn, call.account.find_saml_provider(arn), tags, keys)
    if found is None:
        raise no_saml_provider(arn)
    return found


def no_oidc_provider(arn: str) -> NoSuchEntity:
    """What most operations say of an OpenID Connect provider that is not there."""
    return NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")


def no_saml_provider(arn: str) -> NoSuchEntity:
    """What operations say of a SAML provider that is not there."""
    return NoSuchEntity(f"Manifest not found for arn {arn}")


def _authorized(call: Call, arn: str, found: Provider | None, tags: Tags, keys: Keys | None) -> Provider | None:
    authorize_tagged(call, arn, arn, tags=tags, resource_tags=found.tags if found else (), keys=keys)
    return found
