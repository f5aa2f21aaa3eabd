"""Outbound web identity federation: whether the account issues tokens, and under what name.

Source: IAM API reference, EnableOutboundWebIdentityFederation and its sisters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from daypass.entities import TokenIssuer
from daypass.errors import FeatureDisabled, FeatureEnabled
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.outbound import first_keys
from daypass.services.token_issuers import fresh_key, issuer_url, new_id

_OFF = "The outbound web identity federation feature is not enabled for this account."
_ON = "The outbound web identity federation feature is already enabled for this account."


@operation("iam:EnableOutboundWebIdentityFederation", "changes")
def enable_outbound_web_identity_federation(call: Call) -> Mapping[str, object]:
    """Let the account issue tokens. The first time it gets its name and its keys, which stay."""
    call.authorize()
    known = call.account.issuer
    if known is not None and known.enabled:
        raise FeatureEnabled(_ON)
    issuer = replace(known, enabled=True) if known else _first(call)
    answer = {"IssuerIdentifier": issuer_url(call.ports, issuer)}
    call.put(issuer)
    return answer


def _first(call: Call) -> TokenIssuer:
    return first_keys(new_id(call), call.now, partial(fresh_key, call.ports.keys, call.account.id))


@operation("iam:DisableOutboundWebIdentityFederation", "changes")
def disable_outbound_web_identity_federation(call: Call) -> None:
    """Issue no more tokens. Those that are out stay valid: the keys stay published."""
    call.authorize()
    call.put(replace(_enabled(call), enabled=False))


@operation("iam:GetOutboundWebIdentityFederationInfo", "reads")
def get_outbound_web_identity_federation_info(call: Call) -> Mapping[str, object]:
    """The issuer's name."""
    call.authorize()
    issuer = _enabled(call)
    return {"IssuerIdentifier": issuer_url(call.ports, issuer), "JwtVendingEnabled": True}


def _enabled(call: Call) -> TokenIssuer:
    """The account's issuer.

    Raises:
        FeatureDisabled: it issues no tokens.
    """
    issuer = call.account.issuer
    if issuer is None or not issuer.enabled:
        raise FeatureDisabled(_OFF)
    return issuer
