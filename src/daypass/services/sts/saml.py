"""AssumeRoleWithSAML: a session of a role for whom a SAML identity provider vouches.

Source: STS API reference, AssumeRoleWithSAML; IAM User Guide, "Configure SAML assertions for the
authentication response".

The assertion is verified by ``Ports.identities``. Without it no account has a provider, and every assertion is refused
as one of a provider that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping

from daypass.arn import Arn
from daypass.errors import InvalidIdentityToken, Malformed, ValidationError
from daypass.operations.authorize import denied
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.services.sts.assume_role import account_of_role
from daypass.services.sts.federated_role import Opening, asking, authorized, opened, read_asked
from daypass.sessions.limits import ROLE_DEFAULT

_NO_PROVIDER = "Specified provider doesn't exist."
_TOO_LONG = "Requested DurationSeconds exceeds MaxSessionDuration set for this role."
_RESERVED = "AWSReservedSSO_"


@operation("sts:AssumeRoleWithSAML", "mints", anonymous=True)
def assume_role_with_saml(call: Call) -> Mapping[str, object]:
    """Open a session of a role that trusts the provider. Needs no signature: the assertion is the proof."""
    params, asked = call.params, read_asked(call)
    account = account_of_role(asked.role_arn)
    provider_account = _account_of_provider(params["PrincipalArn"])
    call.tell("account", account, provider_account)
    identities = call.ports.identities
    owner = call.find_account(account) if identities is not None else None
    if identities is None or owner is None or provider_account != account:
        raise InvalidIdentityToken(_NO_PROVIDER)
    vouched = identities.verify_assertion(
        params["SAMLAssertion"], params["PrincipalArn"], asked.role_arn, asking(call, owner)
    )
    call.tell("role", asked.role_arn)
    if asked.role_arn.rpartition("/")[2].startswith(_RESERVED):
        raise denied(f"Not authorized to perform {call.operation.name}")
    opening = authorized(call, asked, vouched, owner)
    call.tell("duration", params.get("DurationSeconds"), opening.longest, vouched.not_after)
    lasts = _duration(params.get("DurationSeconds"), opening, vouched.not_after, call.now)
    return opened(call, asked, opening, lasts)


def _account_of_provider(text: str) -> str:
    """The account of the SAML provider called ``text``.

    Raises:
        ValidationError: it is not the ARN of one.
    """
    try:
        arn = Arn.parse(text)
    except Malformed:
        raise ValidationError(f"{text} is invalid") from None
    if arn.service != "iam" or not arn.resource.startswith("saml-provider/"):
        raise ValidationError(f"{text} is invalid")
    return arn.account


def _duration(requested: int | None, opening: Opening, not_after: int | None, now: int) -> int:
    """Seconds that the session lasts: what is asked for, and never beyond what the assertion says.

    Raises:
        ValidationError: above the role's maximum.
        InvalidIdentityToken: the assertion is over.
    """
    lasts = ROLE_DEFAULT if requested is None else requested
    if lasts > opening.longest:
        raise ValidationError(_TOO_LONG)
    if not_after is None:
        return lasts
    if not_after <= now:
        raise InvalidIdentityToken("The session that the assertion describes is over.")
    return min(lasts, not_after - now)
