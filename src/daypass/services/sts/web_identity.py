"""AssumeRoleWithWebIdentity: a session of a role for the holder of an OpenID Connect token.

Source: STS API reference, AssumeRoleWithWebIdentity.

The token is verified by ``Ports.identities``. Without it no account has a provider, and every token is refused as one
of a provider that does not exist.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping

import msgspec

from daypass.errors import InvalidIdentityToken
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.sts.assume_role import account_of_role
from daypass.services.sts.federated_role import asking, authorized, opened, read_asked
from daypass.sessions.limits import role_session_duration

LONGEST_ISSUER = 255
"""Characters of an issuer that a refusal repeats (IAM API reference, CreateOpenIDConnectProvider, Url)."""


@operation("sts:AssumeRoleWithWebIdentity", "mints", anonymous=True)
def assume_role_with_web_identity(call: Call) -> Mapping[str, object]:
    """Open a session of a role that trusts the provider of the token. Needs no signature: the token is the proof."""
    params, asked = call.params, read_asked(call)
    account, provider_id = account_of_role(asked.role_arn), params.get("ProviderId")
    token, identities = params["WebIdentityToken"], call.ports.identities
    owner = call.find_account(account) if identities is not None else None
    if identities is None or owner is None:
        raise _no_provider(token, provider_id)
    vouched = identities.verify_token(token, provider_id, params["RoleSessionName"], asking(call, owner))
    opening = authorized(call, asked, vouched, owner)
    lasts = role_session_duration(params.get("DurationSeconds"), opening.longest, chained=False)
    return opened(call, asked, opening, lasts)


def _no_provider(token: str, provider_id: str | None) -> InvalidIdentityToken:
    """The refusal of a token of nobody that the account knows, with the issuer that it claims."""
    issuer = provider_id or _claimed_issuer(token)
    if issuer is None:
        return InvalidIdentityToken("The ID Token provided is not a valid JWT.")
    return InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer[:LONGEST_ISSUER]}")


class _Claims(msgspec.Struct):
    iss: str


def _claimed_issuer(token: str) -> str | None:
    """What a token of bounded size calls its issuer; None: it is no JSON Web Token (RFC 7519)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=_Claims).iss
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
