"""AssumeRoleWithWebIdentity: a session of a role for the holder of an OpenID Connect token.

Source: STS API reference, AssumeRoleWithWebIdentity.

The token is verified by ``Ports.identities``. Where that is missing, or the account, every token is refused as one of a
provider that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping

from daypass.federation.compact import read_token
from daypass.federation.web_identity import unknown_issuer
from daypass.operations.authorize import denied
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.sts.assume_role import account_of_role
from daypass.services.sts.federated_role import asking, authorized, opened, read_asked
from daypass.sessions.limits import role_session_duration


@operation("sts:AssumeRoleWithWebIdentity", "mints", anonymous=True)
def assume_role_with_web_identity(call: Call) -> Mapping[str, object]:
    """Open a session of a role that trusts the provider of the token. Needs no signature: the token is the proof."""
    params, asked = call.params, read_asked(call)
    account, identities = account_of_role(asked.role_arn), call.ports.identities
    token = params["WebIdentityToken"].rstrip("\r\n")  # SDKs send their token file with the end of its line
    call.tell("account", account)
    owner = call.find_account(account) if identities is not None else None
    provider, name = params.get("ProviderId"), params["RoleSessionName"]
    if identities is None or owner is None:
        refused = denied(f"Not authorized to perform {call.operation.name}")
        raise refused if provider else unknown_issuer(read_token(token))
    if provider:
        vouched = identities.verify_access_token(token, provider, name, asking(call, owner))
    else:
        vouched = identities.verify_token(token, name, asking(call, owner))
    opening = authorized(call, asked, vouched, owner)
    call.tell("duration", params.get("DurationSeconds"), opening.longest, None)
    lasts = role_session_duration(params.get("DurationSeconds"), opening.longest, chained=False)
    return opened(call, asked, opening, lasts)
