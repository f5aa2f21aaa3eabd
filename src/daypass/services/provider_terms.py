"""The terms of an identity provider that AWS does not have: set by the operator, for one provider.

They decide which servers daypass connects to, which claims policies can ask about and which checks are left out, so
nobody with a key of the account can set them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from daypass.errors import ValidationError
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.accounts import require_operator
from daypass.services.iam.providers.targets import no_oidc_provider, no_saml_provider

MOST_CLAIMS = 50
LARGEST_AUTHORITIES = 65_536

_CLAIM = re.compile(r"[!-~]{1,128}", re.ASCII)


@operation("daypass:SetOpenIDConnectProviderTerms", "changes")
def set_oidc_provider_terms(call: Call) -> Mapping[str, object]:
    """Set what the call names of ``OpenIDConnectProviderArn``; what it leaves out stays.

    ``Authorities``: PEM, trusted instead of the system's. ``AllowPrivate``: it may live on a private or loopback
    address. ``Claims``: further claims that become condition keys.

    # INVARIANT: 10. nobody but the operator lets daypass connect to private addresses.
    #   tests/services/test_provider_terms.py::test_nobody_but_the_operator_sets_terms

    Raises:
        NoSuchEntity: the account has no such provider.
        ValidationError: a claim's name, or more than are taken.
    """
    require_operator(call)
    params, account = call.params, call.account
    arn = params["OpenIDConnectProviderArn"]
    provider = account.find_oidc_provider(arn)
    if provider is None:
        raise no_oidc_provider(arn)
    claims, authorities = tuple(params.get("Claims", provider.claims)), params.get("Authorities", provider.authorities)
    if len(claims) > MOST_CLAIMS or not all(_CLAIM.fullmatch(claim) for claim in claims):
        raise ValidationError(f"At most {MOST_CLAIMS} claims, each of at most 128 visible characters.")
    if len(authorities) > LARGEST_AUTHORITIES:
        raise ValidationError(f"At most {LARGEST_AUTHORITIES} characters of certificates.")
    private = bool(params.get("AllowPrivate", provider.allow_private))
    call.put(replace(provider, authorities=authorities, allow_private=private, claims=claims))
    return {"OpenIDConnectProviderArn": arn}


@operation("daypass:SetSAMLProviderTerms", "changes")
def set_saml_provider_terms(call: Call) -> Mapping[str, object]:
    """Say how the assertions of ``SAMLProviderArn`` are judged. ``IsLax``: as AWS judges them, without the checks of
    audience, recipient, NotBefore and single use that daypass adds.

    # INVARIANT: 10. nobody but the operator waives a check.
    #   tests/services/test_provider_terms.py::test_nobody_but_the_operator_sets_terms

    Raises:
        NoSuchEntity: the account has no such provider.
    """
    require_operator(call)
    arn: str = call.params["SAMLProviderArn"]
    provider = call.account.find_saml_provider(arn)
    if provider is None:
        raise no_saml_provider(arn)
    call.put(replace(provider, is_lax=bool(call.params["IsLax"])))
    return {"SAMLProviderArn": arn}
