"""GetWebIdentityToken: a signed token that tells others who the caller is (IAM User Guide, "Outbound federation").

Source: STS API reference, GetWebIdentityToken; Service Authorization Reference, AWS STS.

Who may: sts:GetWebIdentityToken on the caller's own session (``arn:aws:sts::ACCOUNT:self``), and beside it
sts:TagGetWebIdentityToken when tags are passed. Whoever gets one can show it until it expires, and nothing here can end
it: so it never outlives the session that asked for it.
"""

from __future__ import annotations

from daypass.entities import TokenIssuer
from daypass.errors import (
    JWTPayloadSizeExceeded,
    OutboundWebIdentityFederationDisabled,
    SessionDurationEscalation,
    ValidationError,
)
from daypass.operations.authorize import tag_keys
from daypass.operations.call import Call
from daypass.operations.registry import operation
from daypass.outbound import ALGORITHMS, LARGEST_PAYLOAD, Wish, encode, payload, sign, signing_key
from daypass.services.sts.regional import refuse_global
from daypass.services.token_issuers import issuer_url, key_name
from daypass.sessions.limits import session_tags

DEFAULT_DURATION = 300


@operation("sts:GetWebIdentityToken", "mints", is_long=True)
def get_web_identity_token(call: Call) -> dict[str, object]:
    """A token for the audiences that are named. Signing takes half a millisecond, so it has a thread."""
    refuse_global(call)
    wish = _read(call)
    _authorize(call, wish)
    issuer = _issuer(call)
    _refuse_longer_than_session(call, wish)
    token_id = call.record.request_id
    claims = encode(
        payload(
            issuer_url(call.ports, issuer),
            wish,
            call.caller,
            call.account.membership,
            region=call.region,
            now=call.now,
            token_id=token_id,
        )
    )
    if len(claims) > LARGEST_PAYLOAD:
        raise JWTPayloadSizeExceeded(f"The token's payload of {len(claims)} bytes exceeds {LARGEST_PAYLOAD} bytes.")
    key = signing_key(issuer, wish.algorithm)
    private = call.ports.keys.open_signing_key(key_name(call.account.id, key.id), key)
    call.record.ours["webIdentityToken"] = {"webIdentityTokenId": token_id, "kid": key.id}
    return {"WebIdentityToken": sign(claims, key, private), "Expiration": call.now + wish.duration}


def _read(call: Call) -> Wish:
    """The parameters as one value.

    Raises:
        ValidationError: no algorithm that is known, or a tag key of AWS's own.
        InvalidParameterValue: a tag key twice.
    """
    params = call.params
    algorithm = params["SigningAlgorithm"]
    if algorithm not in ALGORITHMS:
        raise ValidationError(
            f"1 validation error detected: Value '{algorithm}' at 'signingAlgorithm' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(ALGORITHMS)}]"
        )
    tags = tuple((tag["Key"], tag.get("Value", "")) for tag in params.get("Tags") or ())
    session_tags(tags, (), None)  # the same rules
    return Wish(tuple(params["Audience"]), algorithm, params.get("DurationSeconds") or DEFAULT_DURATION, tags)


def _authorize(call: Call, wish: Wish) -> None:
    """Both actions see all that the token would say."""
    who = call.caller.principal
    keys: dict[str, str | tuple[str, ...]] = {
        "sts:IdentityTokenAudience": wish.audience,
        "sts:DurationSeconds": str(wish.duration),
        "sts:SigningAlgorithm": wish.algorithm,
    }
    if wish.tags:
        keys |= tag_keys(wish.tags, "aws:RequestTag")
        keys["aws:TagKeys"] = tuple(key for key, _ in wish.tags)
    self_session = f"arn:{who.partition}:sts::{who.account}:self"
    call.authorize(self_session, keys=keys)
    if wish.tags:
        call.authorize(self_session, action="sts:TagGetWebIdentityToken", keys=keys)


def _issuer(call: Call) -> TokenIssuer:
    issuer = call.account.issuer
    if issuer is None or not issuer.enabled:
        raise OutboundWebIdentityFederationDisabled("Outbound web identity federation is disabled for your account")
    return issuer


def _refuse_longer_than_session(call: Call, wish: Wish) -> None:
    """A token must not outlive what asked for it.

    # INVARIANT: 2. nobody is told to be who he is after his session is over.
    #   tests/services/sts/test_web_identity_token.py::test_a_token_never_outlives_the_session_that_asked_for_it

    Raises:
        SessionDurationEscalation: it would.
    """
    session = call.caller.session
    if session is not None and call.now + wish.duration > session.expires:
        raise SessionDurationEscalation(
            f"The requested DurationSeconds exceeds the remaining {session.expires - call.now} seconds of the session."
        )
