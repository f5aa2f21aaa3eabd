"""GetDelegatedAccessToken: credentials for a delegation request that another account has accepted.

Source: STS API reference, GetDelegatedAccessToken; IAM API reference, SendDelegationToken.

The session acts for the approver, cut to the policy of the request. It lasts as long as the request says, counted from
the sending of its token. It descends from the approver's session and from the caller's: revoking either one ends it.
"""

from __future__ import annotations

from collections.abc import Mapping

from daypass.entities import Approver
from daypass.errors import ExpiredTradeInToken, Malformed, ValidationError
from daypass.operations.call import Call, NewSession, shape
from daypass.operations.registry import operation
from daypass.services.delegations import LONGEST_SESSION, Seen, requestor_of
from daypass.sessions.limits import packed_policy_size
from daypass.sessions.trade_in import TradeIn, key_of, open_trade_in
from daypass.snapshot import AccountSnapshot

_INVALID = "The trade-in token is invalid."


@operation("sts:GetDelegatedAccessToken", "mints")
def get_delegated_access_token(call: Call) -> Mapping[str, object]:
    """Credentials for the account that made the request, as often as it wants until the time of the request is over."""
    call.authorize("*", shown="")
    content = _opened(call, call.params["TradeInToken"])
    owner = call.find_account(content.owner_account)
    request = call.account.delegation_requests.get(content.request)
    answer = owner.delegations.get(content.request) if owner else None
    if owner is None or request is None or answer is None or answer.sent != content.sent or answer.approver is None:
        raise ValidationError(_INVALID)
    ends = Seen(request, answer).expires
    if call.now >= ends:
        raise ExpiredTradeInToken("The trade-in token is expired.")
    wanted, longest = _session(answer.approver, owner, request.id, request.policy)
    packed = packed_policy_size(wanted.policy, (), wanted.tags)
    credentials = call.mint(wanted, min(ends - call.now, longest))
    return {"Credentials": shape(credentials), "PackedPolicySize": packed, "AssumedPrincipal": answer.approver.arn}


def _opened(call: Call, token: str) -> TradeIn:
    """What the token says, if it was made for the caller's account.

    # INVARIANT: 2. a trade-in token is of no use to any account but the one that has asked.
    #   tests/services/test_delegations.py::test_a_trade_in_token_is_of_no_use_to_another_account

    Raises:
        ValidationError: it says nothing.
        NotLoaded: the key that sealed it must be looked up.
    """
    keys = call.ports.keys
    try:
        key = keys.ring().find(key_of(token))
        if key is None and keys.refresh_due():
            call.wait_for_store()
            key = keys.find_or_refresh(key_of(token))
        content = open_trade_in(token, key) if key else None
    except Malformed:
        content = None
    if content is None or requestor_of(content.request) != call.account.id:
        raise ValidationError(_INVALID)
    return content


def _session(approver: Approver, owner: AccountSnapshot, request_id: str, policy: str) -> tuple[NewSession, int]:
    """The approver's session cut to ``policy``, and how long such a session may last.

    Of a user it is a federated user's: of the kinds of session, the one that a policy cuts in every respect. The name
    is its own, so that no policy that names a session of the approver's means this one.

    Raises:
        ValidationError: the approver is gone.
    """
    who = approver.principal_id
    of_user = NewSession(
        "federated",
        owner,
        who,
        approver.principal,
        f"delegated-{request_id[:8]}",
        policy,
        lineage=approver.lineage,
        ancestors=approver.ancestors,
    )
    if not approver.principal.startswith("role/"):
        if who not in owner.users and who != owner.id:
            raise ValidationError(_INVALID)
        return of_user, LONGEST_SESSION
    role = owner.roles.get(who)
    if role is None:
        raise ValidationError(_INVALID)
    tags, transitive, identity = approver.tags, approver.transitive, approver.source_identity
    carried = of_user._replace(kind="role", tags=tags, transitive=transitive, source_identity=identity)
    carried = carried._replace(federation=approver.federation)
    return carried, role.max_session_duration
