"""GetSessionToken: temporary credentials of the caller's own, with all of his permissions but not all of his doors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.operations.authorize import denied
from daypass.operations.call import Call, NewSession, shape
from daypass.operations.registry import operation
from daypass.principals import Root, User
from daypass.services.sts.mfa import prove_mfa
from daypass.services.sts.token_size import least_size, sizes
from daypass.sessions.limits import session_token_duration


@operation("sts:GetSessionToken", "mints")
def get_session_token(call: Call) -> Mapping[str, object]:
    """A session of the calling user, or of root. Needs no permission (STS API reference, GetSessionToken)."""
    params: Mapping[str, Any] = call.params
    call.pass_endpoint()
    who = call.caller.principal
    is_root = isinstance(who, Root)
    lasts = session_token_duration(params.get("DurationSeconds"), is_root=is_root)
    if not isinstance(who, User | Root):
        raise denied("Cannot call GetSessionToken with session credentials")
    mfa_at = prove_mfa(call)
    if isinstance(who, Root):
        wanted = NewSession("root", call.account, who.account, "root", mfa_at=mfa_at)
    else:
        wanted = NewSession("user", call.account, who.id, f"user{who.path}{who.name}", mfa_at=mfa_at)
    least = least_size(params)
    credentials = call.mint(wanted, lasts, least or 0)
    return {"Credentials": shape(credentials)} | sizes(credentials, least)
